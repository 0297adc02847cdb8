/** Commits that fail, and what is made of them: a verdict, or another try later. */
import { describe, expect, it } from 'vitest'
import { plan } from '../../src/plan/plan.ts'
import * as t from './story.ts'

const nothing = { steps: [], again: null, waiting: [] }
const A = t.made('image-a')
const B = t.made('image-b')
const v1 = t.release(1, A)
const v2 = t.release(2, B, { commit: t.commit('b'), status: 'pending' })
const old = t.instance(v1, 'web', 1)
const toB = t.wants(t.commit('b'), B)
const before = { serving: v1, table: t.table(v1, old) }
const rolling = { ...before, pending: v2, attempt: t.attempt(t.commit('b')) }

it('fails a commit that cannot be deployed as it is', () => {
  const failure = { code: 'ManifestInvalid' as const, message: 'app.yaml:3:1 …' }
  const world = t.seen({ ...before, attempt: t.attempt(t.commit('b')), instances: [old] })
  expect(plan(t.wants(t.commit('b'), { state: 'broken', failure }), world).steps).toEqual([
    { action: 'fail', commit: t.commit('b'), failure, blame: null, reason: 'the commit cannot be deployed as it is' },
  ])
})

it('tries again when the routes that it wanted have become free', () => {
  const failure = { code: 'RouteTaken' as const, message: 'shop.test/ is served by the app "cart" already.' }
  const attempt = t.attempt(t.commit('b'), { state: 'failed', failure })
  const taken = t.seen({ attempt, claimed: new Map([['shop.test /', 'cart']]) })
  expect(plan(toB, taken)).toEqual(nothing)
  const reason = 'the routes it asks for are free now'
  expect(plan(toB, t.seen({ attempt })).steps).toMatchObject([{ action: 'begin', commit: t.commit('b'), reason }])
})

it('does not try a failed commit again', () => {
  const failed = t.attempt(t.commit('b'), { state: 'failed', failure: t.FAILURE })
  const world = t.seen({ ...before, attempt: failed, instances: [old], retired: new Set([2]) })
  for (const outcome of [B, t.unbuilt({ state: 'none' }), { state: 'broken' as const, failure: t.FAILURE }]) {
    expect(plan(t.wants(t.commit('b'), outcome), world)).toEqual(nothing)
  }
})

describe('a build', () => {
  const failedBuild = (retry: boolean) => t.unbuilt({ state: 'failed', failure: t.FAILURE, retry, durationMs: 1 })

  it('that failed is a verdict', () => {
    const world = t.seen({ attempt: t.attempt(t.commit('b')) })
    expect(plan(t.wants(t.commit('b'), failedBuild(false)), world).steps).toEqual([
      { action: 'fail', commit: t.commit('b'), failure: t.FAILURE, blame: null, reason: 'the build failed' },
    ])
  })

  it('that may succeed next time is tried later, and later each time, with a jitter of the commit’s own', () => {
    const at = (digit: string, tries: number) => {
      const world = t.seen({ attempt: t.attempt(t.commit(digit), { tries }) })
      const { steps } = plan(t.wants(t.commit(digit), failedBuild(true)), world)
      expect(steps).toHaveLength(1)
      const [step] = steps
      if (step?.action !== 'retry-later') throw new Error(`unexpected ${step?.action}`)
      expect(step).toMatchObject({ commit: t.commit(digit), failure: t.FAILURE, reason: 'this may pass by itself' })
      return step.at - t.NOW
    }
    expect([0, 1, 2, 3, 20].map((tries) => at('0', tries))).toEqual([1_500, 3_000, 6_000, 12_000, 225_000])
    expect([0, 1, 2, 3, 20].map((tries) => at('f', tries))).toEqual([2_500, 5_000, 10_000, 20_000, 375_000])
  })

  it('waits for its next try, and is asked for anew then', () => {
    const attempt = t.attempt(t.commit('b'), { retryAt: t.NOW + 700, failure: t.FAILURE, tries: 1 })
    const wanted = t.wants(t.commit('b'), t.unbuilt({ state: 'none' }))
    expect(plan(wanted, t.seen({ attempt }))).toEqual({
      steps: [],
      again: 700,
      waiting: ['the next try (npm ci exited with 1)'],
    })
    expect(plan(wanted, t.seen({ attempt: { ...attempt, retryAt: t.NOW } })).steps.map((s) => s.action)).toEqual(['build'])
  })
})

describe('a release phase', () => {
  const P = t.made('image-p', { phase: 'rake db:migrate' })
  const v3 = t.release(3, P, { status: 'pending', commit: t.commit('b') })
  const of = (...phase: ReturnType<typeof t.phaseOf>[]) =>
    plan(t.wants(t.commit('b'), P), t.seen({ ...rolling, pending: v3, phase: 'running', instances: [old, ...phase] }))
  const failure = (how: string) => ({
    code: 'ReleaseFailed',
    message: `The release phase (rake db:migrate) failed: ${how}. Nothing of this release was started.`,
  })

  it('that exits non-zero, is killed or has vanished fails the commit', () => {
    const fail = { action: 'fail', commit: t.commit('b') }
    const blame = 'shop.release.v3.1'
    expect(of(t.phaseOf(v3, t.exited(1))).steps).toEqual([
      { ...fail, failure: failure('exit code 1'), blame, reason: 'exit code 1' },
    ])
    expect(of(t.phaseOf(v3, t.exited(null, 'SIGKILL'))).steps).toEqual([
      { ...fail, failure: failure('SIGKILL'), blame, reason: 'SIGKILL' },
    ])
    const unseen = 'ended, nobody saw how'
    expect(of(t.phaseOf(v3, t.exited(null))).steps).toEqual([{ ...fail, failure: failure(unseen), blame, reason: unseen }])
    expect(of().steps).toEqual([{ ...fail, failure: failure(unseen), blame: null, reason: unseen }])
  })

  it('is read once more by nobody when its release is over, and then forgotten', () => {
    const failed = t.attempt(t.commit('b'), { state: 'failed', failure: t.FAILURE })
    const world = t.seen({ ...before, attempt: failed, instances: [old, t.phaseOf(v3, t.exited(1))], retired: new Set([3]) })
    expect(plan(t.wants(t.commit('b'), P), world).steps).toEqual([
      { action: 'reap', instance: 'shop.release.v3.1', crashed: false, reason: 'its release is over' },
    ])
  })
})

