/** What waits, for what, and what goes on meanwhile. */
import { describe, expect, it } from 'vitest'
import { circleFrom } from '../../src/plan/circle.ts'
import { roughly } from '../../src/plan/hold.ts'
import { plan } from '../../src/plan/plan.ts'
import { statusOf } from '../../src/plan/status.ts'
import type { Desired, Observed, Steering } from '../../src/plan/world.ts'
import * as t from './story.ts'

const A = t.made('image-a')
const B = t.made('image-b')
const v1 = t.release(1, A)
const v2 = t.release(2, B, { commit: t.commit('b'), status: 'pending' })
const web = t.instance(v1, 'web', 1)
const running = { serving: v1, instances: [web], table: t.table(v1, web) }
const done = t.attempt(t.commit('a'), { state: 'succeeded' })
const suspension = { by: 'ana', reason: 'the sale is on', since: Date.UTC(2026, 0, 2, 3, 4) }
const inWords = 'suspended by ana since 2026-01-02 03:04 UTC (the sale is on)'

const steered = (steering: Steering, desired: Desired = t.wants(t.commit('b'), B)): Desired =>
  desired.target.kind === 'commit' ? { ...desired, target: { ...desired.target, steering } } : desired
const status = (desired: Desired, over: Partial<Observed>) => {
  const observed = t.seen(over)
  return statusOf(desired, observed, plan(desired, observed).waiting, 1, () => 'http://shop.test')
}

// 16 minutes and 40 seconds into 1970, a Thursday.
const CLOSED = { deploy: { window: 'Thu 09:00-17:00', timezone: 'Etc/GMT-1' } }
const OPEN = { deploy: { window: 'Thu 00:00-02:00', timezone: 'Etc/GMT-1' } }

describe.each([
  {
    what: 'somebody suspended the app',
    steering: {},
    over: { suspension },
    kind: 'suspended',
    why: `trimtab resume: ${inWords}`,
    ms: null,
  },
  {
    what: 'app.yaml suspends it',
    steering: { suspend: true as const },
    over: {},
    kind: 'app.yaml',
    why: 'a commit without "suspend: true" in app.yaml: no commit is deployed since bbbbbbb says so',
    ms: null,
  },
  {
    what: 'the window is closed',
    steering: CLOSED,
    over: {},
    kind: 'window',
    why: 'the deploy window: opens Thu 09:00 Etc/GMT-1 (in 8 h)',
    ms: 8 * 3_600_000 - t.NOW,
  },
])('$what:', ({ steering, over, kind, why, ms }) => {
  const held = { commit: t.commit('b'), kind: kind as 'window', since: 1 }
  const wanted = steered(steering)

  it('a new commit waits, which is noted once; what runs stays', () => {
    const world = { ...running, ...over, attempt: done }
    expect(plan(wanted, t.seen(world))).toEqual({
      steps: [{ action: 'hold', commit: t.commit('b'), kind, reason: `waiting for ${why}` }],
      again: 0,
      waiting: [why],
    })
    expect(plan(wanted, t.seen({ ...world, held }))).toEqual({ steps: [], again: ms, waiting: [why] })
    expect(plan(wanted, t.seen({ ...world, held, instances: [] })).steps.map(({ action }) => action)).toEqual([
      'write-routes',
      'start',
    ])
  })

  it('the next commit is noted in its place', () => {
    const next = steered(steering, t.wants(t.commit('c'), t.made('image-c')))
    expect(plan(next, t.seen({ ...running, ...over, attempt: done, held })).steps).toMatchObject([
      { action: 'hold', commit: t.commit('c') },
    ])
  })

  it('a rollout that has begun is finished', () => {
    const next = steered(steering, t.wants(t.commit('c'), t.made('image-c')))
    const young = t.instance(v2, 'web', 1, { startedAt: t.NOW - 300 })
    const open = t.attempt(t.commit('b'))
    const rolling = { ...running, ...over, pending: v2, attempt: open, held: { ...held, commit: t.commit('c') } }
    expect(plan(next, t.seen(rolling)).steps).toMatchObject([{ action: 'start', release: v2 }])
    const routed = { ...rolling, instances: [web, young], table: t.table(v2, young) }
    expect(plan(next, t.seen(routed)).steps).toMatchObject([{ action: 'go-live', release: v2 }])
    // It rests where it waits for its next try.
    const later = { ...open, retryAt: t.NOW + 500, failure: t.FAILURE }
    expect(plan(next, t.seen({ ...rolling, attempt: later }))).toMatchObject({ steps: [], again: 500 })
  })

  it('one whose build is done by now is not released', () => {
    const open = t.attempt(t.commit('b'), { built: true })
    expect(plan(wanted, t.seen({ ...running, ...over, attempt: open, held })).steps).toEqual([])
  })

  it('with a new store, what runs is taken over all the same', () => {
    const again = steered(steering, t.wants(t.commit('a'), A))
    const world = { instances: [web], table: t.table(v1, web) }
    expect(plan(again, t.seen(world)).steps).toMatchObject([{ action: 'begin' }])
    expect(plan(again, t.seen({ ...world, attempt: t.attempt(t.commit('a')) })).steps).toMatchObject([
      { action: 'release', adopted: true },
    ])
  })
})

