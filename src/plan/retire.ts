/** Taking instances away: out of the routes, the router confirms, drained, stopped, forgotten. */
import type { Release } from '../domain.ts'
import type { Draft } from './draft.ts'
import { isRouted } from './routing.ts'
import type { Observed, SeenInstance } from './world.ts'

/** Where the router cannot count requests in flight, so long is waited for them. */
export const BLIND_DRAIN_MS = 5_000

/**
 * Takes away one instance that nothing wants any more, as far as it is safe now.
 * `unhealthy`: it goes because it does not answer, which counts like a crash.
 */
export function retire(instance: SeenInstance, unhealthy: boolean, reason: string, observed: Observed, draft: Draft): void {
  if (instance.state !== 'running') return
  if (isRouted(instance, observed.table)) {
    draft.wait(null, `${instance.name} to leave the routes`)
    return
  }
  if (observed.confirmed !== true) {
    waitForRouter(observed, draft)
    return
  }
  if (instance.drainingSince === null) {
    draft.do({ action: 'drain', instance: instance.name, unhealthy, reason })
    return
  }
  const drained = observed.now - instance.drainingSince
  const longest = instance.inFlight === null ? Math.min(BLIND_DRAIN_MS, instance.stop.timeoutMs) : instance.stop.timeoutMs
  if (instance.inFlight === 0 || drained >= longest) {
    draft.do({ action: 'stop', instance: instance.name, reason })
  } else {
    draft.wait(Math.min(100, longest - drained), `${instance.inFlight ?? 'unknown'} requests of ${instance.name} to end`)
  }
}

/** Not serving the file yet, or not answering at all. */
export function waitForRouter({ confirmed, complaint }: Observed, draft: Draft): void {
  draft.wait(
    confirmed === null ? 1000 : 20,
    `the router to confirm${complaint ? `, which does not take the routes: ${complaint}` : ''}`,
  )
}

/**
 * Exited instances are taken note of and forgotten. Only one that a release wants, and that nobody asked to stop, has crashed;
 * one-offs are read by whoever started them.
 */
export function reapExited(observed: Observed, wantedFingerprints: Set<string>, draft: Draft): void {
  for (const i of observed.instances) {
    if (i.state !== 'exited' || i.oneOff) continue
    const crashed = i.drainingSince === null && wantedFingerprints.has(i.fingerprint) && i.startedAt >= observed.freshFrom
    draft.do({ action: 'reap', instance: i.name, crashed, reason: describeExit(i) })
  }
}

/**
 * Left-over one-offs: those of a release that is over. They are never cut off: a migration may be at work. How that of a
 * pending release ended is kept until it is read, also where the rollout rests meanwhile (suspended, or its image is made anew).
 */
export function reapOneOffs(observed: Observed, pending: Release | null, draft: Draft): void {
  for (const i of observed.instances) {
    if (!i.oneOff || i.release === pending?.version) continue
    if (i.state === 'exited') draft.do({ action: 'reap', instance: i.name, crashed: false, reason: 'its release is over' })
    else draft.wait(null, `${i.name} to end`)
  }
}

export function describeExit(i: SeenInstance): string {
  if (!i.exit) return 'ended'
  if (i.exit.why) return i.exit.why
  if (i.exit.signal) return i.exit.signal
  return i.exit.code === null ? 'ended, nobody saw how' : `exit code ${i.exit.code}`
}
