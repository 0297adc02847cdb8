/** What is told of an app, for each word there is. */
import { describe, expect, it } from 'vitest'
import type { AppStatus } from '../../src/domain.ts'
import { statusOf } from '../../src/plan/status.ts'
import { type Step, target } from '../../src/plan/steps.ts'
import type { Desired, Observed } from '../../src/plan/world.ts'
import * as t from './story.ts'

const A = t.made('image-a')
const B = t.made('image-b')
const v1 = t.release(1, A)
const v2 = t.release(2, B, { commit: t.commit('b'), status: 'pending' })
const web = t.instance(v1, 'web', 1)
const young = t.instance(v2, 'web', 1, { probe: 'starting', startedAt: t.NOW })
const running = { serving: v1, instances: [web], table: t.table(v1, web) }
const SINCE = Date.UTC(2026, 0, 2, 3, 4, 5)
const since = '2026-01-02T03:04:05.000Z'

const status = (desired: Desired, over: Partial<Observed>, waiting: string[] = []): AppStatus =>
  statusOf(desired, t.seen(over), waiting, SINCE, ({ host, path }) => `http://${host}:8080${path}`)

const serving = { commit: t.commit('a'), release: 1, since }
const one = { type: 'web', want: 1, ready: 1 }

describe('Pending', () => {
  const pending: AppStatus = {
    app: 'shop',
    status: 'Pending',
    desired: { commit: t.commit('a') },
    serving: null,
    failure: null,
    urls: [],
    processes: [],
    message: '',
  }

  it('before anything was done', () => {
    expect(status(t.wants(t.commit('a'), t.unbuilt({ state: 'none' })), {})).toEqual(pending)
    expect(status(t.wants(t.commit('a'), A), { attempt: t.attempt(t.commit('a')) })).toEqual(pending)
  })

  it('while git could not be read yet, and why', () => {
    const failure = { commit: null, code: 'SourceUnreachable', message: 'no route to host' }
    expect(status(t.UNREADABLE, {})).toEqual({ ...pending, desired: { commit: null }, failure })
  })

  it('after a commit that is not deployed', () => {
    const skip = t.wants(t.commit('a'), A, { skip: true })
    expect(status(skip, { attempt: t.attempt(t.commit('a'), { state: 'skipped' }) })).toEqual({
      ...pending,
      message: 'the newest commit is not deployed, as its message says',
    })
  })
})

it('Building, while the old one serves', () => {
  const building = t.wants(t.commit('b'), t.unbuilt({ state: 'running', startedAt: 1 }))
  const waiting = ['the build', 'the router to confirm']
  expect(status(building, { ...running, attempt: t.attempt(t.commit('b')) }, waiting)).toEqual({
    app: 'shop',
    status: 'Building',
    desired: { commit: t.commit('b') },
    serving,
    failure: null,
    urls: ['http://shop.test:8080/'],
    processes: [one],
    message: 'waiting for the build; the router to confirm',
  })
  const queued = t.wants(t.commit('b'), t.unbuilt({ state: 'queued', position: 1 }))
  expect(status(queued, { attempt: t.attempt(t.commit('b')) }).status).toBe('Building')
})

it('Deploying, with the processes that serve', () => {
  const world = { ...running, pending: v2, attempt: t.attempt(t.commit('b')), instances: [web, young] }
  expect(status(t.wants(t.commit('b'), B), world)).toMatchObject({ status: 'Deploying', serving, processes: [one] })
  const first = { pending: v2, attempt: t.attempt(t.commit('b')), instances: [young] }
  expect(status(t.wants(t.commit('b'), B), first)).toMatchObject({
    status: 'Deploying',
    serving: null,
    urls: ['http://shop.test:8080/'],
    processes: [{ type: 'web', want: 1, ready: 0 }],
  })
})

describe('Live', () => {
  it('with what serves, since when and where', () => {
    const world = { ...running, attempt: t.attempt(t.commit('a'), { state: 'succeeded' }) }
    expect(status(t.wants(t.commit('a'), A), world)).toEqual({
      app: 'shop',
      status: 'Live',
      desired: { commit: t.commit('a') },
      serving,
      failure: null,
      urls: ['http://shop.test:8080/'],
      processes: [one],
      message: '',
    })
  })

  it('is what a commit without a difference is, too', () => {
    const world = { ...running, attempt: t.attempt(t.commit('b'), { state: 'succeeded' }) }
    expect(status(t.wants(t.commit('b'), A), world)).toMatchObject({
      status: 'Live',
      serving: { commit: t.commit('b'), release: 1 },
    })
  })

  it('stays while the git host is away, and says so', () => {
    const world = { ...running, attempt: t.attempt(t.commit('a'), { state: 'succeeded' }) }
    expect(status(t.UNREADABLE, world)).toMatchObject({
      status: 'Live',
      desired: { commit: t.commit('a') },
      serving,
      failure: { commit: null, code: 'SourceUnreachable', message: 'no route to host' },
    })
  })
})

