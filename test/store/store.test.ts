import { describe, expect, it } from 'vitest'
import type { Crash, Event } from '../../src/domain.ts'
import { A, B, draft, FAILURE, opened, route, UNKNOWN } from './opened.ts'

const begin = { commit: A, settings: 's', skip: false }
const attempt = {
  commit: A,
  settings: 's',
  state: 'open',
  failure: null,
  retryAt: null,
  tries: 0,
  built: false,
  startedAt: 1_000,
}

it('knows nothing of an app it has never heard of', () => {
  expect(opened().store.read('shop')).toEqual(UNKNOWN)
})

it('remembers everything over a restart, and keeps apps apart', () => {
  const { store, clock, reopen } = opened()
  store.begin('shop', begin)
  store.release(draft(1), false)
  store.goLive('shop', 1)
  clock.now = 2_000
  store.begin('shop', { commit: B, settings: 't', skip: false })
  store.release(draft(2, { commit: B }), false)
  store.phase('shop', 2, 'running')
  store.drain('shop', 'shop.web.v1.1')
  store.restart('shop')
  store.suspend('shop')
  const before = store.read('shop')
  expect(before).toEqual({
    attempt: { ...attempt, commit: B, settings: 't', startedAt: 2_000 },
    serving: { ...draft(1), createdAt: 1_000, status: 'live' },
    liveSince: 1_000,
    pending: { ...draft(2, { commit: B }), createdAt: 2_000, status: 'pending' },
    phase: 'running',
    retired: new Set(),
    lastVersion: 2,
    crashes: [],
    draining: new Map([['shop.web.v1.1', 2_000]]),
    freshFrom: 2_000,
    suspendedSince: 2_000,
    suspension: null,
    held: null,
  })
  expect(reopen().read('shop')).toEqual(before)
  expect(reopen().read('sho')).toMatchObject({ attempt: null, serving: null, lastVersion: 0, draining: new Map() })
})

describe('an attempt', () => {
  it('is opened, and supersedes what was on its way', () => {
    const { store, clock } = opened()
    store.begin('shop', begin)
    expect(store.read('shop').attempt).toEqual(attempt)
    store.release(draft(1), false)
    clock.now = 2_000
    store.begin('shop', { commit: B, settings: 's', skip: false })
    expect(store.read('shop')).toMatchObject({ attempt: { ...attempt, commit: B, startedAt: 2_000 }, pending: null })
    expect(store.read('shop').retired).toEqual(new Set([1]))
  })

  it('may be skipped', () => {
    const { store } = opened()
    store.begin('shop', { ...begin, skip: true })
    expect(store.read('shop').attempt).toEqual({ ...attempt, state: 'skipped' })
  })

  it('waits for a build, which those who ask find again', () => {
    const { store } = opened()
    for (const app of ['shop', 'cart', 'blog']) store.begin(app, begin)
    expect(store.lastBuild('shop')).toBe(null)
    for (const app of ['shop', 'cart']) store.building(app, 'k1')
    expect(store.read('shop').attempt).toEqual({ ...attempt, built: true })
    expect(store.waitingFor('k1').sort()).toEqual(['cart', 'shop'])
    store.fail('cart', FAILURE)
    expect(store.waitingFor('k1')).toEqual(['shop'])
    store.begin('shop', { ...begin, commit: B })
    expect(store.waitingFor('k1')).toEqual([])
    expect(store.lastBuild('shop')).toBe('k1')
  })

  it('fails with its reason, and what was pending with it; the old release stays', () => {
    const { store } = opened()
    store.begin('shop', begin)
    store.release(draft(1), false)
    store.goLive('shop', 1)
    store.begin('shop', { ...begin, commit: B })
    store.release(draft(2), false)
    store.fail('shop', FAILURE)
    const read = store.read('shop')
    expect(read.attempt).toEqual({ ...attempt, commit: B, state: 'failed', failure: FAILURE })
    expect([read.serving?.version, read.pending, read.retired]).toEqual([1, null, new Set([2])])
    expect(store.releases('shop', 9).map((r) => [r.version, r.status])).toEqual([
      [2, 'failed'],
      [1, 'live'],
    ])
  })

  it('is tried later, counts its tries, and forgets its failure with success', () => {
    const { store } = opened()
    store.begin('shop', begin)
    store.retryLater('shop', FAILURE, 5_000)
    store.retryLater('shop', FAILURE, 9_000)
    expect(store.read('shop').attempt).toEqual({ ...attempt, failure: FAILURE, retryAt: 9_000, tries: 2 })
    store.building('shop', 'k1')
    expect(store.read('shop').attempt).toEqual({ ...attempt, failure: FAILURE, tries: 2, built: true })
    store.settle('shop')
    expect(store.read('shop').attempt).toEqual({ ...attempt, state: 'succeeded', tries: 2, built: true })
  })

  it('that failed is tried again when somebody asks; one that waits goes at once; others stay', () => {
    const { store } = opened()
    store.again('shop')
    store.begin('shop', begin)
    store.again('shop')
    expect(store.read('shop').attempt).toEqual(attempt)
    store.retryLater('shop', FAILURE, 9_000)
    store.again('shop')
    expect(store.read('shop').attempt).toEqual({ ...attempt, failure: FAILURE, tries: 1 })
    store.fail('shop', FAILURE)
    store.again('shop')
    expect(store.read('shop').attempt).toBe(null)
    store.begin('shop', begin)
    store.settle('shop')
    store.again('shop')
    expect(store.read('shop').attempt).toEqual({ ...attempt, state: 'succeeded' })
  })

  it('that is over is not brought back by what comes late', () => {
    const { store } = opened()
    store.begin('shop', begin)
    store.fail('shop', FAILURE)
    store.again('shop')
    store.settle('shop')
    store.building('shop', 'k1')
    store.retryLater('shop', FAILURE, 1)
    store.fail('shop', FAILURE)
    expect(store.read('shop').attempt).toBe(null)
  })

  it('that settles leaves nothing pending', () => {
    const { store } = opened()
    store.begin('shop', begin)
    store.release(draft(1), false)
    store.settle('shop')
    expect(store.read('shop')).toMatchObject({ pending: null, retired: new Set([1]) })
  })
})

