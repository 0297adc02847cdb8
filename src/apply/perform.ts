/** The one dull place: performs a step of a plan, and records that it did. */
import { instanceName, type Release } from '../domain.ts'
import { asTrimtabError } from '../errors.ts'
import type { Step } from '../plan/steps.ts'
import type { World } from '../world.ts'
import * as commit from './commit.ts'
import * as holds from './hold.ts'
import * as instances from './instances.ts'
import type { Pass } from './pass.ts'
import * as releases from './releases.ts'
import * as routes from './routes.ts'

/** Errors are for the controller: it looks again later. What is a verdict on the commit is recorded here instead. */
export async function perform(step: Step, pass: Pass): Promise<void> {
  switch (step.action) {
    case 'begin':
      return commit.begin(step, pass)
    case 'hold':
      return holds.hold(step, pass)
    case 'lift':
      return holds.lift(step, pass)
    case 'build':
      return commit.build(pass)
    case 'settle':
      return commit.settle(step, pass)
    case 'fail':
      return commit.fail(step, pass)
    case 'retry-later':
      return commit.retryLater(step, pass)
    case 'release':
      return releases.create(step, pass)
    case 'run-release-phase':
      return releases.runPhase(step, pass)
    case 'pass-release-phase':
      return releases.passPhase(step, pass)
    case 'go-live':
      return releases.goLive(step, pass)
    case 'start':
      return start(step, pass)
    case 'drain':
      return instances.drain(step, pass)
    case 'undrain':
      return pass.world.store.undrain(pass.app, step.instance)
    case 'stop':
      return instances.stop(step, pass)
    case 'reap':
      return instances.reap(step, pass)
    case 'write-routes':
      return routes.write(step, pass)
    case 'remove-routes':
      return routes.remove(step, pass)
    case 'forget':
      return releases.forget(pass)
  }
}

/** What cannot be started is a verdict on a release that is being rolled out, and a crash of one that is live. */
async function start(step: Extract<Step, { action: 'start' }>, pass: Pass): Promise<void> {
  const { world, app, observed } = pass
  // The start before it in the same plan may have been the end of it.
  if (step.release.status === 'pending' && isGivenUp(step.release, world)) return
  try {
    await instances.start(step, pass)
  } catch (thrown) {
    const error = asTrimtabError(thrown)
    if (error.code === 'RuntimeUnavailable') throw error
    const { release, process } = step
    if (release.status === 'pending' && !error.retry) {
      return commit.fail({ commit: release.commit, failure: error.failure, blame: null }, pass)
    }
    if (release.status === 'pending') {
      const at = world.now() + 5_000
      return commit.retryLater({ commit: release.commit, failure: error.failure, at }, pass)
    }
    const instance = instanceName({ app, process, release: release.version, index: step.index })
    const crash = { instance, process, fingerprint: release.fingerprint, at: observed.now, ranMs: 0, how: error.message, log: '' }
    world.store.ended(app, instance, crash)
  }
}

function isGivenUp(release: Release, world: World): boolean {
  const { pending, attempt } = world.store.read(release.app)
  return pending?.version !== release.version || (attempt?.retryAt ?? 0) > world.now()
}
