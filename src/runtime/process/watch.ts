/**
 * Notices what happens to instances: an exit of our own launchers at once, of adopted ones by a watch on their directory,
 * and anything else by a poll. All of them end in the same question, observe(); nothing is believed by itself.
 */
import { type FSWatcher, watch } from 'node:fs'
import type { Instance } from '../../domain.ts'
import { fresh, type Look, type Memory, observe } from './observe.ts'
import type { Place } from './places.ts'
import { type ProcessTable, processTable, signal } from './processes.ts'
import { enforceStop } from './stopping.ts'

export interface Watch {
  /** The memory of an instance, made if need be. */
  memory(place: Place): Memory
  /** Asks the world, and sees to it that it is watched from now on. */
  see(place: Place, look: Look): Instance | null
  look(): Look
  /** Asks again soon, together with others. */
  again(memory: Memory): void
  forget(place: Place): void
  /** Those that may be running, for the log rotation. */
  running(): Iterable<Memory>
  close(): void
}

const POLL_MS = 250
/** In this many polls, each instance is verified in full (pid and start time) once; in between only that the pid exists. */
const ROUND = 40
/** What was killed is gone within milliseconds, or (in a device's hands) not for long: ask in growing intervals. */
const FIRST_MS = 5
const LAST_MS = 250
/** However much ends at once, no more than a small part of the time goes into reading the process table. */
const REST = 4

export function createWatch(now: () => number, changed: (app: string) => void): Watch {
  const memories = new Map<string, Memory>()
  const watchers = new Map<string, Pick<FSWatcher, 'close'>>()
  const deadlines = new Map<string, NodeJS.Timeout>()
  const waits = new Map<string, { timer: NodeJS.Timeout; ms: number; over: boolean }>()
  let due = new Set<Memory>()
  let flushing: NodeJS.Immediate | null = null
  let turn = 0
  let closed = false

  let latest = { table: null as ProcessTable | null, at: Number.NEGATIVE_INFINITY, took: 0 }

  function table(since: number): ProcessTable | null {
    if (latest.at >= since) return latest.table
    const begin = performance.now()
    if (begin - latest.at < latest.took * REST) return null
    const read = processTable()
    latest = { table: read, at: begin, took: performance.now() - begin }
    return read
  }

  const look = (): Look => ({ now: now(), table })

  function see(place: Place, asked: Look): Instance | null {
    const memory = memoryOf(place)
    const before = memory.state
    const instance = observe(memory, asked)
    if (!instance) {
      forget(place)
      if (before !== null) changed(place.app)
      return null
    }
    if (instance.state === 'exited') rest(place.dir)
    else attend(memory, asked)
    if (before !== null && before !== instance.state) changed(place.app)
    return instance
  }

  function attend(memory: Memory, asked: Look): void {
    const { dir } = memory.place
    if (closed) return
    if (memory.child === null && !watchers.has(dir)) watchers.set(dir, watchExit(memory, again))
    if (memory.state === 'running') {
      if (memory.isEnding || (memory.held === null && memory.child === null)) later(memory)
      return
    }
    const left = enforceStop(memory, asked.now)
    clearTimeout(deadlines.get(dir))
    if (left !== null) deadlines.set(dir, setTimeout(again, left, memory).unref())
    if (left === null || !isLed(memory)) later(memory)
  }

  /** Something is about to happen: the leader has gone, everything was killed, or a claim is being written. */
  function later(memory: Memory): void {
    const { dir } = memory.place
    const before = waits.get(dir)
    if (before && !before.over) return
    const ms = before ? Math.min(before.ms * 2, LAST_MS) : FIRST_MS
    const wait = { ms, over: false, timer: setTimeout(ring, ms).unref() }
    waits.set(dir, wait)
    function ring() {
      wait.over = true
      again(memory)
    }
  }

  const isLed = (memory: Memory) => memory.child !== null || (memory.held !== null && signal(memory.held.pid, 0))

  function again(memory: Memory): void {
    if (closed || memories.get(memory.place.dir) !== memory) return
    due.add(memory)
    flushing ??= setImmediate(flush)
  }

  function flush(): void {
    flushing = null
    const asked = look()
    const batch = due
    due = new Set()
    for (const memory of batch) {
      if (closed) return
      try {
        see(memory.place, asked)
      } catch {
        later(memory) // could not be read now
      }
    }
  }

  const poll = setInterval(() => {
    turn = (turn + 1) % ROUND
    let index = 0
    for (const memory of memories.values()) {
      if (memory.state === 'exited' || memory.state === null) continue
      if (index++ % ROUND === turn || !isLed(memory)) again(memory)
    }
  }, POLL_MS).unref()

  function memoryOf(place: Place): Memory {
    const known = memories.get(place.dir)
    if (known) return known
    const memory = fresh(place)
    memories.set(place.dir, memory)
    return memory
  }

  /** Nothing more to expect of it. */
  function rest(dir: string): void {
    watchers.get(dir)?.close()
    watchers.delete(dir)
    clearTimeout(deadlines.get(dir))
    deadlines.delete(dir)
    clearTimeout(waits.get(dir)?.timer)
    waits.delete(dir)
  }

  function forget(place: Place): void {
    rest(place.dir)
    memories.delete(place.dir)
  }

  return {
    memory: memoryOf,
    see,
    look,
    again,
    forget,
    *running() {
      for (const memory of memories.values()) if (memory.state === 'running' || memory.state === 'stopping') yield memory
    },
    close() {
      closed = true
      clearInterval(poll)
      if (flushing) clearImmediate(flushing)
      for (const dir of memories.keys()) rest(dir)
    },
  }
}

/** The launcher's last act is to write `exit` here. Where no watch can be had (their number is limited), the poll sees it. */
function watchExit(memory: Memory, again: (memory: Memory) => void): Pick<FSWatcher, 'close'> {
  try {
    const watcher = watch(memory.place.dir, { persistent: false }, (_event, file) => {
      if (file === 'exit') memory.isEnding = true
      if (file === null || file === 'exit' || file === 'claim') again(memory)
    })
    return watcher.on('error', () => watcher.close())
  } catch {
    return { close() {} }
  }
}
