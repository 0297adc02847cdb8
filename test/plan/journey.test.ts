/** One commit's way from git to live, pass by pass, and what becomes of the old one. */
import { expect, it } from 'vitest'
import { plan } from '../../src/plan/plan.ts'
import * as t from './story.ts'

const nothing = { steps: [], again: null, waiting: [] }
const A = t.made('image-a')
const B = t.made('image-b')
const v1 = t.release(1, A)
const v2 = t.release(2, B, { commit: t.commit('b'), status: 'pending' })
const old = t.instance(v1, 'web', 1)
const young = t.instance(v2, 'web', 1, { startedAt: t.NOW - 300, probe: 'starting' })
const fresh = t.instance(v2, 'web', 1, { startedAt: t.NOW - 300 })
const toB = t.wants(t.commit('b'), B)
const rolling = { serving: v1, pending: v2, attempt: t.attempt(t.commit('b'), { built: true }) }

it('begins with the first commit it sees', () => {
  expect(plan(t.wants(t.commit('a'), t.unbuilt({ state: 'none' })), t.seen())).toEqual({
    steps: [{ action: 'begin', commit: t.commit('a'), settings: 's', skip: false, reason: 'first commit seen' }],
    again: 0,
    waiting: [],
  })
})

it('asks for the build, and waits for it without a clock', () => {
  const world = t.seen({ attempt: t.attempt(t.commit('a')) })
  const with_ = (build: Parameters<typeof t.unbuilt>[0]) => plan(t.wants(t.commit('a'), t.unbuilt(build)), world)
  const asked = { action: 'build', commit: t.commit('a'), key: 'k1' }
  expect(with_({ state: 'none' }).steps).toEqual([{ ...asked, reason: 'there is no image of these inputs' }])
  expect(with_({ state: 'queued', position: 3 })).toEqual({ ...nothing, waiting: ['the build (place 3 in the queue)'] })
  const running = { state: 'running' as const, startedAt: t.NOW - 12_400 }
  expect(with_({ ...running, startedAt: t.NOW })).toEqual({ ...nothing, waiting: ['the build'] })
  expect(with_(running)).toEqual({ ...nothing, waiting: ['the build (12 s)'] })
  expect(with_({ ...running, step: 'Installing' })).toEqual({ ...nothing, waiting: ['the build (12 s: Installing)'] })
  const gone = { state: 'succeeded' as const, image: A.content.image, durationMs: 1 }
  expect(with_(gone).steps).toEqual([{ ...asked, reason: 'the image has gone' }])
})

it('keeps what serves as it is while it builds: a crash is mended at once', () => {
  const building = t.wants(t.commit('b'), t.unbuilt({ state: 'running', startedAt: t.NOW }))
  const world = t.seen({ serving: v1, attempt: t.attempt(t.commit('b')), table: t.table(v1, old) })
  expect(plan(building, world)).toEqual({
    steps: [
      // Nobody answers at that address any more, and somebody else may get it.
      { action: 'write-routes', table: t.table(v1), reason: 'the instances of v1 that can answer' },
      { action: 'start', release: v1, process: 'web', index: 1, reason: '1 of web wanted' },
    ],
    again: 0,
    waiting: ['the build'],
  })
})

it('makes a release of what is built, with the next number', () => {
  const world = t.seen({ lastVersion: 6, attempt: t.attempt(t.commit('b'), { built: true }) })
  expect(plan(toB, world).steps).toEqual([
    {
      action: 'release',
      version: 7,
      commit: t.commit('b'),
      adopted: false,
      built: true,
      reason: 'no release is live yet',
    },
  ])
})

it('runs the release phase before anything of the release starts', () => {
  const P = t.made('image-p', { phase: 'migrate' })
  const v3 = t.release(3, P, { status: 'pending' })
  const of = (over: Parameters<typeof t.seen>[0]) =>
    plan(t.wants(t.commit('a'), P), t.seen({ pending: v3, attempt: t.attempt(t.commit('a')), ...over }))
  expect(of({}).steps).toEqual([{ action: 'run-release-phase', release: v3, reason: 'before anything of it starts' }])
  expect(of({ phase: 'running', instances: [t.phaseOf(v3)] })).toEqual({ ...nothing, waiting: ['the release phase'] })
  expect(of({ phase: 'running', instances: [t.phaseOf(v3, t.exited(0))] }).steps).toEqual([
    { action: 'pass-release-phase', release: 3, reason: 'exit code 0' },
  ])
  expect(of({ phase: 'done' }).steps).toEqual([
    { action: 'start', release: v3, process: 'web', index: 1, reason: '1 of web wanted' },
  ])
})

it('waits for an older release phase: two migrations at once are one too many', () => {
  const P = t.made('image-p', { phase: 'migrate' })
  const v3 = t.release(3, P, { status: 'pending' })
  const other = t.phaseOf(t.release(2, B))
  const world = t.seen({ pending: v3, attempt: t.attempt(t.commit('a')), instances: [other], retired: new Set([2]) })
  expect(plan(t.wants(t.commit('a'), P), world)).toEqual({
    ...nothing,
    waiting: ['the release phase of v2 to end', 'shop.release.v2.1 to end'],
  })
})

