/** What the planner is told, in few words: releases, instances, attempts and worlds with everything filled in. */
import type { Attempt, CommitId, Crash, Process, Release, ReleaseContent, Route, RouteTable } from '../../src/domain.ts'
import { instanceName } from '../../src/domain.ts'
import type { Failure } from '../../src/errors.ts'
import type { Desired, Observed, Outcome, SeenInstance } from '../../src/plan/world.ts'
import { fingerprintOf } from '../../src/release/fingerprint.ts'

export const APP = 'shop'
export const NOW = 1_000_000
export const HEALTH = { intervalMs: 5_000, timeoutMs: 2_000, graceMs: 30_000 }
export const STOP = { signal: 'SIGTERM', timeoutMs: 10_000 }
export const ROUTE: Route = { host: 'shop.test', path: '/', stripPrefix: false, process: 'web' }
export const FAILURE: Failure = { code: 'BuildFailed', message: 'npm ci exited with 1' }

/** `commit('a')` is aaaa…: told apart at a glance. */
export const commit = (digit: string): CommitId => digit.repeat(40)

export interface Made {
  content: ReleaseContent
  fingerprint: string
}

/** What a commit comes to. `image` stands for its whole tree. */
export function made(
  image: string,
  {
    web = 1,
    worker,
    env = {},
    phase,
    routes = [ROUTE],
  }: {
    web?: number
    worker?: number
    env?: Record<string, string>
    phase?: string
    routes?: Route[]
  } = {},
): Made {
  const process = (type: string, scale: number): Process => ({ type, command: `run ${type}`, scale, health: HEALTH, stop: STOP })
  const content: ReleaseContent = {
    image: { key: image, ref: `/slugs/${image}`, processTypes: {}, configVars: {} },
    env,
    processes: [process('web', web), ...(worker === undefined ? [] : [process('worker', worker)])],
    ...(phase === undefined ? {} : { release: phase }),
    routes,
  }
  return { content, fingerprint: fingerprintOf(content) }
}

export function release(version: number, of: Made, over: Partial<Release> = {}): Release {
  const status = over.status ?? 'live'
  return { app: APP, version, commit: commit('a'), ...of, built: true, createdAt: 1, createdBy: 'git', status, ...over }
}

/** A running, ready instance; its port is 2<version><index> for web, so that tables can be read. */
export function instance(of: Release, process: string, index: number, over: Partial<SeenInstance> = {}): SeenInstance {
  const id = { app: APP, process, release: of.version, index }
  return {
    ...id,
    name: instanceName(id),
    commit: of.commit,
    fingerprint: of.fingerprint,
    imageKey: of.content.image.key,
    oneOff: false,
    stop: STOP,
    health: HEALTH,
    state: 'running',
    address: { host: '127.0.0.1', port: portOf(process, of.version, index) },
    startedAt: NOW - 100_000,
    probe: process === 'web' ? 'ready' : 'unknown',
    inFlight: null,
    drainingSince: null,
    ...over,
  }
}

export function portOf(process: string, version: number, index: number): number {
  return (process === 'web' ? 20_000 : 30_000) + version * 10 + index
}

/** The release phase's one-off. */
export function phaseOf(of: Release, over: Partial<SeenInstance> = {}): SeenInstance {
  const { address: _, ...rest } = instance(of, 'release', 1, { oneOff: true, probe: 'unknown', ...over })
  return rest
}

export function exited(code: number | null, signal: string | null = null, at = NOW - 10): Partial<SeenInstance> {
  return { state: 'exited', exit: { at, code, signal }, probe: 'unknown' }
}

/** A table of this release's routes to these instances. */
export function table(of: Release, ...instances: SeenInstance[]): RouteTable {
  const servers = instances.flatMap((i) => (i.address ? [i.address] : []))
  return { app: APP, routes: of.content.routes.map((route) => ({ ...route, servers })) }
}

export function attempt(at: CommitId, over: Partial<Attempt> = {}): Attempt {
  const fresh: Attempt = {
    commit: at,
    settings: 's',
    state: 'open',
    failure: null,
    retryAt: null,
    tries: 0,
    built: false,
    startedAt: NOW - 1_000,
  }
  return { ...fresh, ...over }
}

export function crash(of: Release, process: string, at: number, over: Partial<Crash> = {}): Crash {
  const name = instanceName({ app: APP, process, release: of.version, index: 1 })
  return { instance: name, process, fingerprint: of.fingerprint, at, ranMs: 100, log: '', how: 'exit code 1', ...over }
}

/** An empty world in which all is well, with these differences. */
export function seen(over: Partial<Observed> = {}): Observed {
  const versions = [over.serving, over.pending, ...(over.instances ?? [])].map((one) =>
    !one ? 0 : 'version' in one ? one.version : one.release,
  )
  return {
    now: NOW,
    instances: [],
    table: null,
    confirmed: true,
    serving: null,
    pending: null,
    phase: 'todo',
    retired: new Set(),
    lastVersion: Math.max(0, ...versions),
    attempt: null,
    suspension: null,
    held: null,
    crashes: [],
    freshFrom: 0,
    claimed: new Map(),
    ...over,
  }
}

export function wants(at: CommitId, outcome: Outcome | Made, over: { settings?: string; skip?: boolean } = {}): Desired {
  const whole: Outcome = 'state' in outcome ? outcome : { state: 'built', ...outcome }
  return { app: APP, target: { kind: 'commit', commit: at, settings: 's', skip: false, outcome: whole, ...over } }
}

export const unbuilt = (build: Extract<Outcome, { state: 'unbuilt' }>['build']): Outcome => ({
  state: 'unbuilt',
  key: 'k1',
  build,
})
export const UNREADABLE: Desired = {
  app: APP,
  target: { kind: 'unknown', failure: { code: 'SourceUnreachable', message: 'no route to host' } },
}
export const SUSPENDED: Desired = { app: APP, target: { kind: 'suspended' } }
export const REMOVED: Desired = { app: APP, target: { kind: 'removed' } }
