/** Steps about releases: created, their release phase, live. */
import { instanceName } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { sameContent } from '../plan/advance.ts'
import type { Step } from '../plan/steps.ts'
import { specOf } from '../release/spec.ts'
import type { World } from '../world.ts'
import * as commit from './commit.ts'
import type { Pass } from './pass.ts'

type Of<A extends Step['action']> = Extract<Step, { action: A }>

export function create(step: Of<'release'>, pass: Pass): Promise<void> | void {
  const { app, world, desired } = pass
  if (desired.target.kind !== 'commit' || desired.target.outcome.state !== 'built') return
  const { content, fingerprint } = desired.target.outcome
  const { commit: id, version, adopted } = step
  const built = step.built && !isPulled(content.image.key, world)
  try {
    world.store.release({ app, version, commit: id, content, fingerprint, built, createdBy: 'git' }, adopted)
  } catch (error) {
    // Two apps named the same route in the same moment: one of them was first.
    if (!(error instanceof TrimtabError) || error.code !== 'RouteTaken') throw error
    return commit.fail({ commit: id, failure: error.failure, blame: null }, pass)
  }
  world.builder.want(app, null)
  const event = { app, commit: id, release: version }
  const earlier = world.store.releases(app, 100).find((r) => r.version !== version && r.content.image.key === content.image.key)
  if (!built && !adopted) {
    const what = earlier ? `the image of v${earlier.version} is used again` : 'an image of these inputs was there already'
    world.store.event({ ...event, type: 'BuildSkipped', message: what })
  }
  if (adopted) world.store.event({ ...event, type: 'Adopted', message: `v${version} runs already and is taken over as it is` })
  else world.store.event({ ...event, type: 'ReleaseCreated', message: `v${version}, ${step.reason}` })
}

/** What came from a registry was wanted as any build, and was none. */
function isPulled(key: string, { builder }: World): boolean {
  const build = builder.state(key)
  return build.state === 'running' ? build.pulling === true : build.state === 'succeeded' && build.pulled !== undefined
}

export async function runPhase(step: Of<'run-release-phase'>, { app, world }: Pass): Promise<void> {
  const { release } = step
  const command = release.content.release ?? ''
  await world.runtime.start(specOf(release, 'release', 1, command, true), [])
  world.store.phase(app, release.version, 'running')
  world.store.event({ app, type: 'ReleasePhaseStarted', commit: release.commit, release: release.version, message: command })
}

export async function passPhase(step: Of<'pass-release-phase'>, { app, world, observed }: Pass): Promise<void> {
  const name = instanceName({ app, process: 'release', release: step.release, index: 1 })
  const seen = observed.instances.find((i) => i.name === name)
  world.store.phase(app, step.release, 'done')
  const durationMs = seen?.exit ? seen.exit.at - seen.startedAt : null
  const commit = observed.pending?.commit ?? null
  world.store.event({ app, type: 'ReleasePhaseSucceeded', commit, release: step.release, message: step.reason, durationMs })
  await world.runtime.remove(name)
}

export function goLive(step: Of<'go-live'>, { app, world, observed }: Pass): void {
  const { version, commit, content } = step.release
  const began = observed.attempt?.startedAt ?? step.release.createdAt
  const before = world.store
    .releases(app, 100)
    .find((r) => r.version < version && r.status === 'superseded' && sameContent(r.content, content))
  world.store.goLive(app, version)
  const event = { app, commit, release: version }
  const durationMs = world.now() - began
  if (step.release.content.routes.length > 0) {
    world.store.event({ ...event, type: 'RoutesConfirmed', message: `the router serves v${version}`, durationMs })
  }
  const [route] = step.release.content.routes
  const where = route ? ` at ${world.router.url(route)}` : ''
  world.store.event({ ...event, type: 'RolloutSucceeded', message: `v${version} is live${where}`, durationMs })
  if (before) world.store.event({ ...event, type: 'RolledBack', message: `v${version} is v${before.version} again`, durationMs })
}

export function forget({ app, world }: Pass): void {
  world.store.forget(app)
  world.store.event({
    app,
    type: 'AppRemoved',
    message: 'no longer declared: stopped and taken out of the routes; its history stays',
  })
}