describe('Failed', () => {
  const failed = t.attempt(t.commit('b'), { state: 'failed', failure: t.FAILURE })
  const failure = { commit: t.commit('b'), code: 'BuildFailed', message: 'npm ci exited with 1' }

  it('names commit, code and reason, and what serves on', () => {
    expect(status(t.wants(t.commit('b'), B), { ...running, attempt: failed })).toMatchObject({
      status: 'Failed',
      desired: { commit: t.commit('b') },
      serving,
      failure,
    })
    expect(status(t.wants(t.commit('b'), B), { attempt: failed })).toMatchObject({ status: 'Failed', serving: null, failure })
  })

  it('is what waits for another try', () => {
    const later = t.attempt(t.commit('b'), { failure: t.FAILURE, retryAt: t.NOW + 5, tries: 1 })
    expect(status(t.wants(t.commit('b'), B), { attempt: later })).toMatchObject({ status: 'Failed', failure })
  })

  it('is what names no repository any more', () => {
    const gone: Desired = { app: t.APP, target: { kind: 'unknown', failure: { code: 'RepositoryGone', message: 'gone' } } }
    expect(status(gone, running)).toMatchObject({ status: 'Failed', serving, failure: { commit: null, code: 'RepositoryGone' } })
  })

  it('is a live release that crashes again and again, with its last lines, until it is calm again', () => {
    const crashes = [50, 40, 30, 20, 10].map((s) => t.crash(v1, 'web', t.NOW - s * 1000, { log: 'out of memory' }))
    const world = { ...running, attempt: t.attempt(t.commit('a'), { state: 'succeeded' }), crashes }
    const of = (over: Partial<Observed>) => status(t.wants(t.commit('a'), A), { ...world, ...over })
    const message = 'web ended 5 times in a row (exit code 1). Its command: run web\nout of memory'
    const loop = { status: 'Failed', serving, failure: { commit: t.commit('a'), code: 'CrashLoop', message } }
    expect(of({ instances: [] })).toMatchObject(loop)
    expect(of({ instances: [t.instance(v1, 'web', 1, { startedAt: t.NOW - 10_000 })] })).toMatchObject(loop)
    expect(of({ instances: [t.instance(v1, 'web', 1, { startedAt: t.NOW - 10_001 })] })).toMatchObject({
      status: 'Live',
      failure: null,
    })
    expect(of({ instances: [], crashes: crashes.slice(1) })).toMatchObject({ status: 'Live', failure: null })
    expect(of({ instances: [], freshFrom: t.NOW - 1_000 })).toMatchObject({ status: 'Live', failure: null })
  })
})

it('Suspended, whatever failed before', () => {
  const failed = t.attempt(t.commit('b'), { state: 'failed', failure: t.FAILURE })
  for (const desired of [t.SUSPENDED, t.REMOVED]) {
    expect(status(desired, { attempt: failed })).toMatchObject({
      status: 'Suspended',
      failure: null,
      desired: { commit: t.commit('b') },
    })
  }
})

it('tells of a stranger that serves, where the store was lost', () => {
  const building = t.wants(t.commit('b'), t.unbuilt({ state: 'running', startedAt: 1 }))
  const world = { instances: [web], table: t.table(v1, web), attempt: t.attempt(t.commit('b')) }
  expect(status(building, world).serving).toEqual({
    commit: t.commit('a'),
    release: 1,
    since: new Date(web.startedAt).toISOString(),
  })
})

it('counts as ready what has proven itself, and only that', () => {
  const C = t.made('image-c', { web: 2, worker: 2 })
  const v3 = t.release(3, C)
  const instances = [
    t.instance(v3, 'web', 1),
    t.instance(v3, 'web', 2, { probe: 'unready' }),
    t.instance(v3, 'worker', 1, { startedAt: t.NOW - 1_000 }),
    t.instance(v3, 'worker', 2, { startedAt: t.NOW - 999 }),
    t.instance(v1, 'web', 1),
  ]
  expect(status(t.wants(t.commit('a'), C), { serving: v3, instances }).processes).toEqual([
    { type: 'web', want: 2, ready: 1 },
    { type: 'worker', want: 2, ready: 1 },
  ])
})

it('says of each step what it acts on', () => {
  const at = t.commit('c')
  const reason = ''
  const instance = web.name
  const steps: Array<[Step, string]> = [
    [{ action: 'begin', commit: at, settings: 's', skip: false, reason }, 'ccccccc'],
    [{ action: 'build', commit: at, key: 'k', reason }, 'ccccccc'],
    [{ action: 'settle', commit: at, release: 1, reason }, 'ccccccc'],
    [{ action: 'fail', commit: at, failure: t.FAILURE, blame: null, reason }, 'ccccccc'],
    [{ action: 'retry-later', commit: at, failure: t.FAILURE, at: 1, reason }, 'ccccccc'],
    [{ action: 'release', version: 4, commit: at, adopted: false, built: true, reason }, 'v4 from ccccccc'],
    [{ action: 'run-release-phase', release: v2, reason }, 'v2'],
    [{ action: 'pass-release-phase', release: 2, reason }, 'v2'],
    [{ action: 'go-live', release: v2, reason }, 'v2'],
    [{ action: 'start', release: v2, process: 'web', index: 3, reason }, 'web.3 of v2'],
    [{ action: 'drain', instance, unhealthy: false, reason }, 'shop.web.v1.1'],
    [{ action: 'undrain', instance, reason }, 'shop.web.v1.1'],
    [{ action: 'stop', instance, reason }, 'shop.web.v1.1'],
    [{ action: 'reap', instance, crashed: false, reason }, 'shop.web.v1.1'],
    [{ action: 'write-routes', table: t.table(v1, web, young), reason }, 'shop.test/ -> 20011,20021'],
    [{ action: 'write-routes', table: t.table(v1), reason }, 'shop.test/ -> nobody'],
    [{ action: 'remove-routes', reason }, 'app'],
    [{ action: 'forget', reason }, 'app'],
  ]
  for (const [step, name] of steps) expect(target(step), step.action).toBe(name)
})
