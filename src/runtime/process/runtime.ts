/**
 * Apps as local processes. Instances are detached, outlive the platform, and are recognised by what is on disk: this object
 * may be thrown away and made anew at any time, also in the middle of a start or a stop.
 */

import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Instance, type InstanceSpec, instanceName, type Listen } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import type { Runtime } from '../../ports.ts'
import { pruneLogs } from '../kept.ts'
import { plain } from '../names.ts'
import { endAbandoned, runAttached } from './attached.ts'
import { readLogs } from './logs.ts'
import { type Memory, refresh } from './observe.ts'
import { directories, type Place, places as placesOf, unreadable } from './places.ts'
import { createPorts } from './ports.ts'
import { removeInstance, removeLeftOvers } from './remove.ts'
import { createRotator, DEFAULT_LIMITS, logFiles, type RotateLimits } from './rotate.ts'
import { startInstance } from './start.ts'
import { askToStop } from './stopping.ts'
import { readTail } from './tail.ts'
import { createWatch } from './watch.ts'

export interface ProcessRuntimeOptions {
  /** The platform's state directory, absolute. */
  state: string
  /** From which to which port instances listen, both included. */
  ports: { from: number; to: number }
  now?: () => number
  /** When a log is rotated, and how many old ones stay. */
  logs?: RotateLimits
}

const ROTATE_MS = 1_000
/** Longer than a launcher on its way may take (observe.ts). */
const SETTLE_MS = 2_000

