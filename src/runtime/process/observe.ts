/**
 * What state an instance is in, from its files and the process table alone. Asking also finishes what has begun to end:
 * a claim nobody made is revoked, and what a leader left behind is killed. Asking twice changes nothing the second time.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Instance } from '../../domain.ts'
import { isAlive, killAll, members } from './group.ts'
import type { Place } from './places.ts'
import { bootId, type ProcessTable, readProcess } from './processes.ts'
import {
  type Ended,
  type Held,
  modified,
  readClaim,
  readEnded,
  readExit,
  readStopping,
  readText,
  revoke,
  type Stopping,
  stat,
  writeEnded,
} from './records.ts'
import { parseSpec, type Recorded, specFromName } from './spec.ts'

/** What need not be read again. Losing it loses nothing but time. */
export interface Memory {
  place: Place
  /** Which spec.json this is about (inode and time); another one is another instance. */
  version: string
  spec: Recorded
  held: Held | null
  ended: Ended | null
  stopping: Stopping | null
  /** Pid of our own launcher until it has exited; null: exited, or started by another trimtab. */
  child: number | null
  /** It was our own launcher, and it has exited. */
  childGone: boolean
  /** The launcher has written `exit` and is about to end. */
  isEnding: boolean
  /** When the leader was last seen alive (monotonic). */
  seenAt: number
  /** What is left of it must be looked for in a process table younger than this (monotonic). */
  sweepFrom: number | null
  /** Last answer. */
  state: Instance['state'] | null
}

/** One question to the world. */
export interface Look {
  now: number
  /**
   * The processes at some moment after `since` (monotonic); null: not yet, ask again soon. Reading them all is the one thing
   * here that is not cheap, so instances that end together share one.
   */
  table(since: number): ProcessTable | null
}

/** How long a launcher that is on its way may take to claim, where nobody knows whether there is one. */
const CLAIM_MS = 250
const WRITE_MS = 1_000
/** Process ids do not come round in this time. */
const JUST_SEEN_MS = 1_000

/** Null: there is no such instance. */
export function observe(memory: Memory, look: Look): Instance | null {
  if (!refresh(memory)) return null
  const { place } = memory
  memory.ended ??= readEnded(place.dir)
  if (memory.ended) return answer(memory, 'exited')
  if (memory.held) return observeHeld(memory, memory.held, look)

  const claim = readClaim(place.dir)
  switch (claim.kind) {
    case 'held': {
      const { pid, boot, start } = claim
      memory.held = { pid, boot, start }
      return observeHeld(memory, memory.held, look)
    }
    case 'revoked':
      // Whoever started it was killed before its launcher ran: it never began, and never will.
      return null
    case 'none':
      if (memory.child !== null) return answer(memory, 'running')
      // Our own launcher has ended before it could claim: there is none that will.
      if (memory.childGone) return finish(memory, unseen(look))
      if (memory.spec.boot === bootId() && Math.abs(look.now - memory.spec.startedAt) < CLAIM_MS) return answer(memory, 'running')
      revoke(place.dir)
      return observe(memory, look)
    case 'empty':
      if (memory.child !== null) return answer(memory, 'running')
      if (!memory.childGone && Math.abs(look.now - claim.at) < WRITE_MS) return answer(memory, 'running')
      return observeUnclaimed(memory, look)
    case 'damaged':
      return observeUnclaimed(memory, look)
  }
}

function observeHeld(memory: Memory, held: Held, look: Look): Instance {
  const { dir } = memory.place
  if (held.boot !== bootId()) return finish(memory, readExit(dir) ?? unseen(look))
  memory.stopping ??= readStopping(dir)
  if (isAlive(readProcess(held.pid), held)) {
    memory.seenAt = performance.now()
    return answer(memory, memory.stopping ? 'stopping' : 'running')
  }
  memory.sweepFrom ??= performance.now()
  const justSeen = memory.child !== null || memory.sweepFrom - memory.seenAt < JUST_SEEN_MS
  const table = look.table(memory.sweepFrom)
  if (!table) return answer(memory, 'stopping')
  const left = members(dir, held, justSeen, table)
  if (left.length === 0) return finish(memory, readExit(dir) ?? unseen(look, memory.stopping))
  // In a stop, the group has the time it was given; what left the group never got the signal and does not wait for more.
  const inGroup = left.filter((one) => one.group === held.pid)
  killAll(memory.stopping && !memory.stopping.killed ? left.filter((one) => !inGroup.includes(one)) : left, held)
  memory.sweepFrom = performance.now()
  return answer(memory, 'stopping')
}

/** The claim tells nothing (damaged by hand or by a full disk): what carries the instance's mark is the instance. */
function observeUnclaimed(memory: Memory, look: Look): Instance {
  const { dir } = memory.place
  memory.stopping ??= readStopping(dir)
  const state = memory.stopping ? 'stopping' : 'running'
  memory.sweepFrom ??= performance.now()
  const table = look.table(memory.sweepFrom)
  if (!table) return answer(memory, state)
  const left = members(dir, null, false, table)
  if (left[0]) {
    if (memory.stopping?.killed) killAll(left, null)
    memory.sweepFrom = performance.now()
    return answer(memory, state, left[0].pid)
  }
  const ended = finish(memory, readExit(dir) ?? unseen(look, memory.stopping))
  // The launcher looks for `ended` after writing its claim, we for its claim after writing `ended`: one of us sees the other.
  if (readClaim(dir).kind !== 'held') return ended
  memory.ended = null
  rmSync(join(dir, 'ended'), { force: true })
  return answer(memory, 'running')
}

const unseen = (look: Look, stopping: Stopping | null = null): Ended =>
  stopping?.killed || stopping?.signal === 'SIGKILL'
    ? { at: look.now, code: 137, signal: 'SIGKILL' } // our own doing: the launcher went with its group
    : { at: look.now, code: null, signal: null }

function finish(memory: Memory, ended: Ended): Instance {
  memory.ended = ended
  try {
    writeEnded(memory.place.dir, ended)
  } catch {
    // A full disk: whoever looks next comes to the same end.
  }
  return answer(memory, 'exited')
}

function answer(memory: Memory, state: Instance['state'], pid = memory.held?.pid ?? memory.child): Instance {
  memory.state = state
  const { address, boot, logFrom, ...identity } = memory.spec
  return {
    ...identity,
    name: memory.place.name,
    state,
    ...(address ? { address } : {}),
    ...(memory.ended ? { exit: memory.ended } : {}),
    ...(pid !== null && state !== 'exited' ? { pid } : {}),
  }
}

/** Makes sure that the memory is about what is there now. False: nothing is. */
export function refresh(memory: Memory): boolean {
  const { place } = memory
  const path = join(place.dir, 'spec.json')
  const found = stat(path)
  // Without a spec there is no instance, unless somebody took it away from a launcher that has claimed already.
  if (!found && readClaim(place.dir).kind === 'none') return false
  const version = found ? `${found.ino} ${found.mtimeMs}` : 'none'
  if (version === memory.version) return true
  const startedAt = found?.mtimeMs ?? modified(place.dir) ?? 0
  const spec = parseSpec(readText(path) ?? '', place) ?? specFromName(place, startedAt)
  Object.assign(memory, fresh(place), { version, spec })
  return true
}

export function fresh(place: Place): Memory {
  return {
    place,
    version: '',
    spec: specFromName(place, 0),
    held: null,
    ended: null,
    stopping: null,
    child: null,
    childGone: false,
    isEnding: false,
    seenAt: Number.NEGATIVE_INFINITY,
    sweepFrom: null,
    state: null,
  }
}
