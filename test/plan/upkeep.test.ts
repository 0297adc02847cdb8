/** A live release kept as it should be: crashes, silence, scale, restarts, stores that were lost, apps that are stopped. */
import { describe, expect, it } from 'vitest'
import { mayStartAt, retryDelay } from '../../src/plan/backoff.ts'
import { guardRemoval } from '../../src/plan/guard.ts'
import { plan } from '../../src/plan/plan.ts'
import * as t from './story.ts'

const nothing = { steps: [], again: null, waiting: [] }
const A = t.made('image-a')
const v1 = t.release(1, A)
const web = t.instance(v1, 'web', 1)
const settled = t.attempt(t.commit('a'), { state: 'succeeded' })
const toA = t.wants(t.commit('a'), A)
const live = (over: Parameters<typeof t.seen>[0] = {}) =>
  t.seen({ serving: v1, attempt: settled, instances: [web], table: t.table(v1, web), ...over })

describe('a crash of what is live', () => {
  it('leaves the routes, is noted, and then mended', () => {
    const { steps } = plan(toA, live({ instances: [t.instance(v1, 'web', 1, t.exited(null, 'SIGSEGV'))] }))
    expect(steps).toEqual([
      { action: 'write-routes', table: t.table(v1), reason: 'the instances of v1 that can answer' },
      { action: 'reap', instance: 'shop.web.v1.1', crashed: true, reason: 'SIGSEGV' },
    ])
  })

  it('is none where it was asked to stop', () => {
    const asked = t.instance(v1, 'web', 1, { ...t.exited(0), drainingSince: t.NOW - 100 })
    expect(plan(toA, live({ instances: [asked] })).steps.at(-1)).toMatchObject({ action: 'reap', crashed: false })
    const before = t.instance(v1, 'web', 1, t.exited(0))
    expect(plan(toA, live({ instances: [before], freshFrom: t.NOW - 50 })).steps.at(-1)).toMatchObject({ crashed: false })
  })

  it('may be followed by a start at once, then after 1, 2, 4 … seconds, and a minute at the longest', () => {
    const after = (count: number) =>
      mayStartAt(
        Array.from({ length: count }, () => t.crash(v1, 'web', 100)),
        1,
      ) - 100
    expect(mayStartAt([], 1)).toBe(0)
    expect(mayStartAt([t.crash(v1, 'web', 100)], 1)).toBe(0)
    expect([2, 3, 4, 5, 6, 7, 8, 9, 50].map(after)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
  })

  it('is waited after as long as its row of crashes says, to the millisecond', () => {
    const with_ = (...crashes: ReturnType<typeof t.crash>[]) => plan(toA, live({ instances: [], table: t.table(v1), crashes }))
    const at = (ago: number, ranMs = 100) => t.crash(v1, 'web', t.NOW - ago, { ranMs })
    expect(with_(at(9_000), at(8_000), at(1_999))).toEqual({
      steps: [],
      again: 1,
      waiting: ['web to be started again after 3 crashes'],
    })
    const start = { action: 'start', release: v1, process: 'web', index: 1, reason: 'web ended (exit code 1); 1 wanted' }
    expect(with_(at(9_000), at(8_000), at(2_000)).steps).toEqual([start])
    // A run of a minute ends the row.
    expect(with_(at(900_000), at(800_000, 60_000), at(10)).steps).toEqual([start])
    expect(with_(at(900_000), at(800_000, 59_999), at(10)).again).toBe(1_990)
  })

  it('of another process or another version is none of its own', () => {
    const v0 = t.release(0, t.made('image-0'))
    const crashes = [t.crash(v1, 'worker', t.NOW), t.crash(v1, 'worker', t.NOW), t.crash(v0, 'web', t.NOW)]
    expect(plan(toA, live({ instances: [], table: t.table(v1), crashes })).steps).toEqual([
      { action: 'start', release: v1, process: 'web', index: 1, reason: '1 of web wanted' },
    ])
  })
})

describe('an instance that stops answering', () => {
  const sick = t.instance(v1, 'web', 1, { probe: 'unready' })
  const next = (over = {}) => t.instance(v1, 'web', 2, over)

  it('stays in the routes until its replacement is ready: a slow answer is better than none', () => {
    expect(plan(toA, live({ instances: [sick] }))).toEqual({
      steps: [{ action: 'start', release: v1, process: 'web', index: 2, reason: '1 of web wanted' }],
      again: 0,
      waiting: [],
    })
    expect(plan(toA, live({ instances: [sick, next({ probe: 'starting', startedAt: t.NOW })] }))).toEqual({
      steps: [],
      again: 30_000,
      waiting: ['web.2 to become ready'],
    })
  })

  it('leaves the routes at once where another one answers', () => {
    const B = t.made('image-b', { web: 2 })
    const v2 = t.release(2, B)
    const [good, bad] = [t.instance(v2, 'web', 1), t.instance(v2, 'web', 2, { probe: 'unready' })]
    const world = t.seen({ serving: v2, attempt: settled, instances: [good, bad], table: t.table(v2, good, bad) })
    expect(plan(t.wants(t.commit('a'), B), world).steps).toEqual([
      { action: 'write-routes', table: t.table(v2, good), reason: 'the instances of v2 that can answer' },
      { action: 'start', release: v2, process: 'web', index: 3, reason: '2 of web wanted' },
    ])
  })

  it('is replaced, drained as unhealthy, and stopped', () => {
    const good = next()
    const { steps } = plan(toA, live({ instances: [sick, good] }))
    expect(steps).toEqual([{ action: 'write-routes', table: t.table(v1, good), reason: 'the instances of v1 that can answer' }])
    expect(plan(toA, live({ instances: [sick, good], table: t.table(v1, good) })).steps).toEqual([
      { action: 'drain', instance: 'shop.web.v1.1', unhealthy: true, reason: 'it does not answer' },
    ])
    const drained = t.instance(v1, 'web', 1, { probe: 'unready', drainingSince: t.NOW - 5, inFlight: 0 })
    expect(plan(toA, live({ instances: [drained, good], table: t.table(v1, good) })).steps).toEqual([
      { action: 'stop', instance: 'shop.web.v1.1', reason: 'it does not answer' },
    ])
  })

  it('that never answered is replaced when its grace time is over', () => {
    const mute = t.instance(v1, 'web', 1, { probe: 'starting', startedAt: t.NOW - 30_000 })
    expect(plan(toA, live({ instances: [mute], table: t.table(v1) })).steps).toEqual([
      { action: 'start', release: v1, process: 'web', index: 2, reason: '1 of web wanted' },
      { action: 'drain', instance: 'shop.web.v1.1', unhealthy: true, reason: 'it does not answer' },
    ])
  })

  it('is no matter just after trimtab was started: nobody has asked it yet', () => {
    expect(plan(toA, live({ instances: [t.instance(v1, 'web', 1, { probe: 'unknown' })] }))).toEqual({
      ...nothing,
      waiting: ['web.1 to become ready'],
    })
  })

  it('is waited for where nothing says what was routed: it may have served all the time', () => {
    const unheard = t.instance(v1, 'web', 1, { probe: 'unknown' })
    expect(plan(toA, live({ instances: [unheard], table: null }))).toEqual({
      ...nothing,
      waiting: ['web.1 to become ready', 'the first answer of shop.web.v1.1, to be routed'],
    })
    expect(plan(toA, live({ table: null })).steps).toEqual([
      { action: 'write-routes', table: t.table(v1, web), reason: 'the instances of v1 that can answer' },
    ])
  })
})

describe('a change of scale', () => {
  const scaled = (count: number) => t.made('image-a', { web: count })
  const world = (count: number, instances: (typeof web)[], over = {}) => {
    const v2 = t.release(2, scaled(count), { commit: t.commit('b'), status: 'pending' })
    const attempt = t.attempt(t.commit('b'))
    return t.seen({ serving: v1, pending: v2, attempt, instances, table: t.table(v1, web), ...over })
  }

  it('up starts only what is missing', () => {
    const observed = world(3, [web])
    expect(plan(t.wants(t.commit('b'), scaled(3)), observed).steps).toEqual([
      { action: 'start', release: observed.pending, process: 'web', index: 2, reason: '3 of web wanted' },
      { action: 'start', release: observed.pending, process: 'web', index: 3, reason: '3 of web wanted' },
    ])
  })

  it('down routes first, and drains the highest', () => {
    const three = [1, 2, 3].map((index) => t.instance(v1, 'web', index))
    const serving = t.release(1, scaled(3))
    const observed = world(1, three, { serving, table: t.table(v1, ...three) })
    const to = t.wants(t.commit('b'), scaled(1))
    expect(plan(to, observed).steps).toEqual([{ action: 'write-routes', table: t.table(v1, web), reason: 'v2 is ready' }])
    expect(plan(to, world(1, three, { serving })).steps).toEqual([
      { action: 'go-live', release: observed.pending, reason: 'ready, routed, and the router serves it' },
      { action: 'drain', instance: 'shop.web.v1.2', unhealthy: false, reason: 'replaced, or more than are wanted' },
      { action: 'drain', instance: 'shop.web.v1.3', unhealthy: false, reason: 'replaced, or more than are wanted' },
    ])
  })

  it('to nothing leaves a route that nobody serves', () => {
    const observed = world(0, [web])
    expect(plan(t.wants(t.commit('b'), scaled(0)), observed).steps).toEqual([
      { action: 'write-routes', table: t.table(v1), reason: 'v2 is ready' },
    ])
  })
})

describe('a change of routes', () => {
  it('alone starts nothing', () => {
    const N = t.made('image-a', { routes: [{ ...t.ROUTE, host: 'new.test' }] })
    const v2 = t.release(2, N, { commit: t.commit('b'), status: 'pending' })
    const world = t.seen({
      serving: v1,
      pending: v2,
      attempt: t.attempt(t.commit('b')),
      instances: [web],
      table: t.table(v1, web),
    })
    expect(plan(t.wants(t.commit('b'), N), world)).toEqual({
      steps: [{ action: 'write-routes', table: t.table(v2, web), reason: 'v2 is ready' }],
      again: 0,
      waiting: [],
    })
  })

  it('to none removes the file', () => {
    const N = t.made('image-a', { routes: [] })
    const v2 = t.release(2, N, { commit: t.commit('b'), status: 'pending' })
    const world = t.seen({
      serving: v1,
      pending: v2,
      attempt: t.attempt(t.commit('b')),
      instances: [web],
      table: t.table(v1, web),
    })
    expect(plan(t.wants(t.commit('b'), N), world).steps).toEqual([{ action: 'remove-routes', reason: 'v2 has no routes' }])
  })
})

describe('a restart', () => {
  const asked = { freshFrom: t.NOW - 1_000 }
  const fresh = t.instance(v1, 'web', 2, { startedAt: t.NOW - 900 })

  it('starts new ones, moves the routes to them, and then takes the old ones away', () => {
    expect(plan(toA, live(asked)).steps).toEqual([
      { action: 'start', release: v1, process: 'web', index: 2, reason: '1 of web wanted' },
    ])
    expect(plan(toA, live({ ...asked, instances: [web, fresh] })).steps).toEqual([
      { action: 'write-routes', table: t.table(v1, fresh), reason: 'the instances of v1 that can answer' },
    ])
    expect(plan(toA, live({ ...asked, instances: [web, fresh], table: t.table(v1, fresh) })).steps).toEqual([
      { action: 'drain', instance: 'shop.web.v1.1', unhealthy: false, reason: 'replaced, or more than are wanted' },
    ])
  })

  it('forgets the crashes before it', () => {
    const crashes = [3_000, 2_000, 1_500].map((ago) => t.crash(v1, 'web', t.NOW - ago))
    const world = { instances: [], table: t.table(v1), crashes }
    expect(plan(toA, live({ ...world, freshFrom: t.NOW - 1_000 })).steps.map((s) => s.action)).toEqual(['start'])
    expect(plan(toA, live(world)).waiting).toEqual(['web to be started again after 3 crashes'])
  })
})

describe('with a new store', () => {
  const lost = { attempt: t.attempt(t.commit('a')), table: t.table(v1, web) }

  it('what runs and is wanted keeps its number, and nothing is started', () => {
    const v7 = t.release(7, A)
    const seven = t.instance(v7, 'web', 1)
    const world = t.seen({ ...lost, instances: [seven], table: t.table(v7, seven) })
    expect(plan(toA, world)).toEqual({
      steps: [{ action: 'release', version: 7, commit: t.commit('a'), adopted: true, built: false, reason: 'it serves already' }],
      again: 0,
      waiting: [],
    })
  })

  it('what runs and is not wanted serves on until the new one does', () => {
    const B = t.made('image-b')
    const next = t.release(2, B, { commit: t.commit('b'), status: 'pending' })
    const to = t.wants(t.commit('b'), B)
    const attempt = t.attempt(t.commit('b'))
    expect(plan(to, t.seen({ ...lost, attempt, instances: [web] })).steps).toEqual([
      {
        action: 'release',
        version: 2,
        commit: t.commit('b'),
        adopted: false,
        built: false,
        reason: 'no release is live yet',
      },
    ])
    const up = t.instance(next, 'web', 1)
    const routed = t.seen({ ...lost, attempt, pending: next, instances: [web, up], table: t.table(next, up) })
    expect(plan(to, routed).steps.map((s) => s.action)).toEqual(['go-live'])
  })

  it('what never was routed is not taken for live', () => {
    expect(plan(toA, t.seen({ ...lost, instances: [web], table: null })).steps).toMatchObject([{ adopted: false, version: 2 }])
  })

  it('a release that is on its way is not adopted as another', () => {
    // The content changed under an open attempt (another default, say), while the instances are what they were.
    const other = t.made('image-a', { routes: [{ ...t.ROUTE, path: '/other' }] })
    const world = t.seen({ ...lost, pending: t.release(1, A, { status: 'pending' }), instances: [web] })
    expect(plan(t.wants(t.commit('a'), other), world).steps).toMatchObject([{ action: 'release', version: 2, adopted: false }])
  })
})

describe('an app that is to stop', () => {
  it('leaves the routes first; then its instances are drained and stopped', () => {
    const reason = 'the app is suspended'
    expect(plan(t.SUSPENDED, live())).toEqual({
      steps: [{ action: 'remove-routes', reason }],
      again: 0,
      waiting: ['shop.web.v1.1 to leave the routes'],
    })
    const one = { instance: 'shop.web.v1.1', reason }
    expect(plan(t.SUSPENDED, live({ table: null, confirmed: false })).waiting).toEqual(['the router to confirm'])
    expect(plan(t.SUSPENDED, live({ table: null })).steps).toEqual([{ action: 'drain', ...one, unhealthy: false }])
    const drained = t.instance(v1, 'web', 1, { drainingSince: t.NOW, inFlight: 0 })
    expect(plan(t.SUSPENDED, live({ table: null, instances: [drained] })).steps).toEqual([{ action: 'stop', ...one }])
    const ended = t.instance(v1, 'web', 1, t.exited(0))
    expect(plan(t.SUSPENDED, live({ table: null, instances: [ended] })).steps).toEqual([
      { action: 'reap', instance: 'shop.web.v1.1', crashed: false, reason: 'exit code 0' },
    ])
    expect(plan(t.SUSPENDED, live({ table: null, instances: [] }))).toEqual(nothing)
  })

  it('is forgotten when it is no longer declared and nothing of it is left', () => {
    const reason = 'the app is no longer declared'
    expect(plan(t.REMOVED, live()).steps).toEqual([{ action: 'remove-routes', reason }])
    expect(plan(t.REMOVED, live({ table: null, instances: [] })).steps).toEqual([{ action: 'forget', reason }])
    expect(plan(t.REMOVED, t.seen())).toEqual(nothing)
  })

  it('gives back the routes that a new store only knows as claimed', () => {
    const claimed = new Map([['shop.test /', t.APP]])
    expect(plan(t.REMOVED, t.seen({ claimed })).steps.map((s) => s.action)).toEqual(['forget'])
    expect(plan(t.REMOVED, t.seen({ claimed: new Map([['shop.test /', 'cart']]) }))).toEqual(nothing)
  })

  it('keeps how a release phase ended while its release is pending, so that it counts when the rollout goes on', () => {
    const pending = t.release(2, t.made('image-p', { phase: 'migrate' }), { status: 'pending' })
    const world = t.seen({ pending, phase: 'running', instances: [t.phaseOf(pending, t.exited(0))] })
    const attempt = t.attempt(t.commit('a'))
    expect(plan(t.SUSPENDED, world)).toEqual(nothing)
    const imageGone = t.unbuilt({ state: 'running', startedAt: t.NOW })
    expect(plan(t.wants(t.commit('a'), imageGone), { ...world, attempt }).steps).toEqual([])
    expect(plan(t.REMOVED, world).steps.map((s) => s.action)).toEqual(['reap'])
  })

  it('waits for a one-off that is at work', () => {
    const world = live({ table: null, instances: [t.phaseOf(v1)] })
    expect(plan(t.REMOVED, world)).toEqual({ ...nothing, waiting: ['shop.release.v1.1 to end'] })
  })
})

it('tells the next try of something that may pass: doubling, five minutes at the longest', () => {
  expect([0, 1, 2, 7, 8, 30].map((tries) => retryDelay(tries, 0.5))).toEqual([2_000, 4_000, 8_000, 256_000, 300_000, 300_000])
})

it('refuses to remove most of the apps', () => {
  const refused = (before: string[], after: string[]) => guardRemoval(before, after, 2)
  expect(refused(['a', 'b', 'c', 'd'], ['d'])).toBe(
    '3 of 4 apps would be removed (a, b, c). Nothing was. If this is meant: trimtab sync --allow-prune',
  )
  expect(refused(['b', 'a', 'c'], [])).toContain('(a, b, c)')
  expect(refused(['a', 'b'], [])).toBe(null)
  expect(refused(['a', 'b', 'c', 'd', 'e', 'f'], ['d', 'e', 'f'])).toBe(null)
  expect(refused(['a', 'b', 'c'], ['a', 'b', 'c', 'd'])).toBe(null)
  expect(guardRemoval(['a', 'b', 'c'], ['c'], 0)).toContain('2 of 3 apps would be removed (a, b)')
  expect(guardRemoval(['a'], [], 0)).toContain('1 of 1 app would be removed (a)')
  expect(guardRemoval(['a', 'b'], ['b'], 0)).toBe(null)
})
