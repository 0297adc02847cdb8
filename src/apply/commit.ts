/** Steps about a commit: it is seen, built, and comes to an end. */
import type { Failure } from '../errors.ts'
import { asTrimtabError, headline } from '../errors.ts'
import { sameContent } from '../plan/advance.ts'
import type { Step } from '../plan/steps.ts'
import type { Head } from '../ports.ts'
import { shortCommit } from '../text.ts'
import { declared, type World } from '../world.ts'
import type { Pass } from './pass.ts'

type Of<A extends Step['action']> = Omit<Extract<Step, { action: A }>, 'action' | 'reason'>

/** So many lines of a log go with a verdict. */
const LOG_LINES = 20

export function begin(step: Of<'begin'>, { app, world, desired, observed, build }: Pass): void {
  const { commit, skip, why = 'as its message says' } = step
  const outcome = desired.target.kind === 'commit' ? desired.target.outcome : null
  const { attempt, serving } = observed
  const same = outcome?.state === 'built' && serving !== null && sameContent(serving.content, outcome.content)
  world.store.begin(app, step)
  const head = headOf(app, world)
  const title = head?.message.split('\n', 1)[0] ?? ''
  const seen = attempt?.commit === commit ? `${title} (once more)` : title
  const event = { app, commit }
  if (head?.since && head.since.commit === attempt?.commit) tellHistory(head.since, event, world)
  if (skip) world.store.event({ ...event, type: 'CommitSkipped', message: `not deployed, ${why}: ${title}` })
  else world.store.event({ ...event, type: 'CommitSeen', message: same ? `${seen} (v${serving.version} is that already)` : seen })
  if (same && attempt?.state === 'failed') {
    const message = `v${serving.version} serves on, and is what is asked for again`
    world.store.event({ ...event, type: 'RolloutSucceeded', release: serving.version, message, durationMs: 0 })
  }
  // Wanting this build, or none, ends that of an older commit.
  if (outcome?.state === 'unbuilt' && build && !skip) {
    if (!build.draft) world.store.building(app, build.key)
    world.builder.want(app, build, true)
  } else world.builder.want(app, null)
}

export function build({ app, world, build }: Pass): void {
  if (!build) return
  if (!build.draft) world.store.building(app, build.key)
  // Again: a failure that may pass by itself is remembered until somebody wants the build once more.
  world.builder.want(app, build, true)
}

/** The event of a commit that changes nothing is told when it begins. */
export function settle(_step: Of<'settle'>, { app, world }: Pass): void {
  world.builder.want(app, null)
  world.store.settle(app)
}

export async function fail(step: Of<'fail'>, { app, world, observed }: Pass): Promise<void> {
  const failure = await withLog(step.failure, step.blame, app, world)
  world.store.fail(app, failure)
  const release = observed.pending?.version ?? null
  const serving = observed.serving ? `; v${observed.serving.version} serves on` : ''
  const durationMs = world.now() - (observed.attempt?.startedAt ?? world.now())
  if (failure.code === 'ReleaseFailed') {
    world.store.event({ app, type: 'ReleasePhaseFailed', commit: step.commit, release, message: failure.message })
  }
  const message = `${failure.code}: ${headline(failure.message)}${serving}`
  world.store.event({ app, type: 'RolloutFailed', commit: step.commit, release, message, durationMs })
}

export function retryLater(step: Of<'retry-later'>, { app, world }: Pass): void {
  world.store.retryLater(app, step.failure, step.at)
  const seconds = Math.max(1, Math.round((step.at - world.now()) / 1000))
  const message = `${step.failure.code}: ${headline(step.failure.message)} (next try in ${seconds} s)`
  world.store.event({ app, type: 'RetryScheduled', commit: step.commit, message })
}

async function withLog(failure: Failure, instance: string | null, app: string, world: World): Promise<Failure> {
  if (!instance) return failure
  const lines = await world.runtime.tail(app, instance, LOG_LINES).catch((error) => [asTrimtabError(error).message])
  if (lines.length === 0) return { ...failure, message: `${failure.message}\n(${instance} wrote nothing)` }
  return { ...failure, message: `${failure.message}\n${lines.join('\n')}` }
}

/** Both are deployed like any other commit: the operator named an address, not a history. But whoever looks shall know. */
function tellHistory({ commit: before, how }: NonNullable<Head['since']>, event: { app: string; commit: string }, world: World) {
  const old = shortCommit(before)
  if (how === 'rewritten')
    world.store.event({ ...event, type: 'HistoryRewritten', message: `the branch was force-pushed; it was at ${old}` })
  if (how === 'unrelated') {
    world.store.event({ ...event, type: 'RepositoryReplaced', message: `this history has nothing in common with that of ${old}` })
  }
}

function headOf(app: string, world: World): Head | null {
  const spec = declared(world, app)
  return spec && world.source.head(spec)
}
