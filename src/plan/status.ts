/** What is told of an app: derived from the same two values that the plan is derived from, so that it cannot say otherwise. */
import type { AppStatus, Release, Status } from '../domain.ts'
import type { Failure } from '../errors.ts'
import { heldBy } from './advance.ts'
import { crashesInARow, isLoop } from './backoff.ts'
import { isReady, membersOf, routedProcesses } from './formation.ts'
import { isRouted } from './routing.ts'
import type { Desired, Observed } from './world.ts'

/** `plan.waiting` comes in as `waiting`; `url` tells where a browser finds a route. `since`: when the serving release went live. */
export function statusOf(
  desired: Desired,
  observed: Observed,
  waiting: string[],
  since: number | null,
  url: (route: { host: string; path: string }) => string,
): AppStatus {
  const { target } = desired
  const { serving, attempt, pending } = observed
  const shown = pending ?? serving
  const commit = target.kind === 'commit' ? target.commit : (attempt?.commit ?? null)
  const live = attempt?.state === 'succeeded' && serving ? attempt.commit : (serving?.commit ?? null)
  const isSkipped = attempt?.state === 'skipped' && attempt.commit === commit
  const stranger = serving ? null : strangerServing(observed)
  const hold = heldBy(desired, observed)
  const failure = failureOf(desired, observed, hold?.news === true)
  const suspended = suspendedOf(desired, observed)
  return {
    app: desired.app,
    status: word(desired, observed, { failure, isHeld: hold !== null, isSuspended: suspended !== null }),
    desired: { commit },
    serving:
      serving && live
        ? { commit: live, release: serving.version, since: new Date(since ?? serving.createdAt).toISOString() }
        : stranger,
    failure: failure && { commit: failure.commit, code: failure.failure.code, message: failure.failure.message },
    urls: serving || pending ? (shown?.content.routes.map(url) ?? []) : [],
    processes: formationOf(serving ?? pending, observed),
    message: messageOf(
      desired,
      waiting,
      isSkipped ? `the newest commit is not deployed, ${attempt.why ?? 'as its message says'}` : '',
    ),
    ...(suspended && { suspended }),
    ...(hold?.news &&
      commit &&
      (hold.kind === 'dependencies' || hold.kind === 'window') && {
        held: { commit, for: hold.kind, until: hold.until === null ? null : new Date(hold.until).toISOString() },
      }),
  }
}

function messageOf({ target }: Desired, waiting: string[], skipped: string): string {
  const parts = [
    ...(target.kind === 'suspended' ? ['stopped by hand (down); trimtab restart brings it back'] : []),
    ...(waiting.length > 0 ? [`waiting for ${waiting.join('; ')}`] : []),
  ]
  return parts.length > 0 ? parts.join('; ') : skipped
}

/** Who keeps commits from being deployed, as opposed to `down`, which stops the app. Of two, who did it by hand. */
export function suspendedOf({ target }: Desired, { suspension, held, now }: Pick<Observed, 'suspension' | 'held' | 'now'>) {
  if (suspension) {
    const { by, since, reason } = suspension
    return { by, since: new Date(since).toISOString(), ...(reason !== '' && { reason }) }
  }
  const noted = held?.kind === 'app.yaml' ? held : null
  // Where git cannot be read, what it said last is what it says.
  const commit = target.kind !== 'commit' ? noted?.commit : target.steering?.suspend ? target.commit : undefined
  if (commit === undefined || target.kind === 'removed') return null
  return { by: `app.yaml at ${commit.slice(0, 7)}`, since: new Date(noted?.since ?? now).toISOString() }
}

function failureOf(desired: Desired, observed: Observed, isHeld: boolean): { commit: string | null; failure: Failure } | null {
  const { target } = desired
  const { attempt } = observed
  if (target.kind === 'suspended' || target.kind === 'removed') return null
  if (target.kind === 'unknown') return { commit: null, failure: target.failure }
  // What it was refused for is so no more: it only waits to be tried.
  if (isHeld && target.commit === attempt?.commit && attempt.state === 'failed') return null
  const waits = attempt?.retryAt != null && attempt.retryAt > observed.now
  if (attempt?.failure && (attempt.state === 'failed' || waits)) {
    return { commit: attempt.commit, failure: attempt.failure }
  }
  return crashLoop(observed)
}

/** The live release crashes again and again: nothing to roll back, but nothing to be silent about either. */
function crashLoop(observed: Observed): { commit: string; failure: Failure } | null {
  const { serving } = observed
  for (const process of serving?.content.processes ?? []) {
    const crashes = crashesInARow(observed.crashes, process.type, serving?.fingerprint ?? '', observed.freshFrom)
    const last = crashes.at(-1)
    if (!serving || !last || !isLoop(crashes, process.scale, false)) continue
    // It may have got over it: up, and for longer than it ever was between the crashes.
    const up = membersOf(serving, observed).filter((i) => i.process === process.type)
    const calm = up.length >= process.scale && up.every((i) => observed.now - i.startedAt > 10_000)
    const message = `${process.type} ended ${crashes.length} times in a row (${last.how}). Its command: ${process.command}${last.log ? `\n${last.log}` : ''}`
    if (!calm) return { commit: serving.commit, failure: { code: 'CrashLoop', message } }
  }
  return null
}

function word(
  desired: Desired,
  observed: Observed,
  { failure, isHeld, isSuspended }: { failure: { failure: Failure } | null; isHeld: boolean; isSuspended: boolean },
): Status {
  const { target } = desired
  const { attempt, serving, pending } = observed
  if (target.kind === 'suspended' || target.kind === 'removed' || isSuspended) return 'Suspended'
  if (failure) {
    // The network to the git host is no verdict on what runs.
    if (failure.failure.code === 'SourceUnreachable') return serving ? 'Live' : 'Pending'
    return 'Failed'
  }
  if (attempt?.state === 'open') {
    if (pending) return 'Deploying'
    const building = target.kind === 'commit' && target.outcome.state === 'unbuilt' && target.outcome.build.state !== 'none'
    if (building) return 'Building'
    return isHeld && serving ? 'Live' : 'Pending'
  }
  return serving ? 'Live' : 'Pending'
}

function formationOf(release: Release | null, observed: Observed): AppStatus['processes'] {
  if (!release) return []
  const routed = routedProcesses(release)
  const members = membersOf(release, observed)
  return release.content.processes.map((process) => ({
    type: process.type,
    want: process.scale,
    ready: members.filter((i) => i.process === process.type && isReady(i, process, routed, observed.now)).length,
  }))
}

/** With a new store and another head, what the routes name is known only from its own labels. */
function strangerServing(observed: Observed): AppStatus['serving'] {
  const found = observed.instances.find((i) => i.state === 'running' && isRouted(i, observed.table))
  return found ? { commit: found.commit, release: found.release, since: new Date(found.startedAt).toISOString() } : null
}