describe('suspended:', () => {
  const live = { ...running, attempt: done }
  it('nothing is noted where nothing is new, and it is told all the same', () => {
    expect(plan(t.wants(t.commit('a'), A), t.seen({ ...live, suspension }))).toEqual({
      steps: [],
      again: null,
      waiting: [`trimtab resume: ${inWords}`],
    })
    const told = status(t.wants(t.commit('a'), A), { ...live, suspension })
    expect(told).toMatchObject({
      status: 'Suspended',
      serving: { commit: t.commit('a') },
      suspended: { by: 'ana', since: '2026-01-02T03:04:00.000Z', reason: 'the sale is on' },
      message: `waiting for trimtab resume: ${inWords}`,
    })
    expect(told.held).toBeUndefined()
  })

  it('it is told where git cannot be read, and where the app is stopped', () => {
    const by = { by: 'ana', since: '2026-01-02T03:04:00.000Z', reason: 'the sale is on' }
    expect(status(t.UNREADABLE, { ...live, suspension })).toMatchObject({ status: 'Suspended', suspended: by })
    expect(status(t.SUSPENDED, { ...live, suspension })).toMatchObject({
      status: 'Suspended',
      suspended: by,
      message: expect.stringMatching(/^stopped by hand \(down\); trimtab restart brings it back/),
    })
    const held = { commit: t.commit('b'), kind: 'app.yaml' as const, since: 5_000 }
    const since = new Date(5_000).toISOString()
    expect(status(t.UNREADABLE, { ...live, held }).suspended).toEqual({ by: 'app.yaml at bbbbbbb', since })
    expect(status(steered({ suspend: true }, t.wants(t.commit('c'), B)), { ...live, held }).suspended).toEqual({
      by: 'app.yaml at ccccccc',
      since,
    })
  })

  it('a failure of what runs is told with it', () => {
    const failed = t.attempt(t.commit('a'), { state: 'failed', failure: t.FAILURE })
    expect(status(t.wants(t.commit('b'), B), { ...running, attempt: failed, suspension })).toMatchObject({
      status: 'Suspended',
      failure: { commit: t.commit('a'), code: 'BuildFailed' },
    })
  })

  it('a person comes before app.yaml, and that before the window', () => {
    const both = steered({ suspend: true, ...CLOSED, waitsFor: ['auth'] })
    expect(plan(both, t.seen({ suspension })).steps).toMatchObject([{ kind: 'suspended' }])
    expect(plan(both, t.seen()).steps).toMatchObject([{ kind: 'app.yaml' }])
    expect(plan(steered({ ...CLOSED, waitsFor: ['auth'] }), t.seen()).steps).toMatchObject([{ kind: 'dependencies' }])
  })
})

describe('lifted:', () => {
  it('the commit is taken up', () => {
    const held = { commit: t.commit('b'), kind: 'window' as const, since: 1 }
    expect(plan(steered(OPEN), t.seen({ ...running, attempt: done, held })).steps).toMatchObject([
      { action: 'lift', commit: t.commit('b'), kind: 'window' },
      { action: 'begin', commit: t.commit('b') },
    ])
  })

  it('but not because git cannot be read', () => {
    const held = { commit: t.commit('b'), kind: 'app.yaml' as const, since: 1 }
    expect(plan(t.UNREADABLE, t.seen({ ...running, attempt: done, held })).steps).toEqual([])
  })
})

describe('a closed window', () => {
  it('is nothing to a commit that is live, failed or passed over, nor to one that comes to what runs', () => {
    const of = (desired: Desired, attempt = done) => plan(steered(CLOSED, desired), t.seen({ ...running, attempt }))
    const nothing = { steps: [], again: null, waiting: [] }
    expect(of(t.wants(t.commit('a'), A))).toEqual(nothing)
    expect(of(t.wants(t.commit('b'), B), t.attempt(t.commit('b'), { state: 'failed', failure: t.FAILURE }))).toEqual(nothing)
    expect(of(t.wants(t.commit('b'), B, { skip: true })).steps).toMatchObject([{ action: 'begin', skip: true }])
    expect(of(t.wants(t.commit('b'), A)).steps).toMatchObject([{ action: 'begin', skip: false }])
  })

  it('keeps what a deployed commit newly comes to from being deployed', () => {
    const changed = steered(CLOSED, t.wants(t.commit('a'), B))
    expect(plan(changed, t.seen({ ...running, attempt: done })).steps).toMatchObject([{ action: 'hold', kind: 'window' }])
  })

  it('is told with its end; what serves is live', () => {
    expect(status(steered(CLOSED), { ...running, attempt: done })).toMatchObject({
      status: 'Live',
      serving: { commit: t.commit('a') },
      desired: { commit: t.commit('b') },
      held: { commit: t.commit('b'), for: 'window', until: '1970-01-01T08:00:00.000Z' },
      message: 'waiting for the deploy window: opens Thu 09:00 Etc/GMT-1 (in 8 h)',
    })
    expect(status(steered(CLOSED), {})).toMatchObject({ status: 'Pending', serving: null })
    expect(status(steered(CLOSED), { ...running, attempt: t.attempt(t.commit('b')) })).toMatchObject({ status: 'Live' })
  })
})

