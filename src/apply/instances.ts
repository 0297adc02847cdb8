/** Steps about instances: start, drain, stop, and taking note of an exit. */
import type { Instance, Listen, Release } from '../domain.ts'
import type { Step } from '../plan/steps.ts'
import type { Observed } from '../plan/world.ts'
import { specOf } from '../release/spec.ts'
import type { World } from '../world.ts'
import type { Pass } from './pass.ts'

type Of<A extends Step['action']> = Extract<Step, { action: A }>

export async function start(step: Of<'start'>, { app, world, observed }: Pass): Promise<void> {
  const { release, process: type, index } = step
  const process = release.content.processes.find((p) => p.type === type)
  if (!process) return
  if (isFirst(release, type, index, observed)) {
    const { commit, version } = release
    world.store.event({ app, type: 'RolloutStarted', commit, release: version, message: rollout(release) })
  }
  const spec = specOf(release, type, index, process.command, false)
  const instance = await world.runtime.start(spec, await routedAddresses(world))
  const message = `${instance.name} started${whereOf(instance)}: ${step.reason}`
  world.store.event({ app, type: 'InstanceStarted', commit: release.commit, release: release.version, message })
}

function whereOf({ address }: Instance): string {
  if (!address) return ''
  return address.host === '127.0.0.1' ? ` on port ${address.port}` : ` at ${address.host}:${address.port}`
}

/** The first start of a rollout is its beginning. */
function isFirst(release: Release, process: string, index: number, { instances, crashes, attempt }: Observed): boolean {
  const first = release.content.processes.find((p) => p.scale > 0)
  const since = attempt?.startedAt ?? 0
  const begun =
    instances.some((i) => i.release === release.version && !i.oneOff) ||
    crashes.some((c) => c.fingerprint === release.fingerprint && c.at >= since)
  return release.status === 'pending' && process === first?.type && index === 1 && !begun
}

/** Addresses that any route file names: none is given to a new instance, so that no app ever answers for another. */
export async function routedAddresses(world: World): Promise<Listen[]> {
  const tables = await Promise.all((await world.router.apps()).map((app) => world.router.read(app).catch(() => null)))
  return tables.flatMap((table) => table?.routes.flatMap((route) => route.servers) ?? [])
}

export function drain(step: Of<'drain'>, { app, world, observed }: Pass): void {
  world.store.drain(app, step.instance)
  const seen = observed.instances.find((i) => i.name === step.instance)
  if (!step.unhealthy || !seen) return
  const { name, process, fingerprint, startedAt, commit, release } = seen
  const crash = {
    instance: name,
    process,
    fingerprint,
    at: observed.now,
    ranMs: observed.now - startedAt,
    how: 'stopped answering',
    log: '',
  }
  world.store.ended(app, '', crash)
  world.store.event({ app, type: 'InstanceUnhealthy', commit, release, message: `${name} does not answer, and is replaced` })
}

export async function stop(step: Of<'stop'>, { world, observed }: Pass): Promise<void> {
  const seen = observed.instances.find((i) => i.name === step.instance)
  if (seen) await world.runtime.stop(step.instance, seen.stop)
}

export async function reap(step: Of<'reap'>, { app, world, observed }: Pass): Promise<void> {
  const seen = observed.instances.find((i) => i.name === step.instance)
  if (!seen) return
  const { name, process, fingerprint, startedAt, commit, release } = seen
  const at = seen.exit?.at ?? observed.now
  if (step.crashed) {
    const log = (await world.runtime.tail(app, name, 20).catch(() => [])).join('\n')
    world.store.ended(app, name, { instance: name, process, fingerprint, at, ranMs: at - startedAt, how: step.reason, log })
    const telling = tellingLine(log)
    const message = `${name} ended by itself (${step.reason})${telling ? `: ${telling.slice(0, 200)}` : ''}`
    world.store.event({ app, type: 'InstanceExited', commit, release, message, durationMs: at - startedAt })
  } else {
    world.store.ended(app, name, null)
    const message = `${name} has stopped (${step.reason})`
    if (!seen.oneOff) world.store.event({ app, type: 'InstanceStopped', commit, release, message, durationMs: at - startedAt })
  }
  // Noted first: a note too many is a line of history, one too few a back-off that never comes.
  await world.runtime.remove(name)
}

function rollout(release: Release): string {
  return `v${release.version}: ${release.content.processes.map((p) => `${p.type} ×${p.scale}`).join(', ')}`
}

/** The line of a log that most likely says why: the last that names an error, else the last at all. */
function tellingLine(log: string): string | undefined {
  const lines = log.split('\n').map((line) => line.trim())
  return lines.findLast((line) => /error|exception|fatal|panic/i.test(line)) ?? lines.findLast((line) => line !== '')
}
