/** Steps performed on a real store: what is recorded, what is told, and what becomes of a start that fails. */
import { describe, expect, it } from 'vitest'
import { perform } from '../../src/apply/perform.ts'
import type { AppSpec, InstanceSpec, Release } from '../../src/domain.ts'
import { TrimtabError } from '../../src/errors.ts'
import type { Step } from '../../src/plan/steps.ts'
import type { Desired, Observed, SeenInstance } from '../../src/plan/world.ts'
import type { Builder, Head, Router, Runtime, Source } from '../../src/ports.ts'
import type { World } from '../../src/world.ts'
import * as t from '../plan/story.ts'
import { opened } from '../store/opened.ts'

/** A port that can do this much, and throws where more is asked of it. */
function port<T extends object>(name: string, can: Partial<T>): T {
  const get = (_: object, key: string) => {
    if (key in can) return Reflect.get(can, key)
    throw new Error(`${name}.${key} was not expected`)
  }
  return new Proxy({}, { get }) as T
}

/** A world with a real store, in which whatever is started runs at once, unless `trouble` says otherwise. */
function theatre() {
  const { store, clock } = opened()
  const running: SeenInstance[] = []
  const started: InstanceSpec[] = []
  const calls: string[] = []
  let trouble: TrimtabError | null = null
  const head: Head = { ref: 'main', commit: t.commit('a'), message: 'Sell hats\n\nAnd gloves', committedAt: 1, since: null }
  const app: AppSpec = { name: t.APP, repo: '/r.git', path: '' }
  const world: World = {
    platform: () => ({
      domain: 'test',
      state: '/s',
      poll: { everyMs: 1 },
      http: { host: '', port: 0 },
      runtime: { kind: 'process', ports: { from: 1, to: 2 } },
      router: { kind: 'embedded', listen: { host: '', port: 0 } },
      builds: { concurrency: 1, timeoutMs: 1, env: {} },
      stack: { image: 's' },
      bases: {},
      artifacts: { allow: ['https'], local: false, sizeBytes: 1 },
      registries: {},
      secrets: {},
      git: { allow: [], credentials: {}, forges: {} },
      apps: [app],
      hooks: { bytes: 1, perMinute: 1 },
      fleets: [],
      notify: [],
    }),
    store,
    source: port<Source>('source', { head: () => head }),
    builder: port<Builder>('builder', {
      want: (_, build) => void calls.push(`want ${build?.key ?? 'nothing'}`),
      state: () => ({ state: 'none' }),
    }),
    runtime: port<Runtime>('runtime', {
      async start(spec) {
        started.push(spec)
        if (trouble) throw trouble
        const { commit, fingerprint } = spec
        const made = t.instance(t.release(spec.release, t.made('x'), { commit, fingerprint }), spec.process, spec.index)
        running.push(made)
        return made
      },
      stop: async (name) => void calls.push(`stop ${name}`),
      remove: async (name) => void calls.push(`remove ${name}`),
      tail: async (_app, name) => [`${name}: listening`, 'Error: no database', '    at main.js:1'],
    }),
    router: port<Router>('router', {
      apps: async () => ['cart'],
      read: async () => ({ app: 'cart', routes: [{ ...t.ROUTE, servers: [{ host: '127.0.0.1', port: 20_001 }] }] }),
      write: async (table) => void calls.push(`write ${table.routes.length}`),
      remove: async (name) => void calls.push(`remove routes of ${name}`),
      url: ({ host, path }) => `http://${host}${path}`,
    }),
    prober: { watch: () => new Map(), states: () => new Map(), close: () => {} },
    now: () => clock.now,
    began: 0,
  }
  /** Performs these steps as one pass would, on what the store and the runtime show now. */
  const play = async (desired: Desired, steps: Step[], over: Partial<Observed> = {}) => {
    const observed = t.seen({ ...store.read(t.APP), instances: [...running], now: clock.now, ...over })
    for (const step of steps) await perform(step, { app: t.APP, desired, observed, build: null, world })
  }
  const told = () => store.events({ limit: 100 }).map((e) => `${e.type}: ${e.message}`)
  /** Takes this content live, as release `version` of its own commit. */
  const live = async (version: number, of: t.Made) => {
    const at = t.commit(String(version))
    const desired = t.wants(at, of)
    store.begin(t.APP, { commit: at, settings: 's', skip: false })
    await play(desired, [{ action: 'release', version, commit: at, adopted: false, built: false, reason: 'it differs' }])
    const release = store.read(t.APP).pending
    if (!release) throw new Error('nothing is pending')
    await play(desired, [{ action: 'go-live', release, reason: '' }])
  }
  const fail = (error: TrimtabError | null) => {
    trouble = error
  }
  return { world, store, clock, play, told, live, fail, started, calls }
}