describe('a release', () => {
  it('is pending until it goes live, in place of the one before', () => {
    const { store, clock } = opened()
    store.begin('shop', begin)
    expect(store.release(draft(1), false)).toEqual({ ...draft(1), status: 'pending', createdAt: 1_000 })
    clock.now = 2_000
    store.goLive('shop', 1)
    expect(store.read('shop')).toMatchObject({
      attempt: { state: 'succeeded', failure: null },
      serving: { ...draft(1), status: 'live', createdAt: 1_000 },
      liveSince: 2_000,
      pending: null,
    })
    store.begin('shop', { ...begin, commit: B })
    store.release(draft(2), false)
    store.goLive('shop', 2)
    expect(store.read('shop')).toMatchObject({ serving: { version: 2 }, retired: new Set([1]), lastVersion: 2 })
  })

  it('takes the place of one that is still pending', () => {
    const { store } = opened()
    store.begin('shop', begin)
    store.release(draft(1), false)
    store.release(draft(2), false)
    expect(store.read('shop')).toMatchObject({ pending: { version: 2 }, retired: new Set([1]) })
  })

  it('that is adopted is live at once, with its phase behind it', () => {
    const { store } = opened()
    store.begin('shop', begin)
    store.release(draft(7), true)
    expect(store.read('shop')).toMatchObject({
      attempt: { state: 'succeeded' },
      serving: { version: 7 },
      liveSince: 1_000,
      lastVersion: 7,
    })
  })

  it('is told newest first, so many of them', () => {
    const { store } = opened()
    for (const version of [1, 2, 3]) {
      store.begin('shop', begin)
      store.release(draft(version), false)
      store.goLive('shop', version)
    }
    store.release(draft(1, { app: 'cart' }), false)
    expect(store.releases('shop', 2).map((r) => [r.version, r.status, r.built])).toEqual([
      [3, 'live', true],
      [2, 'superseded', false],
    ])
    expect(store.releases('blog', 2)).toEqual([])
  })

  it('has a phase that goes from todo to done', () => {
    const { store } = opened()
    store.release(draft(1), false)
    const phases = [store.read('shop').phase]
    for (const phase of ['running', 'done'] as const) {
      store.phase('shop', 1, phase)
      phases.push(store.read('shop').phase)
    }
    expect(phases).toEqual(['todo', 'running', 'done'])
    store.goLive('shop', 1)
    store.release(draft(2), false)
    expect(store.read('shop').phase).toBe('todo')
  })

  it('keeps its image while it is among the last that went live, or on its way', () => {
    const { store } = opened()
    const live = (version: number, image: string, app = 'shop') => {
      store.release(draft(version, { app, image }), false)
      store.goLive(app, version)
    }
    live(1, 'one')
    live(2, 'two')
    live(3, 'three')
    // Never went live: no reason to keep it, nor to count it.
    store.release(draft(4, { image: 'failed' }), false)
    store.fail('shop', FAILURE)
    store.release(draft(5, { image: 'superseded' }), false)
    store.begin('shop', begin)
    store.release(draft(6, { image: 'next' }), false)
    live(1, 'other', 'cart')
    expect(store.keptImages(2)).toEqual(new Set(['two', 'three', 'next', 'other']))
    expect(store.keptImages(0)).toEqual(new Set(['three', 'next', 'other']))
  })
})

