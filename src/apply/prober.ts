/** Asks every routed instance how it is, often while it starts, then at its interval; and says "look again" when that changes. */
import type { Instance } from '../domain.ts'
import type { HealthState } from '../plan/world.ts'
import { probe } from './probe.ts'

/** So many failures in a row make a ready instance unready: one lost packet is not an outage. */
const FAILURES = 3

interface Watched {
  instance: Instance
  state: HealthState
  failures: number
  timer: NodeJS.Timeout | null
}

export interface Prober {
  /** Takes over which instances of this app are to be probed, and says how each is. Synchronous: probing goes on beside. */
  watch(app: string, instances: Instance[]): Map<string, HealthState>
  /** How the probed instances of this app are, without a change of who they are. */
  states(app: string): Map<string, HealthState>
  close(): void
}

export interface ProberEvents {
  /** The state of an instance changed. */
  changed(instance: Instance, before: HealthState, state: HealthState): void
}

/** `fresh`: whether an instance was started by this very process, so that its silence means "starting", not "unknown". */
export function createProber(fresh: (instance: Instance) => boolean, events: ProberEvents, now: () => number): Prober {
  const apps = new Map<string, Map<string, Watched>>()
  let closed = false

  const schedule = (watched: Watched, delay: number) => {
    watched.timer = setTimeout(() => void ask(watched), delay)
    watched.timer.unref()
  }

  const ask = async (watched: Watched) => {
    const { instance } = watched
    if (!instance.address || closed) return
    const good = await probe(instance.address, instance.health)
    // Gone meanwhile: its answer, or its silence, is nobody's business any more.
    if (closed || apps.get(instance.app)?.get(instance.name) !== watched) return
    watched.failures = good ? 0 : watched.failures + 1
    const before = watched.state
    if (good) watched.state = 'ready'
    else if (watched.failures >= FAILURES) watched.state = silent(watched, now())
    schedule(watched, delayAfter(watched, now()))
    if (watched.state !== before) events.changed(instance, before, watched.state)
  }

  return {
    watch(app, instances) {
      const known = apps.get(app) ?? new Map<string, Watched>()
      const next = new Map<string, Watched>()
      apps.set(app, next)
      for (const instance of instances) {
        const watched = known.get(instance.name)
        if (watched && watched.instance.startedAt === instance.startedAt) {
          known.delete(instance.name)
          next.set(instance.name, watched)
          continue
        }
        const state: HealthState = fresh(instance) ? 'starting' : 'unknown'
        const added: Watched = { instance, state, failures: 0, timer: null }
        next.set(instance.name, added)
        schedule(added, 1)
      }
      for (const gone of known.values()) if (gone.timer) clearTimeout(gone.timer)
      if (next.size === 0) apps.delete(app)
      return new Map([...next].map(([name, { state }]) => [name, state]))
    },
    states: (app) => new Map([...(apps.get(app) ?? [])].map(([name, { state }]) => [name, state])),
    close() {
      closed = true
      for (const watched of [...apps.values()].flatMap((app) => [...app.values()])) if (watched.timer) clearTimeout(watched.timer)
    },
  }
}

/** One that may still be starting is given its grace time; any other did answer once, or never will. */
function silent({ instance, state }: Watched, now: number): HealthState {
  const young = now - instance.startedAt < instance.health.graceMs
  return state === 'starting' || (state === 'unknown' && young) ? 'starting' : 'unready'
}

/** A refused connection costs a tenth of a millisecond: while an instance starts, asking often is what makes a rollout quick. */
function delayAfter(watched: Watched, now: number): number {
  const { instance, state, failures } = watched
  if (state === 'ready' && failures === 0) return instance.health.intervalMs
  if (state === 'ready' || state === 'unready') return Math.min(instance.health.intervalMs, 1_000)
  const age = now - instance.startedAt
  if (age < 1_000) return age < 250 ? 3 : 8
  return age < 5_000 ? 50 : 250
}