it('starts the new one beside the old one', () => {
  const world = t.seen({ ...rolling, instances: [old], table: t.table(v1, old) })
  expect(plan(toB, world)).toEqual({
    steps: [{ action: 'start', release: v2, process: 'web', index: 1, reason: '1 of web wanted' }],
    again: 0,
    waiting: [],
  })
})

it('waits for it to become ready, at the longest for its grace time', () => {
  const world = t.seen({ ...rolling, instances: [old, young], table: t.table(v1, old) })
  expect(plan(toB, world)).toEqual({ steps: [], again: 29_700, waiting: ['web.1 to become ready'] })
})

it('moves the routes only when every process has all its instances ready', () => {
  const C = t.made('image-c', { web: 2, worker: 1 })
  const v3 = t.release(3, C, { status: 'pending', commit: t.commit('b') })
  const webs = [1, 2].map((index) => t.instance(v3, 'web', index))
  const worker = (age: number) => t.instance(v3, 'worker', 1, { startedAt: t.NOW - age })
  const world = (...instances: (typeof old)[]) =>
    t.seen({ ...rolling, pending: v3, instances: [old, ...instances], table: t.table(v1, old) })
  const to = t.wants(t.commit('b'), C)
  const half = t.instance(v3, 'web', 2, { startedAt: t.NOW - 1_000, probe: 'starting' })
  expect(plan(to, world(t.instance(v3, 'web', 1), half, worker(1_000)))).toEqual({
    steps: [],
    again: 29_000,
    waiting: ['web.2 to become ready'],
  })
  // A worker has no probe: half a second of running is its proof.
  expect(plan(to, world(...webs, worker(200)))).toEqual({ steps: [], again: 800, waiting: ['worker.1 to become ready'] })
  expect(plan(to, world(...webs, worker(1_000)))).toEqual({
    steps: [{ action: 'write-routes', table: t.table(v3, ...webs), reason: 'v3 is ready' }],
    again: 0,
    waiting: [],
  })
})

it('is live only when the router has confirmed', () => {
  const world = (confirmed: boolean | null) =>
    t.seen({ ...rolling, instances: [old, fresh], table: t.table(v2, fresh), confirmed })
  expect(plan(toB, world(false))).toEqual({ steps: [], again: 20, waiting: ['the router to confirm'] })
  expect(plan(toB, world(null))).toEqual({ steps: [], again: 1_000, waiting: ['the router to confirm'] })
  expect(plan(toB, world(true)).steps[0]).toEqual({
    action: 'go-live',
    release: v2,
    reason: 'ready, routed, and the router serves it',
  })
})

it('drains, stops and forgets the old one', () => {
  const live = t.release(2, B, { commit: t.commit('b') })
  const of = (over: Partial<typeof old>, confirmed = true) => {
    const instances = [t.instance(v1, 'web', 1, over), fresh]
    const settled = t.attempt(t.commit('b'), { state: 'succeeded' })
    return plan(toB, t.seen({ serving: live, attempt: settled, instances, table: t.table(live, fresh), confirmed }))
  }
  const one = { instance: 'shop.web.v1.1' }
  const reason = 'its release is over'
  expect(of({}, false)).toEqual({ steps: [], again: 20, waiting: ['the router to confirm'] })
  expect(of({}).steps).toEqual([{ action: 'drain', ...one, unhealthy: false, reason }])
  const since = t.NOW - 2_000
  expect(of({ drainingSince: since, inFlight: 2 })).toEqual({
    steps: [],
    again: 100,
    waiting: ['2 requests of shop.web.v1.1 to end'],
  })
  expect(of({ drainingSince: since, inFlight: 0 }).steps).toEqual([{ action: 'stop', ...one, reason }])
  // A router that cannot count is given five seconds; one that can, the app's own time to stop.
  expect(of({ drainingSince: since }).waiting).toEqual(['unknown requests of shop.web.v1.1 to end'])
  expect(of({ drainingSince: t.NOW - 5_000 }).steps).toEqual([{ action: 'stop', ...one, reason }])
  expect(of({ drainingSince: t.NOW - 9_990, inFlight: 2 }).again).toBe(10)
  expect(of({ drainingSince: t.NOW - 10_000, inFlight: 2 }).steps).toEqual([{ action: 'stop', ...one, reason }])
  expect(of({ state: 'stopping', drainingSince: since })).toEqual(nothing)
  expect(of({ ...t.exited(0), drainingSince: since }).steps).toEqual([
    { action: 'reap', ...one, crashed: false, reason: 'exit code 0' },
  ])
})

it('has nothing to do in a world that is as git wants it', () => {
  const settled = t.attempt(t.commit('a'), { state: 'succeeded' })
  const world = t.seen({ serving: v1, attempt: settled, instances: [old], table: t.table(v1, old) })
  expect(plan(t.wants(t.commit('a'), A), world)).toEqual(nothing)
})