describe('routes', () => {
  it('are claimed with the release, and settle to what is live', () => {
    const { store } = opened()
    const claims = () => Object.fromEntries(store.claims())
    store.begin('shop', begin)
    store.release(draft(1, { routes: [route('a.test'), route('b.test', '/x')] }), false)
    expect(claims()).toEqual({ 'a.test /': 'shop', 'b.test /x': 'shop' })
    store.goLive('shop', 1)
    store.begin('shop', { ...begin, commit: B })
    store.release(draft(2, { routes: [route('c.test')] }), false)
    // Until it is known which of the two it will be, both.
    expect(claims()).toEqual({ 'a.test /': 'shop', 'b.test /x': 'shop', 'c.test /': 'shop' })
    store.fail('shop', FAILURE)
    expect(claims()).toEqual({ 'a.test /': 'shop', 'b.test /x': 'shop' })
    store.release(draft(3, { routes: [route('c.test')] }), false)
    store.goLive('shop', 3)
    expect(claims()).toEqual({ 'c.test /': 'shop' })
  })

  it('that are taken leave nothing of the release behind', () => {
    const { store } = opened()
    store.release(draft(1, { app: 'cart', routes: [route('b.test')] }), false)
    store.begin('shop', begin)
    const before = store.read('shop')
    expect(() => store.release(draft(1, { routes: [route('a.test'), route('b.test')] }), true)).toThrow(
      expect.objectContaining({ code: 'RouteTaken', message: 'b.test/ is served by the app "cart" already.', retry: false }),
    )
    expect(store.read('shop')).toEqual(before)
    expect(store.releases('shop', 9)).toEqual([])
    expect(Object.fromEntries(store.claims())).toEqual({ 'b.test /': 'cart' })
  })

  it('of a superseded first release are free again', () => {
    const { store } = opened()
    store.begin('shop', begin)
    store.release(draft(1), false)
    store.begin('shop', { ...begin, commit: B })
    expect(store.claims().size).toBe(0)
  })

  it('that a route file shows are held in a new store until the app goes live, whatever fails before', () => {
    const { store } = opened()
    const claims = () => Object.fromEntries(store.claims())
    store.claim('shop', [route('a.test'), route('b.test')])
    store.begin('shop', begin)
    store.fail('shop', FAILURE)
    store.begin('shop', { ...begin, commit: B })
    expect(claims()).toEqual({ 'a.test /': 'shop', 'b.test /': 'shop' })
    expect(() => store.release(draft(1, { app: 'cart', routes: [route('a.test')] }), false)).toThrow('by the app "shop"')
    store.release(draft(1, { routes: [route('b.test')] }), false)
    store.goLive('shop', 1)
    expect(claims()).toEqual({ 'b.test /': 'shop' })
  })

  it('that two route files show are the first one’s, and no reason not to start', () => {
    const { store } = opened()
    store.claim('cart', [route('a.test')])
    store.claim('shop', [route('a.test'), route('b.test')])
    expect(Object.fromEntries(store.claims())).toEqual({ 'a.test /': 'cart', 'b.test /': 'shop' })
  })

  it('that a route file shows are no news to a store that knows the app’s', () => {
    const { store } = opened()
    store.release(draft(1, { routes: [route('a.test')] }), false)
    store.claim('shop', [route('z.test')])
    expect(Object.fromEntries(store.claims())).toEqual({ 'a.test /': 'shop' })
  })
})