describe('dependsOn', () => {
  const waits = steered({ waitsFor: ['auth', 'db'] })
  it('keeps a first release waiting, and no other', () => {
    expect(plan(waits, t.seen())).toMatchObject({
      steps: [{ action: 'hold', kind: 'dependencies' }],
      waiting: ['auth, db to be live'],
    })
    expect(plan(waits, t.seen({ ...running, attempt: done })).steps).toMatchObject([{ action: 'begin' }])
    expect(status(waits, {})).toMatchObject({
      status: 'Pending',
      held: { for: 'dependencies', until: null },
      message: 'waiting for auth, db to be live',
    })
  })

  it('a commit that was refused is tried once it would be accepted, and only then', () => {
    const refused = (code: 'DependencyMissing' | 'DependencyCycle' | 'ManifestInvalid') =>
      t.attempt(t.commit('b'), { state: 'failed', failure: { code, message: 'no' } })
    const steps = (desired: Desired, code: Parameters<typeof refused>[0]) =>
      plan(desired, t.seen({ ...running, attempt: refused(code) })).steps
    const broken = t.wants(t.commit('b'), { state: 'broken', failure: { code: 'DependencyMissing', message: 'no' } })
    expect(steps(broken, 'DependencyMissing')).toEqual([])
    expect(steps(t.wants(t.commit('b'), B), 'DependencyMissing')).toMatchObject([{ action: 'begin' }])
    expect(steps(t.wants(t.commit('b'), B), 'DependencyCycle')).toMatchObject([{ action: 'begin' }])
    expect(steps(t.wants(t.commit('b'), B), 'ManifestInvalid')).toEqual([])
    expect(status(waits, { attempt: refused('DependencyMissing') })).toMatchObject({ status: 'Pending', failure: null })
  })

  const startAfter = { apps: ['auth'], until: t.NOW + 10_000 }
  it('has what was live started after it, for so long', () => {
    const world = { serving: v1, attempt: done, startAfter }
    const of = (over: Partial<Observed>) => plan(t.wants(t.commit('a'), A), t.seen({ ...world, ...over }))
    expect(of({ table: t.table(v1) })).toEqual({ steps: [], again: 250, waiting: ['auth to be up, to be started after it'] })
    expect(of({ startAfter: { apps: [], until: t.NOW + 1 } }).steps).toMatchObject([
      { action: 'write-routes' },
      { action: 'start' },
    ])
    expect(of({ now: t.NOW + 10_000 }).steps).toMatchObject([{ action: 'write-routes' }, { action: 'start' }])
    expect(of({ table: t.table(v1), startAfter: { ...startAfter, until: t.NOW + 20 } }).again).toBe(20)
  })

  it('is nothing to one that runs, as far as it does', () => {
    const two = t.release(1, t.made('image-a', { web: 2 }))
    const one = t.instance(two, 'web', 1)
    const world = { serving: two, instances: [one], table: t.table(two, one), attempt: done, startAfter }
    expect(plan(t.wants(t.commit('a'), two), t.seen(world)).steps).toMatchObject([{ action: 'start', index: 2 }])
    const ended = t.instance(v1, 'web', 1, t.exited(1))
    expect(
      plan(t.wants(t.commit('a'), A), t.seen({ serving: v1, instances: [ended], attempt: done, startAfter })).steps,
    ).toMatchObject([{ action: 'write-routes' }, { action: 'reap' }])
  })
})

it.each([
  [{ a: ['a'] }, ['a', 'a']],
  [{ a: ['b'], b: ['a'] }, ['a', 'b', 'a']],
  [{ a: ['b', 'c'], b: ['d'], c: ['a'], d: ['a'] }, ['a', 'c', 'a']],
  [{ a: ['b'], b: ['c'], c: ['b'] }, null],
  [{ a: ['b', 'c'], b: ['d'], c: ['d'] }, null],
  [{}, null],
])('of %j the circle from a is %j', (edges, circle) => {
  expect(circleFrom('a', new Map(Object.entries(edges)))).toEqual(circle)
})

it.each([
  [0, '1 s'],
  [1_500, '2 s'],
  [90_000, '90 s'],
  [90_001, '2 min'],
  [90 * 60_000, '90 min'],
  [91 * 60_000, '2 h'],
  [13 * 3_600_000, '13 h'],
  [63 * 3_600_000, '3 days'],
])('%d ms are roughly %s', (ms, words) => expect(roughly(ms)).toBe(words))
