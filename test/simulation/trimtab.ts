/** trimtab in the simulated world: plans with the real planner, performs in the world, and may be cut off between any two steps. */
import { type Crash, instanceName, type Release } from '../../src/domain.ts'
import type { Plan, Step } from '../../src/plan/steps.ts'
import type { Desired, Observed } from '../../src/plan/world.ts'
import type { Fate } from './commits.ts'
import { STOP } from './commits.ts'
import { checkPlan, checkStep } from './invariants.ts'
import { APP, type Body, type SimWorld } from './world.ts'

export type Planner = (desired: Desired, observed: Observed) => Plan

/** One pass. `between` is called before each step: the world moves on while trimtab works; true cuts trimtab off there. */
export function pass(planner: Planner, world: SimWorld, between: () => boolean): Plan {
  const desired = world.desired()
  const observed = world.observed()
  const plan = planner(desired, observed)
  try {
    checkPlan(plan, desired, observed, world)
  } catch (error) {
    if (error instanceof Error) error.message += `\n${scene(null, plan, observed)}`
    throw error
  }
  for (const step of plan.steps) {
    if (between()) return plan
    try {
      checkStep(step, desired, observed, world)
    } catch (error) {
      if (error instanceof Error) error.message += `\n${scene(step, plan, observed)}`
      throw error
    }
    perform(step, desired, world)
  }
  return plan
}

/** What trimtab saw, in few words, for whoever has to understand a violation. */
function scene(step: Step | null, plan: Plan, o: Observed): string {
  const of = (r: Release | null) =>
    r && `v${r.version} ${r.fingerprint.slice(0, 4)} ${r.content.processes.map((p) => p.type + p.scale)}`
  const seen = o.instances.map(
    (i) =>
      `${i.name} ${i.fingerprint.slice(0, 4)} ${i.state} ${i.probe} :${i.address?.port} age ${o.now - i.startedAt} drain ${i.drainingSince} ${i.inFlight}`,
  )
  const table = o.table?.routes.map((r) => `${r.host} ${r.servers.map((s) => s.port)}`)
  return [
    `step: ${JSON.stringify(step)}`,
    `plan: ${plan.steps.map((s) => s.action)}; ${plan.waiting}`,
    `serving ${of(o.serving)}; pending ${of(o.pending)}; attempt ${o.attempt?.state}; fresh from ${o.now - o.freshFrom} ago`,
    `table ${table} confirmed ${o.confirmed}`,
    ...seen,
  ].join('\n')
}

function perform(step: Step, desired: Desired, world: SimWorld): void {
  const { ledger, now } = world
  switch (step.action) {
    case 'begin':
      ledger.begin(APP, step)
      if (world.building && world.building.key !== world.head.tree.key) world.building = null
      if (world.building?.state.state === 'failed') world.building = null
      return
    case 'hold':
      ledger.hold(APP, step)
      return
    case 'lift':
      ledger.hold(APP, null)
      return
    case 'build':
      ledger.building()
      world.building = { key: step.key, state: { state: 'running', startedAt: now }, flaky: false }
      return
    case 'release': {
      if (desired.target.kind !== 'commit' || desired.target.outcome.state !== 'built') return
      const { content, fingerprint } = desired.target.outcome
      const { version, commit, built, adopted } = step
      ledger.release({ app: APP, version, commit, content, fingerprint, built, createdBy: 'git' }, adopted)
      return
    }
    case 'run-release-phase':
      if (!world.bodies.has(nameOf(step.release, 'release', 1))) {
        world.phaseRuns.set(step.release.version, (world.phaseRuns.get(step.release.version) ?? 0) + 1)
        start(step.release, 'release', 1, true, world)
      }
      ledger.phase(APP, step.release.version, 'running')
      return
    case 'pass-release-phase':
      ledger.phase(APP, step.release, 'done')
      world.bodies.delete(nameOf({ version: step.release }, 'release', 1))
      return
    case 'start':
      start(step.release, step.process, step.index, false, world)
      return
    case 'write-routes':
      world.file = structuredClone(step.table)
      return
    case 'remove-routes':
      world.file = null
      return
    case 'go-live':
      ledger.goLive(APP, step.release.version)
      return
    case 'settle':
      ledger.settle()
      return
    case 'fail':
      ledger.fail(APP, step.failure)
      return
    case 'retry-later':
      ledger.retryLater(APP, step.failure, step.at)
      return
    case 'drain':
      ledger.drain(APP, step.instance)
      if (step.unhealthy) ledger.ended(APP, '', crashOf(world.bodies.get(step.instance), now))
      return
    case 'undrain':
      ledger.undrain(APP, step.instance)
      return
    case 'stop': {
      const body = world.bodies.get(step.instance)
      if (body?.state === 'running') body.state = 'stopping'
      return
    }
    case 'reap':
      ledger.ended(APP, step.instance, step.crashed ? crashOf(world.bodies.get(step.instance), now) : null)
      world.bodies.delete(step.instance)
      return
    case 'forget':
      ledger.forget()
      return
  }
}

function crashOf(body: Body | undefined, now: number): Crash | null {
  if (!body) return null
  const { name: instance, process, fingerprint, startedAt } = body
  const at = body.exit?.at ?? now
  return { instance, process, fingerprint, at, ranMs: at - startedAt, how: 'exit code 1', log: '' }
}

function start(release: Release, process: string, index: number, oneOff: boolean, world: SimWorld): void {
  const name = nameOf(release, process, index)
  if (world.bodies.has(name)) return
  const fate = world.commits.find((c) => c.id === release.commit)?.tree.fate ?? 'ok'
  world.bodies.set(name, {
    app: APP,
    process,
    release: release.version,
    index,
    name,
    commit: release.commit,
    fingerprint: release.fingerprint,
    imageKey: release.content.image.key,
    oneOff,
    stop: STOP,
    health: release.content.processes[0]?.health ?? { intervalMs: 1, timeoutMs: 1, graceMs: 1 },
    state: 'running',
    ...(oneOff ? {} : { address: world.nextAddress() }),
    startedAt: world.now,
    probe: 'starting',
    inFlight: 0,
    drainingSince: null,
    fate: behaviour(fate, oneOff),
    requests: 0,
  })
}

function behaviour(fate: Fate, oneOff: boolean): Body['fate'] {
  if (oneOff) return fate === 'bad-phase' ? 'crash' : 'ok'
  return fate === 'crash' || fate === 'mute' ? fate : 'ok'
}

function nameOf(release: { version: number }, process: string, index: number): string {
  return instanceName({ app: APP, process, release: release.version, index })
}