const A = t.made('image-a', { web: 3 })
const at = t.commit('a')
const toA = t.wants(at, A)
const starts = (release: Release): Step[] =>
  [1, 2, 3].map((index) => ({ action: 'start', release, process: 'web', index, reason: '3 of web wanted' }))

/** A world in which release 1 of A is on its way. */
async function rolling() {
  const stage = theatre()
  stage.store.begin(t.APP, { commit: at, settings: 's', skip: false })
  await stage.play(toA, [{ action: 'release', version: 1, commit: at, adopted: false, built: true, reason: 'it differs' }])
  const { pending } = stage.store.read(t.APP)
  if (!pending) throw new Error('nothing is pending')
  return { ...stage, pending }
}

describe('starting', () => {
  it('gives each instance who it is, and an address that no route names', async () => {
    const { play, pending, started, told } = await rolling()
    await play(toA, starts(pending))
    expect(started.map((s) => [s.process, s.index, s.env.INSTANCE, s.oneOff])).toEqual([
      ['web', 1, '1', false],
      ['web', 2, '2', false],
      ['web', 3, '3', false],
    ])
    expect(told().filter((line) => line.startsWith('RolloutStarted'))).toEqual(['RolloutStarted: v1: web ×3'])
    expect(told().filter((line) => line.startsWith('InstanceStarted'))).toHaveLength(3)
  })

  it('that cannot succeed fails the commit, once, and nothing more of it is started', async () => {
    const { play, pending, started, told, fail, store } = await rolling()
    fail(new TrimtabError('StartFailed', 'no shell'))
    await play(toA, starts(pending))
    expect(started).toHaveLength(1)
    expect(store.read(t.APP)).toMatchObject({
      attempt: { state: 'failed', failure: { code: 'StartFailed', message: 'no shell' } },
      pending: null,
      retired: new Set([1]),
    })
    expect(told().filter((line) => line.startsWith('RolloutFailed'))).toEqual(['RolloutFailed: StartFailed: no shell'])
  })

  it('that may succeed later is tried later, once', async () => {
    const { play, pending, started, told, fail, store, clock } = await rolling()
    fail(new TrimtabError('DiskFull', 'no room', { retry: true }))
    await play(toA, starts(pending))
    expect(started).toHaveLength(1)
    expect(store.read(t.APP)).toMatchObject({
      attempt: { state: 'open', retryAt: clock.now + 5_000, tries: 1 },
      pending: { version: 1 },
    })
    expect(told().filter((line) => line.startsWith('Retry'))).toEqual(['RetryScheduled: DiskFull: no room (next try in 5 s)'])
    clock.now += 5_000
    fail(null)
    await play(toA, starts(pending))
    expect(started).toHaveLength(4)
  })

  it('of what is live counts as a crash, so that it backs off', async () => {
    const { play, live, store, fail, clock } = theatre()
    await live(1, A)
    const serving = store.read(t.APP).serving
    if (!serving) throw new Error('nothing serves')
    fail(new TrimtabError('NoPort', 'no free port'))
    await play(toA, starts(serving).slice(0, 1))
    expect(store.read(t.APP).crashes).toEqual([
      {
        instance: 'shop.web.v1.1',
        process: 'web',
        fingerprint: A.fingerprint,
        at: clock.now,
        ranMs: 0,
        how: 'no free port',
        log: '',
      },
    ])
    expect(store.read(t.APP).attempt?.state).toBe('succeeded')
  })

  it('on a machine that cannot be read is no verdict on anything', async () => {
    const { play, pending, fail, store } = await rolling()
    fail(new TrimtabError('RuntimeUnavailable', 'no socket', { retry: true }))
    await expect(play(toA, starts(pending))).rejects.toMatchObject({ code: 'RuntimeUnavailable' })
    expect(store.read(t.APP)).toMatchObject({ attempt: { state: 'open', retryAt: null }, pending: { version: 1 }, crashes: [] })
  })
})