describe('a new version', () => {
  it('that never answers is given up at the end of its grace time, with what it was asked', () => {
    const late = t.instance(v2, 'web', 1, { probe: 'starting', startedAt: t.NOW - 30_000 })
    const of = (release: typeof v2) =>
      plan(t.wants(t.commit('b'), release), t.seen({ ...rolling, pending: release, instances: [old, late] }))
    const message = (asked: string) =>
      `shop.web.v2.1 did not answer ${asked} well on its PORT within 30 s. It must listen on the port in the environment variable PORT.`
    const fail = { action: 'fail', commit: t.commit('b'), blame: 'shop.web.v2.1', reason: 'the new version does not come up' }
    const drain = { action: 'drain', instance: 'shop.web.v2.1', unhealthy: false, reason: 'its release is over' }
    expect(of(v2).steps).toEqual([{ ...fail, failure: { code: 'NotReady', message: message('any HTTP request') } }, drain])
    const [web] = B.content.processes
    if (!web) throw new Error('no web')
    const processes = [{ ...web, health: { ...t.HEALTH, path: '/healthz' } }]
    const asked = { ...v2, content: { ...B.content, processes } }
    expect(of(asked).steps).toEqual([{ ...fail, failure: { code: 'NotReady', message: message('GET /healthz') } }, drain])
  })

  it('that is not known yet is waited for: trimtab was only just started', () => {
    const unknown = t.instance(v2, 'web', 1, { probe: 'unknown', startedAt: t.NOW - 60_000 })
    expect(plan(toB, t.seen({ ...rolling, instances: [old, unknown] }))).toEqual({
      ...nothing,
      waiting: ['web.1 to become ready'],
    })
  })

  it('that crashes is noted, started again twice, and then given up', () => {
    const ended = t.instance(v2, 'web', 1, t.exited(1))
    expect(plan(toB, t.seen({ ...rolling, instances: [old, ended] })).steps).toEqual([
      { action: 'reap', instance: 'shop.web.v2.1', crashed: true, reason: 'exit code 1' },
    ])
    const following = (...ago: number[]) =>
      plan(toB, t.seen({ ...rolling, instances: [old], crashes: ago.map((ms) => t.crash(v2, 'web', t.NOW - ms)) }))
    expect(following(10).steps).toEqual([
      { action: 'start', release: v2, process: 'web', index: 1, reason: 'web ended (exit code 1); 1 wanted' },
    ])
    expect(following(800, 300)).toEqual({ steps: [], again: 700, waiting: ['web to be started again after 2 crashes'] })
    expect(following(900, 800, 700).steps).toEqual([
      {
        action: 'fail',
        commit: t.commit('b'),
        failure: { code: 'CrashLoop', message: 'web ended 3 times in a row (exit code 1). Its command: run web' },
        blame: 'shop.web.v2.1',
        reason: 'the new version does not come up',
      },
    ])
  })

  it('is judged by what it did in this attempt, not in an earlier one', () => {
    const crashes = [30, 20, 10].map((s) => t.crash(v2, 'web', t.NOW - s * 1000))
    expect(plan(toB, t.seen({ ...rolling, instances: [old], crashes })).steps.map((s) => s.action)).toEqual(['start'])
  })

  it('goes when its commit has failed, and the old one stays', () => {
    const failed = t.attempt(t.commit('b'), { state: 'failed', failure: t.FAILURE })
    const young = t.instance(v2, 'web', 1, { probe: 'starting' })
    const world = { ...before, attempt: failed, retired: new Set([2]) }
    expect(plan(toB, t.seen({ ...world, instances: [old, young] })).steps).toEqual([
      { action: 'drain', instance: 'shop.web.v2.1', unhealthy: false, reason: 'its release is over' },
    ])
    // Without anything that serves, what is known to be over goes all the same.
    const alone = t.seen({ attempt: failed, retired: new Set([2]), instances: [young] })
    expect(plan(toB, alone).steps.map((s) => s.action)).toEqual(['drain'])
  })
})

describe('a route that another app has', () => {
  it('fails the commit and names the other', () => {
    const claimed = new Map([['shop.test /', 'cart']])
    const world = t.seen({ attempt: t.attempt(t.commit('b')), claimed })
    const message =
      'shop.test/ is served by the app "cart" already. Give one of the two another host or path (routes: in app.yaml).'
    expect(plan(toB, world).steps).toEqual([
      {
        action: 'fail',
        commit: t.commit('b'),
        failure: { code: 'RouteTaken', message },
        blame: null,
        reason: 'another app was first',
      },
    ])
  })

  it('is no matter where it is our own, or another path', () => {
    const claimed = new Map([
      ['shop.test /', t.APP],
      ['shop.test /cart', 'cart'],
    ])
    const world = t.seen({ attempt: t.attempt(t.commit('b')), claimed })
    expect(plan(toB, world).steps.map((s) => s.action)).toEqual(['release'])
  })
})
