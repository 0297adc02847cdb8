/** The commit's side: from what git says to a release that may be rolled out, or to a verdict. */
import type { Attempt, Release, ReleaseContent } from '../domain.ts'
import type { Failure } from '../errors.ts'
import { retryDelay } from './backoff.ts'
import type { Draft } from './draft.ts'
import { type Hold, holdOn, inWords, lift, wait } from './hold.ts'
import { isRouted } from './routing.ts'
import type { Desired, Observed, Outcome, SeenInstance } from './world.ts'

/** Takes the target one step further; gives the release that is being rolled out, if there is one. */
export function advance(desired: Desired, observed: Observed, draft: Draft): Release | null {
  const { target } = desired
  const { attempt, pending } = observed
  if (target.kind === 'unknown') {
    draft.wait(null, `git to be readable again (${target.failure.message})`)
    if (observed.suspension) draft.wait(null, `trimtab resume: ${inWords(observed.suspension)}`)
    // What was asked for last is still what is asked for, as far as anybody knows.
    return pending
  }
  if (target.kind !== 'commit') return null

  const { commit, settings, skip, why, outcome } = target
  const hold = heldBy(desired, observed)
  if (hold) {
    wait(hold, commit, observed, draft)
    return underWay(observed, draft)
  }
  lift(observed, draft)
  const begin = { action: 'begin' as const, commit, settings, skip, ...(why !== undefined && { why }) }
  if (!attempt || attempt.commit !== commit || attempt.settings !== settings) {
    const same = attempt?.commit === commit
    const reason = same ? 'platform.yaml says something else of it' : attempt ? 'the branch moved' : 'first commit seen'
    draft.do({ ...begin, reason })
    return null
  }
  if (isRouteFree(desired.app, attempt, outcome, observed)) {
    draft.do({ ...begin, reason: 'the routes it asks for are free now' })
    return null
  }
  if (isAcceptedNow(attempt, outcome)) {
    draft.do({ ...begin, reason: 'what it was refused for is so no more' })
    return null
  }
  if (attempt.state === 'failed' || attempt.state === 'skipped') return null
  if (attempt.retryAt !== null && attempt.retryAt > observed.now) {
    draft.wait(attempt.retryAt - observed.now, `the next try (${attempt.failure?.message ?? ''})`)
    return null
  }
  if (outcome.state === 'broken') {
    draft.do({ action: 'fail', commit, failure: outcome.failure, blame: null, reason: 'the commit cannot be deployed as it is' })
    return null
  }
  if (outcome.state === 'unbuilt') {
    build(commit, outcome, attempt, observed, draft)
    return null
  }
  return release(desired.app, { commit, settings, ...outcome }, attempt, observed, draft)
}

/** A rollout that has begun is finished, whatever newer commits wait for; unless it rests until its next try. */
function underWay({ attempt, pending, now }: Observed, draft: Draft): Release | null {
  const rests = pending !== null && attempt?.retryAt != null && attempt.retryAt > now
  if (rests) draft.wait((attempt.retryAt ?? 0) - now, `the next try (${attempt.failure?.message ?? ''})`)
  return rests ? null : pending
}

/** What this commit waits for; null: nothing, or there is nothing of it that would have to wait. */
export function heldBy({ app, target }: Desired, observed: Observed): Hold | null {
  if (target.kind !== 'commit') return null
  const hold = holdOn(target, observed)
  if (!hold || isThere(target.outcome, observed)) return null
  const news = bringsNew(app, target, observed)
  // Who suspends an app is told of at all times, and holds whatever may come.
  return news || hold.kind === 'suspended' || hold.kind === 'app.yaml' ? { ...hold, news } : null
}

/** With a new store: it is what serves already, and is only to be taken over. */
function isThere(outcome: Outcome, observed: Observed): boolean {
  if (observed.serving || outcome.state !== 'built') return false
  return alreadyServing(outcome.fingerprint, outcome.content, observed) !== null
}

/** Whether anything but what runs would come of this commit. */
function bringsNew(app: string, target: Extract<Desired['target'], { kind: 'commit' }>, observed: Observed): boolean {
  const { attempt, serving } = observed
  const { commit, settings, outcome } = target
  if (serving && outcome.state === 'built' && sameContent(serving.content, outcome.content)) return false
  const isOver = attempt?.commit === commit && attempt.settings === settings && attempt.state !== 'open'
  if (!isOver) return true
  if (attempt.state === 'succeeded') return outcome.state === 'built'
  return isRouteFree(app, attempt, outcome, observed) || isAcceptedNow(attempt, outcome)
}