describe('going live', () => {
  const rolledBack = (lines: string[]) => lines.filter((line) => line.startsWith('RolledBack'))

  it('of what was live before is told as a rollback', async () => {
    const { live, told } = theatre()
    await live(1, t.made('image-a'))
    await live(2, t.made('image-b'))
    await live(3, t.made('image-a'))
    expect(rolledBack(told())).toEqual(['RolledBack: v3 is v1 again'])
    expect(told()).toContain('BuildSkipped: the image of v1 is used again')
  })

  it('of another scale is none', async () => {
    const { live, told } = theatre()
    for (const web of [1, 2, 3]) await live(web, t.made('image-a', { web }))
    expect(rolledBack(told())).toEqual([])
  })
})

it('a route that another app took in the same moment fails the commit', async () => {
  const { play, store, told } = theatre()
  store.claim('cart', [t.ROUTE])
  store.begin(t.APP, { commit: at, settings: 's', skip: false })
  await play(toA, [{ action: 'release', version: 1, commit: at, adopted: false, built: true, reason: 'it differs' }])
  expect(store.read(t.APP)).toMatchObject({ attempt: { state: 'failed', failure: { code: 'RouteTaken' } }, pending: null })
  expect(told()).toEqual(['RolloutFailed: RouteTaken: shop.test/ is served by the app "cart" already.'])
})

it('a verdict on an instance comes with the last lines of its log', async () => {
  const { play, store } = await rolling()
  const failure = { code: 'CrashLoop' as const, message: 'web ended 3 times in a row' }
  await play(toA, [{ action: 'fail', commit: at, failure, blame: 'shop.web.v1.1', reason: '' }])
  expect(store.read(t.APP).attempt?.failure).toEqual({
    code: 'CrashLoop',
    message: 'web ended 3 times in a row\nshop.web.v1.1: listening\nError: no database\n    at main.js:1',
  })
})

it('an exit is noted before it is forgotten, with the line that says most', async () => {
  const { play, pending, store, told, calls } = await rolling()
  const ended = t.instance(pending, 'web', 1, { ...t.exited(1, null, 900), startedAt: 400 })
  await play(toA, [{ action: 'reap', instance: ended.name, crashed: true, reason: 'exit code 1' }], { instances: [ended] })
  expect(store.read(t.APP).crashes).toMatchObject([{ instance: 'shop.web.v1.1', at: 900, ranMs: 500, how: 'exit code 1' }])
  expect(told()).toContain('InstanceExited: shop.web.v1.1 ended by itself (exit code 1): Error: no database')
  expect(calls.at(-1)).toBe('remove shop.web.v1.1')
})

it('one that stopped answering leaves like a crash', async () => {
  const { play, pending, store, told } = await rolling()
  const sick = t.instance(pending, 'web', 1, { probe: 'unready', startedAt: 400 })
  await play(toA, [{ action: 'drain', instance: sick.name, unhealthy: true, reason: 'it does not answer' }], {
    instances: [sick],
  })
  expect(store.read(t.APP)).toMatchObject({
    draining: new Map([[sick.name, 1_000]]),
    crashes: [{ instance: sick.name, ranMs: 600, how: 'stopped answering' }],
  })
  expect(told()).toContain('InstanceUnhealthy: shop.web.v1.1 does not answer, and is replaced')
})