it('settles a commit that changes nothing of what is live', () => {
  const world = t.seen({ serving: v1, attempt: t.attempt(t.commit('b')), instances: [old], table: t.table(v1, old) })
  expect(plan(t.wants(t.commit('b'), A), world).steps).toEqual([
    { action: 'settle', commit: t.commit('b'), release: 1, reason: 'nothing differs from what is live' },
  ])
})

it('takes a revert from the image that is there, and calls back the old ones that still drain', () => {
  const live = t.release(2, B, { commit: t.commit('b') })
  const draining = t.instance(v1, 'web', 1, { drainingSince: t.NOW - 1_000, inFlight: 1 })
  const reverting = t.attempt(t.commit('c'))
  const world = { serving: live, attempt: reverting, instances: [draining, fresh], table: t.table(live, fresh) }
  expect(plan(t.wants(t.commit('c'), A), t.seen(world)).steps).toEqual([
    {
      action: 'release',
      version: 3,
      commit: t.commit('c'),
      adopted: false,
      built: false,
      reason: 'it differs from what is live',
    },
  ])
  const v3 = t.release(3, A, { commit: t.commit('c'), status: 'pending' })
  expect(plan(t.wants(t.commit('c'), A), t.seen({ ...world, pending: v3 }))).toEqual({
    steps: [
      { action: 'undrain', instance: 'shop.web.v1.1', reason: 'it is wanted again' },
      { action: 'write-routes', table: t.table(v3, draining), reason: 'v3 is ready' },
    ],
    again: 0,
    waiting: [],
  })
})

it('lets a newer commit supersede what is on its way, at any point of it', () => {
  const begin = { action: 'begin', commit: t.commit('c'), settings: 's', skip: false, reason: 'the branch moved' }
  const next = t.wants(t.commit('c'), t.unbuilt({ state: 'none' }))
  for (const instances of [[old], [old, young], [old, fresh]]) {
    const { steps } = plan(next, t.seen({ ...rolling, instances, table: t.table(v1, old) }))
    expect(steps[0]).toEqual(begin)
    expect(steps.some((s) => s.action === 'start' || s.action === 'go-live' || s.action === 'write-routes')).toBe(false)
  }
  const waiting = t.attempt(t.commit('b'), { retryAt: t.NOW + 60_000, failure: t.FAILURE })
  expect(plan(next, t.seen({ attempt: waiting })).steps).toEqual([begin])
})

it('tries the same commit anew when the operator’s file says something else of the app, and says so', () => {
  const failed = t.attempt(t.commit('a'), { state: 'failed', failure: t.FAILURE })
  expect(plan(t.wants(t.commit('a'), A, { settings: 'other' }), t.seen({ attempt: failed })).steps).toEqual([
    { action: 'begin', commit: t.commit('a'), settings: 'other', skip: false, reason: 'platform.yaml says something else of it' },
  ])
})

it('begins again when the same commit comes to something else', () => {
  const settled = t.attempt(t.commit('a'), { state: 'succeeded' })
  const world = t.seen({ serving: v1, attempt: settled, instances: [old], table: t.table(v1, old) })
  expect(plan(t.wants(t.commit('a'), B), world).steps).toEqual([
    { action: 'begin', commit: t.commit('a'), settings: 's', skip: false, reason: 'what the commit comes to has changed' },
  ])
})

it('notes a commit that says [skip ci], and deploys nothing of it', () => {
  const skip = t.wants(t.commit('b'), B, { skip: true })
  const world = { serving: v1, instances: [old], table: t.table(v1, old) }
  const before = t.attempt(t.commit('a'), { state: 'succeeded' })
  expect(plan(skip, t.seen({ ...world, attempt: before })).steps).toEqual([
    { action: 'begin', commit: t.commit('b'), settings: 's', skip: true, reason: 'the branch moved' },
  ])
  const skipped = t.attempt(t.commit('b'), { state: 'skipped' })
  expect(plan(skip, t.seen({ ...world, attempt: skipped }))).toEqual(nothing)
})

it('changes nothing that runs while git cannot be read, and keeps it running', () => {
  const world = { serving: v1, attempt: t.attempt(t.commit('a'), { state: 'succeeded' }), table: t.table(v1, old) }
  const waiting = ['git to be readable again (no route to host)']
  expect(plan(t.UNREADABLE, t.seen({ ...world, instances: [old] }))).toEqual({ ...nothing, waiting })
  expect(plan(t.UNREADABLE, t.seen({ ...world, table: t.table(v1) })).steps).toEqual([
    { action: 'start', release: v1, process: 'web', index: 1, reason: '1 of web wanted' },
  ])
  // What was on its way goes on: it is still what was asked for last.
  const halfway = t.seen({ ...rolling, instances: [old, fresh], table: t.table(v2, fresh) })
  expect(plan(t.UNREADABLE, halfway).steps.map((s) => s.action)).toEqual(['go-live'])
})