function build(
  commit: string,
  outcome: Extract<Outcome, { state: 'unbuilt' }>,
  attempt: Attempt,
  observed: Observed,
  draft: Draft,
): void {
  const { build, key } = outcome
  switch (build.state) {
    case 'none':
      draft.do({ action: 'build', commit, key, reason: 'there is no image of these inputs' })
      return
    case 'failed':
      if (build.retry && attempt.retryAt !== null) draft.do({ action: 'build', commit, key, reason: 'it is time to try again' })
      else if (build.retry) later(commit, build.failure, attempt, observed, draft)
      else draft.do({ action: 'fail', commit, failure: build.failure, blame: null, reason: 'the build failed' })
      return
    case 'queued':
      draft.wait(null, `the build (place ${build.position} in the queue)`)
      return
    case 'running':
      draft.wait(null, `the build${ago(observed.now - build.startedAt, build.step ?? '')}`)
      return
    case 'succeeded':
      // Built, and gone again before anybody looked: somebody cleans up by hand. Ask once more.
      draft.do({ action: 'build', commit, key, reason: 'the image has gone' })
  }
}

/** Of a build that takes a moment, how long it has been at it. */
function ago(ms: number, step: string): string {
  const facts = [ms < 1_000 ? '' : `${Math.round(ms / 1_000)} s`, step].filter((fact) => fact !== '')
  return facts.length === 0 ? '' : ` (${facts.join(': ')})`
}

function later(commit: string, failure: Failure, attempt: Attempt, observed: Observed, draft: Draft): void {
  // The jitter comes out of the commit's own digits: no two apps in step, and the same plan for the same world.
  const spread = Number.parseInt(commit.slice(0, 4), 16) / 0xffff
  const at = observed.now + retryDelay(attempt.tries, spread)
  draft.do({ action: 'retry-later', commit, failure, at, reason: 'this may pass by itself' })
}

function release(
  app: string,
  wanted: { commit: string; settings: string; content: ReleaseContent; fingerprint: string },
  attempt: Attempt,
  observed: Observed,
  draft: Draft,
): Release | null {
  const { commit, settings, content, fingerprint } = wanted
  const { serving, pending } = observed
  if (serving && sameContent(serving.content, content)) {
    if (attempt.state === 'open') {
      draft.do({ action: 'settle', commit, release: serving.version, reason: 'nothing differs from what is live' })
    }
    return null
  }
  if (attempt.state === 'succeeded') {
    draft.do({ action: 'begin', commit, settings, skip: false, reason: 'what the commit comes to has changed' })
    return null
  }
  if (pending && sameContent(pending.content, content)) return pending

  const taken = takenRoute(app, content, observed)
  if (taken) {
    draft.do({ action: 'fail', commit, failure: taken, blame: null, reason: 'another app was first' })
    return null
  }
  const running = serving || pending ? null : alreadyServing(fingerprint, content, observed)
  draft.do({
    action: 'release',
    version: running?.release ?? observed.lastVersion + 1,
    commit,
    adopted: running !== null,
    built: attempt.built,
    reason: running ? 'it serves already' : serving ? 'it differs from what is live' : 'no release is live yet',
  })
  return null
}

/**
 * With a new store, what runs may be what is wanted: an instance of this very fingerprint that the routes name (or that has no
 * routes to be named in) was live before, so its release keeps its number and nothing is started.
 */
function alreadyServing(fingerprint: string, content: ReleaseContent, observed: Observed): SeenInstance | null {
  const mine = observed.instances.filter((i) => !i.oneOff && i.state === 'running' && i.fingerprint === fingerprint)
  const leads = content.routes.some((route) => route.options?.redirect === undefined)
  const live = mine.find((i) => !leads || isRouted(i, observed.table))
  return live && !observed.retired.has(live.release) ? live : null
}

/** The failure that names who has one of these routes already; null if all are free. */
export function takenRoute(app: string, content: ReleaseContent, observed: Pick<Observed, 'claimed'>): Failure | null {
  for (const { host, path } of content.routes) {
    const owner = observed.claimed.get(`${host} ${path}`)
    if (owner && owner !== app) {
      const message = `${host}${path} is served by the app "${owner}" already. Give one of the two another host or path (routes: in app.yaml).`
      return { code: 'RouteTaken', message }
    }
  }
  return null
}

/** It failed only because another app had its routes, and that one has let go of them (it was renamed, say). */
function isRouteFree(app: string, { state, failure }: Attempt, outcome: Outcome, observed: Observed): boolean {
  const refused = state === 'failed' && failure?.code === 'RouteTaken' && outcome.state === 'built'
  return refused && takenRoute(app, outcome.content, observed) === null
}

/** Two contents that would give the same release. Both come sorted (see release/). */
export function sameContent(a: ReleaseContent, b: ReleaseContent): boolean {
  return a === b || JSON.stringify(decisive(a)) === JSON.stringify(decisive(b))
}

/** Without the bill of materials: it tells of the image, which its key stands for. */
function decisive({ image: { materials: _, ...image }, ...content }: ReleaseContent): unknown {
  return { ...content, image }
}

/** A commit says the same for ever; so if it can be deployed now, it is the others that have changed: an app that it depends on is there. */
function isAcceptedNow({ state, failure }: Attempt, outcome: Outcome): boolean {
  const refused = failure?.code === 'DependencyMissing' || failure?.code === 'DependencyCycle'
  return state === 'failed' && refused && outcome.state !== 'broken'
}
