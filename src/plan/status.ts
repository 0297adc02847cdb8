/** What is told of an app: derived from the same two values that the plan is derived from, so that it cannot say otherwise. */
import type { AppStatus, Release, Status } from '../domain.ts'
import type { Failure } from '../errors.ts'
import { crashesInARow, isLoop } from './backoff.ts'
import { isReady, membersOf, routedProcesses } from './formation.ts'
import { isRouted } from './routing.ts'
import type { Desired, Observed } from './world.ts'

const SKIPPED = 'the newest commit is not deployed, as its message says'

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
  const failure = failureOf(desired, observed)
  const shown = pending ?? serving
  const commit = target.kind === 'commit' ? target.commit : (attempt?.commit ?? null)
  const live = attempt?.state === 'succeeded' && serving ? attempt.commit : (serving?.commit ?? null)
  const isSkipped = attempt?.state === 'skipped' && attempt.commit === commit
  const stranger = serving ? null : strangerServing(observed)
  return {
    app: desired.app,
    status: word(desired, observed, failure),
    desired: { commit },
    serving:
      serving && live
        ? { commit: live, release: serving.version, since: new Date(since ?? serving.createdAt).toISOString() }
        : stranger,
    failure: failure && { commit: failure.commit, code: failure.failure.code, message: failure.failure.message },
    urls: serving || pending ? (shown?.content.routes.map(url) ?? []) : [],
    processes: formationOf(serving ?? pending, observed),
    message: waiting.length ? `waiting for ${waiting.join('; ')}` : isSkipped ? SKIPPED : '',
  }
}

function failureOf(desired: Desired, observed: Observed): { commit: string | null; failure: Failure } | null {
  const { target } = desired
  const { attempt } = observed
  if (target.kind === 'suspended' || target.kind === 'removed') return null
  if (target.kind === 'unknown') return { commit: null, failure: target.failure }
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

function word(desired: Desired, observed: Observed, failure: { failure: Failure } | null): Status {
  const { target } = desired
  const { attempt, serving, pending } = observed
  if (target.kind === 'suspended' || target.kind === 'removed') return 'Suspended'
  if (failure) {
    // The network to the git host is no verdict on what runs.
    if (failure.failure.code === 'SourceUnreachable') return serving ? 'Live' : 'Pending'
    return 'Failed'
  }
  if (attempt?.state === 'open') {
    if (pending) return 'Deploying'
    const building = target.kind === 'commit' && target.outcome.state === 'unbuilt' && target.outcome.build.state !== 'none'
    return building ? 'Building' : 'Pending'
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
