/** The design's invariants, as checks on what trimtab is about to do. Written from the world's side: they share nothing with the planner. */
import type { Release, RouteTable } from '../../src/domain.ts'
import type { Plan, Step } from '../../src/plan/steps.ts'
import type { Desired, Observed, SeenInstance } from '../../src/plan/world.ts'
import type { SimWorld } from './world.ts'

export class Violation extends Error {
  override name = 'Violation'
}

function must(holds: boolean, invariant: string, what: () => string): void {
  if (!holds) throw new Violation(`invariant ${invariant}: ${what()}`)
}

/** What a plan may hold at all, given what was known when it was made. */
export function checkPlan(plan: Plan, desired: Desired, observed: Observed, world: SimWorld): void {
  const actions = new Set(plan.steps.map((s) => s.action))
  if (desired.target.kind === 'unknown') {
    for (const action of ['begin', 'build', 'release', 'settle', 'remove-routes', 'forget'] as const) {
      must(!actions.has(action), '3 (could not read is not empty)', () => `${action} while git cannot be read`)
    }
    // A change to no instance at all that was begun before is still what was asked for last.
    const web = (observed.pending ?? observed.serving)?.content.processes.find((p) => p.type === 'web' && p.scale > 0)
    const served = observed.instances.filter(
      (i) => web && i.process === 'web' && observed.serving?.fingerprint === i.fingerprint && i.probe === 'ready',
    )
    const stopped = plan.steps.filter(
      (s) => s.action === 'stop' && served.length > 0 && served.every((i) => i.name === s.instance),
    )
    must(
      stopped.length === 0,
      '3 (could not read is not empty)',
      () => 'the last good instance is stopped while git cannot be read',
    )
  }
  // With a new store nobody knows what serves until it is taken over, which deploys nothing.
  if (observed.suspension && observed.serving) {
    for (const action of ['begin', 'build', 'release', 'settle'] as const) {
      must(!actions.has(action), 'suspended', () => `${action} while the app is suspended`)
    }
  }
  const starts = plan.steps.filter((s) => s.action === 'start').map((s) => `${s.process} ${s.index} ${s.release.version}`)
  must(new Set(starts).size === starts.length, '1', () => `an instance is started twice in one plan: ${starts}`)
  must(plan.steps.length === 0 || plan.again === 0, '1', () => 'steps, and no look afterwards')
  const running = [...world.bodies.values()].filter((b) => b.state !== 'exited')
  // While the router is down nothing can be taken away, so what restarts and new commits start adds up; but not without end.
  must(running.length <= 40, '1 (bounded)', () => `${running.length} instances`)
}

/** What a step may do to the world as it is now, just before it is done. */
export function checkStep(step: Step, desired: Desired, observed: Observed, world: SimWorld): void {
  switch (step.action) {
    case 'stop':
      return checkStop(step.instance, desired, observed, world)
    case 'write-routes':
      return checkRoutes(step.table, observed)
    case 'remove-routes': {
      const gone = desired.target.kind === 'removed' || desired.target.kind === 'suspended'
      return must(gone, '4', () => 'routes removed from an app that has some')
    }
    case 'start':
      return checkStart(step.release, step.process, observed, world)
    case 'build':
      return must(!world.images.has(step.key), '6 (revert is rollback)', () => `build of ${step.key}, whose image is there`)
    case 'go-live':
      return checkGoLive(step.release, observed, world)
    case 'run-release-phase': {
      const others = [...world.bodies.values()].filter(
        (b) => b.oneOff && b.state !== 'exited' && b.release !== step.release.version,
      )
      must(others.length === 0, 'release phase', () => 'two release phases at once')
      const runs = world.phaseRuns.get(step.release.version) ?? 0
      const there = [...world.bodies.values()].some((b) => b.oneOff && b.release === step.release.version)
      return must(runs === 0 || there, 'release phase', () => `v${step.release.version} runs its release phase twice`)
    }
    case 'reap': {
      const body = world.bodies.get(step.instance)
      return must(!body || body.state === 'exited', '8', () => `${step.instance} is forgotten while it runs`)
    }
  }
}

function checkStop(name: string, desired: Desired, observed: Observed, world: SimWorld): void {
  const body = world.bodies.get(name)
  if (body?.state !== 'running') return
  must(!world.serves(body), '5 (no request is lost)', () => `${name} gets SIGTERM while the router still sends it requests`)
  const since = world.ledger.draining.get(name)
  must(since !== undefined, '5 (no request is lost)', () => `${name} gets SIGTERM without a drain`)
  const timedOut = observed.now - (since ?? 0) >= body.stop.timeoutMs
  must(body.requests === 0 || timedOut, '5 (no request is lost)', () => `${name} gets SIGTERM with ${body.requests} in flight`)
  const mayVanish = desired.target.kind === 'suspended' || desired.target.kind === 'removed'
  const serving = observed.serving
  if (mayVanish || !serving || body.fingerprint !== serving.fingerprint || observed.pending) return
  const want = serving.content.processes.find((p) => p.type === body.process)?.scale ?? 0
  const others = observed.instances.filter(
    (i) => i.name !== name && i.fingerprint === serving.fingerprint && i.process === body.process && i.state === 'running',
  )
  const seen = observed.instances.find((i) => i.name === name) ?? body
  const broken = seen.probe === 'unready' || (seen.probe === 'starting' && observed.now - seen.startedAt >= seen.health.graceMs)
  must(others.length >= want || broken, '4', () => `${name} is stopped: ${others.length} of ${want} would be left`)
}