/** What is running from before is taken over at once; stops that were under way go on. */
export function createProcessRuntime(options: ProcessRuntimeOptions): Runtime {
  const now = options.now ?? Date.now
  const limits = options.logs ?? DEFAULT_LIMITS
  const places = placesOf(options.state)
  try {
    for (const dir of [places.instances, places.logs, places.runs]) mkdirSync(dir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw unreadable(options.state, error)
  }

  const listeners = new Set<(app: string) => void>()
  const followers = new Set<() => void>()
  const watch = createWatch(now, (app) => {
    for (const listener of listeners) queueMicrotask(() => listener(app)) // whoever listens is not part of what happened
  })
  const rotator = createRotator(limits)
  const ports = createPorts(options.ports, join(places.instances, '.last-port'))
  const starting = new Map<string, Promise<Instance>>()
  const closing = new AbortController()
  const adopted = new Set<string>()
  let isAdopted = false

  /** No directory of an app is no instance; no directory of all instances is a disk that went away. */
  function present(dir: string): string[] {
    const names = directories(dir)
    if (names.length === 0 && !existsSync(places.instances)) throw unreadable(places.instances, new Error('it is gone'))
    return names
  }
  const namesOf = (app: string) => present(join(places.instances, plain(app)))

  function seeAll(app: string): Instance[] {
    const look = watch.look()
    return namesOf(app).flatMap((name) => {
      const place = places.place(app, name)
      const instance = watch.see(place, look)
      if (!instance && !starting.has(place.dir)) attempt(() => discard(place))
      return instance ?? []
    })
  }

  /** What is left of a start that came to nothing. */
  function discard(place: Place): void {
    removeInstance(places.instances, place)
    ports.free(place.dir)
  }

  /** Of one whose starter was killed nobody knows yet whether it runs: soon its launcher has claimed it, or never will. */
  async function seeSettled(place: Place): Promise<Instance | null> {
    const giveUp = performance.now() + SETTLE_MS
    for (;;) {
      const instance = watch.see(place, watch.look())
      if (instance?.state !== 'running' || !isInDoubt(watch.memory(place)) || performance.now() > giveUp) return instance
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** Takes over what is there. An app that cannot be read is tried again at the next call, and keeps no other from working. */
  function adopt(): void {
    if (isAdopted) return
    let isWhole = attempt(() => endAbandoned(places.runs)) && attempt(() => removeLeftOvers(places.instances))
    for (const app of present(places.instances)) {
      if (!adopted.has(app)) isWhole = attempt(() => adoptApp(app)) && isWhole
    }
    isAdopted = isWhole && attempt(() => directories(places.logs).forEach(forgetLogs))
  }

  function adoptApp(app: string): void {
    for (const { name, address } of seeAll(app)) if (address) ports.hold(places.place(app, name).dir, address.port)
    adopted.add(app)
  }

  function forgetLogs(app: string): void {
    attempt(() => {
      const old = pruneLogs(join(places.logs, app), (one) => existsSync(places.place(app, one).dir), now())
      for (const name of old) rotator.forget(places.log(app, name))
    })
  }

  const rotation = setInterval(() => {
    for (const { place } of watch.running()) void rotator.check(places.log(place.app, place.name))
  }, ROTATE_MS).unref()

  async function start(place: Place, spec: InstanceSpec, avoid: Listen[]): Promise<Instance> {
    adopt()
    const existing = await seeSettled(place)
    if (existing) return existing

    const port = spec.oneOff ? null : await ports.take(place.dir, avoid)
    const memory = watch.memory(place)
    try {
      const child = await startInstance(place, places.log(place.app, place.name), spec, port, now())
      child.unref()
      refresh(memory) // a new spec is a new memory; only then say whose child it is
      memory.child = child.pid ?? null
      child.once('exit', () => {
        memory.child = null
        memory.childGone = true
        watch.again(memory)
      })
    } catch (error) {
      ports.free(place.dir)
      watch.forget(place)
      throw error
    }
    for (const started of followers) started()
    const instance = watch.see(place, watch.look())
    if (!instance) throw new TrimtabError('StartFailed', `${place.name} was removed while it started.`, { retry: true })
    return instance
  }

  attempt(adopt) // whoever asks next is told; what runs is not touched

  return {
    async list(app) {
      adopt()
      return seeAll(app)
    },

    async apps() {
      adopt()
      return present(places.instances).filter((app) => namesOf(app).length > 0)
    },

    async start(spec, avoid) {
      const place = places.place(spec.app, instanceName(spec))
      const begun = starting.get(place.dir) ?? start(place, spec, avoid).finally(() => starting.delete(place.dir))
      starting.set(place.dir, begun)
      return begun
    },

    async stop(name, stop) {
      adopt()
      const place = places.find(name)
      const look = watch.look()
      const instance = place && watch.see(place, look)
      if (!place || !instance || instance.state === 'exited') return
      askToStop(watch.memory(place), stop, look.now)
      watch.see(place, look)
    },

    async remove(name) {
      adopt()
      const place = places.find(name)
      if (!place) return
      const instance = watch.see(place, watch.look())
      if (instance && instance.state !== 'exited') {
        throw new TrimtabError('Internal', `${name} is ${instance.state} and cannot be removed; stop it first.`)
      }
      removeInstance(places.instances, place)
      watch.forget(place)
      ports.free(place.dir)
      forgetLogs(place.app)
    },

    async run(spec, terminal) {
      return runAttached(places.runs, spec, terminal)
    },

    async exec() {
      throw new TrimtabError(
        'Usage',
        'Local processes have no inside to run a command in: leave --in out, or use runtime: docker.',
      )
    },

    async usage() {
      return []
    },

    async tail(app, name, lines) {
      return readTail(logFiles(places.log(app, name), limits.keep), lines).lines
    },

    logs(app, { signal, ...wanted }) {
      const instances = () =>
        seeAll(app)
          .sort((a, b) => a.startedAt - b.startedAt)
          .map((instance) => ({ instance, from: watch.memory(places.place(app, instance.name)).spec.logFrom }))
      const onStart = (started: () => void) => {
        followers.add(started)
        return () => void followers.delete(started)
      }
      const sources = { places, rotator, keep: limits.keep, instances, onStart }
      return readLogs(sources, app, { ...wanted, signal: AbortSignal.any([signal, closing.signal]) })
    },

    onChange(changed) {
      listeners.add(changed)
    },

    async close() {
      closing.abort()
      clearInterval(rotation)
      watch.close()
    },
  }
}

function isInDoubt({ child, held }: Memory): boolean {
  return child === null && held === null
}

function attempt(act: () => void): boolean {
  try {
    act()
    return true
  } catch {
    return false
  }
}