describe('instances', () => {
  const crash = (n: number): Crash => ({
    instance: `shop.web.v1.${n}`,
    process: 'web',
    fingerprint: 'f',
    at: n,
    ranMs: 10,
    how: 'exit code 1',
    log: 'out of memory\n',
  })

  it('drain since the first time that was said, until they are wanted again or gone', () => {
    const { store, clock } = opened()
    store.drain('shop', 'one')
    clock.now = 2_000
    store.drain('shop', 'one')
    store.drain('shop', 'two')
    store.drain('cart', 'three')
    expect(store.read('shop').draining).toEqual(new Map(Object.entries({ one: 1_000, two: 2_000 })))
    store.undrain('shop', 'one')
    store.ended('shop', 'two', null)
    expect(store.read('shop')).toMatchObject({ draining: new Map(), crashes: [] })
    expect(store.read('cart').draining.size).toBe(1)
  })

  it('that crashed are told oldest first, the last fifty of each app', () => {
    const { store } = opened()
    store.ended('cart', 'x', crash(0))
    for (let n = 1; n <= 53; n++) store.ended('shop', `shop.web.v1.${n}`, crash(n))
    const { crashes } = store.read('shop')
    expect(crashes.map((c) => c.at)).toEqual(Array.from({ length: 50 }, (_, i) => i + 4))
    expect(crashes[0]).toEqual(crash(4))
    expect(store.read('cart').crashes).toEqual([crash(0)])
  })
})

it('suspends an app, and restart lifts it', () => {
  const { store, clock } = opened()
  store.suspend('shop')
  expect(store.read('shop')).toMatchObject({ suspendedSince: 1_000, freshFrom: 0 })
  clock.now = 2_000
  store.restart('shop')
  expect(store.read('shop')).toMatchObject({ suspendedSince: null, freshFrom: 2_000 })
  store.suspend('shop')
  expect(store.read('shop')).toMatchObject({ suspendedSince: 2_000, freshFrom: 2_000 })
})

it('forgets an app that is gone, and keeps its history', () => {
  const { store } = opened()
  store.begin('shop', begin)
  store.release(draft(1), false)
  store.goLive('shop', 1)
  store.begin('shop', { ...begin, commit: B })
  store.release(draft(2), false)
  store.claim('blog', [route('blog.test')])
  store.forget('shop')
  store.forget('blog')
  store.forget('never')
  expect(store.read('shop')).toMatchObject({
    attempt: null,
    serving: null,
    pending: null,
    lastVersion: 2,
    retired: new Set([1, 2]),
  })
  expect(store.claims().size).toBe(0)
  expect(store.releases('shop', 9)).toHaveLength(2)
})

describe('events', () => {
  it('are told oldest first: the last so many, of one app or all, or after one that is known', () => {
    const { store, clock } = opened()
    const event = store.event({ app: 'shop', type: 'CommitSeen', commit: A, message: 'one' })
    expect(event).toEqual({
      id: 1,
      at: 1_000,
      app: 'shop',
      type: 'CommitSeen',
      commit: A,
      release: null,
      message: 'one',
      durationMs: null,
    })
    clock.now = 2_000
    store.event({ app: 'cart', type: 'RolloutSucceeded', release: 3, message: 'two', durationMs: 12.5 })
    store.event({ app: 'shop', type: 'BuildStarted', message: 'three' })
    const messages = (filter: Parameters<typeof store.events>[0]) => store.events(filter).map((e) => e.message)
    expect(messages({ limit: 9 })).toEqual(['one', 'two', 'three'])
    expect(messages({ limit: 2 })).toEqual(['two', 'three'])
    expect(messages({ app: 'shop', limit: 9 })).toEqual(['one', 'three'])
    expect(messages({ app: 'shop', limit: 9, afterId: 1 })).toEqual(['three'])
    expect(messages({ limit: 9, afterId: 3 })).toEqual([])
    expect(store.events({ app: 'shop', limit: 9 })[0]).toEqual(event)
  })

  it('reach those who watch, until they stop', () => {
    const { store } = opened()
    const seen: Event[] = []
    const end = store.onEvent((event) => seen.push(event))
    const event = store.event({ app: '', type: 'ConfigChanged', message: 'one' })
    end()
    store.event({ app: '', type: 'ConfigChanged', message: 'two' })
    expect(seen).toEqual([event])
  })

  it('take durations that are no whole milliseconds', () => {
    const { store } = opened()
    store.event({ app: 'shop', type: 'BuildSucceeded', message: '', durationMs: 12.5 })
    store.buildRecord({ app: 'shop', commit: A, key: 'k', outcome: 'succeeded', message: '', durationMs: 12.5 })
    const [event] = store.events({ limit: 1 })
    expect(event?.durationMs).toBe(13)
  })
})