function fingerprintsIn(table: RouteTable | null, observed: Observed): Set<string> {
  return new Set(routed(table, observed).map((i) => i.fingerprint))
}

function routed(table: RouteTable | null, observed: Observed): SeenInstance[] {
  const ports = new Set(table?.routes.flatMap((r) => r.servers.map((s) => s.port)) ?? [])
  return observed.instances.filter((i) => i.address && ports.has(i.address.port) && i.state === 'running')
}

function proven(release: Release, observed: Observed): boolean {
  return release.content.processes.every((process) => {
    const good = observed.instances.filter(
      (i) =>
        i.fingerprint === release.fingerprint &&
        i.process === process.type &&
        i.state === 'running' &&
        (process.type === 'web' ? i.probe === 'ready' : observed.now - i.startedAt >= 500),
    )
    return good.length >= process.scale
  })
}

function checkRoutes(table: RouteTable, observed: Observed): void {
  const before = fingerprintsIn(observed.table, observed)
  const after = fingerprintsIn(table, observed)
  const release = [observed.pending, observed.serving].find((r) => r && after.has(r.fingerprint))
  for (const fingerprint of after) {
    if (before.has(fingerprint) || fingerprint === observed.serving?.fingerprint) continue
    must(release?.fingerprint === fingerprint, '4', () => 'routes to instances of no known release')
    must(
      release !== null && release !== undefined && proven(release, observed),
      '4 (old serves until new is proven)',
      () => `routes move to v${release?.version}, which is not proven`,
    )
    must(!release?.content.release || observed.phase === 'done', '4', () => 'routes move before the release phase is done')
  }
  const unready = routed(table, observed).filter((i) => i.probe === 'starting')
  must(
    unready.length === 0 || routed(observed.table, observed).includes(unready[0] as SeenInstance),
    '4',
    () => `routes to ${unready.map((i) => i.name)}, never ready`,
  )
  const answered = routed(observed.table, observed).some((i) => i.probe === 'ready')
  const answers = routed(table, observed).some((i) => i.probe === 'ready' || i.probe === 'unknown')
  const wantsNone = release
    ? false
    : [observed.pending, observed.serving].some((r) => r?.content.processes.some((p) => p.type === 'web' && p.scale === 0))
  must(!answered || answers || wantsNone, '4', () => 'the routes lose their last ready server')
  must(
    table.routes.every((r) => new Set(r.servers.map((s) => s.port)).size === r.servers.length),
    '1',
    () => 'a server twice',
  )
}

function checkStart(release: Release, process: string, observed: Observed, world: SimWorld): void {
  const current = [world.ledger.find('live'), world.ledger.find('pending')].some((r) => r?.version === release.version)
  const stale = observed.pending?.version === release.version || observed.serving?.version === release.version
  must(
    current || stale,
    '7 (a failed commit is not tried again)',
    () => `an instance of v${release.version} is started, which is over`,
  )
  const failed = world.ledger.attempt?.state === 'failed' && release.status === 'pending'
  must(!failed, '7 (a failed commit is not tried again)', () => 'a start for a commit that has failed')
  must(
    !release.content.release || release.status === 'live' || observed.phase === 'done',
    '4',
    () => 'a start before the release phase',
  )
  const want = release.content.processes.find((p) => p.type === process)?.scale ?? 0
  must(want > 0, '1', () => `${process} is started, and none is wanted`)
  const recent = world.ledger.crashes.filter(
    (c) => c.fingerprint === release.fingerprint && c.process === process && c.ranMs < 60_000,
  )
  // One crash of each instance is free; what comes on top of those within half a second is a burst, and has to wait.
  const last = recent.at(-1)
  const burst = recent.filter((c) => last && c.at >= observed.freshFrom && last.at - c.at < 500)
  if (last && burst.length > want) {
    const pause = observed.now - last.at
    must(pause >= 500, 'back-off', () => `${process} is started ${pause} ms after crash ${burst.length} in a row`)
  }
}

function checkGoLive(release: Release, observed: Observed, world: SimWorld): void {
  must(
    world.ledger.attempt?.commit === release.commit,
    '2 (newest wins)',
    () => `v${release.version} goes live for an older commit`,
  )
  must(proven(release, observed), '4', () => `v${release.version} goes live unproven`)
  const wanted = release.content.routes.map((r) => `${r.host}${r.path} ${JSON.stringify(r.options)}`).join()
  const served = observed.table?.routes.map((r) => `${r.host}${r.path} ${JSON.stringify(r.options)}`).join() ?? ''
  must(
    observed.confirmed === true && wanted === served,
    '5',
    () => `v${release.version} is called live before the router confirmed it`,
  )
  must(!release.content.release || observed.phase === 'done', '4', () => 'live before its release phase is done')
}
