import { expect, test } from 'vitest'
import { type BuildEnd, Scheduler, type SchedulerOptions } from '../../src/build/scheduler.ts'
import type { BuildPlan } from '../../src/ports.ts'
import { appSpec } from './world.ts'

const plan = (app: string, key: string): BuildPlan => ({ app: appSpec(app), commit: 'c', settings: { env: {} }, key })
const succeeded = (key: string): BuildEnd => ({
  state: 'succeeded',
  image: { key, ref: `/slugs/${key}`, processTypes: {}, configVars: {} },
  durationMs: 1,
})
const failed = (code: 'BuildFailed' | 'BuildCancelled' = 'BuildFailed'): BuildEnd => ({
  state: 'failed',
  failure: { code, message: code },
  retry: false,
  durationMs: 1,
})

/** A scheduler whose builds end when the test says so. */
async function start(concurrency = 2, fetch?: SchedulerOptions['fetch']) {
  const running = new Map<string, (end: BuildEnd) => void>()
  const started: string[] = []
  const seen: string[] = []
  const gone = new Set<string>()
  const scheduler = new Scheduler({
    concurrency: () => concurrency,
    exists: (key) => !gone.has(key),
    step: (key) => `step of ${key}`,
    changed: (one, state) => seen.push(`${one.key} ${state.state}`),
    now: () => 0,
    ready: Promise.resolve(),
    ...(fetch && { fetch }),
    run: (one, signal) => {
      started.push(one.key)
      signal.addEventListener('abort', () => seen.push(`${one.key} aborted`))
      return new Promise((resolve) => running.set(one.key, resolve))
    },
  })
  const end = async (key: string, how: BuildEnd = succeeded(key)) => {
    running.get(key)?.(how)
    await new Promise(setImmediate)
  }
  await Promise.resolve()
  return { scheduler, started, seen, gone, end }
}

test('no more than `concurrency` at once, and no two for one app', async () => {
  const { scheduler, started, end } = await start(2)
  for (const app of ['a', 'b', 'c']) scheduler.want(app, plan(app, `${app}1`))
  expect(started).toEqual(['a1', 'b1'])
  expect(scheduler.state('c1')).toEqual({ state: 'queued', position: 1 })
  await end('a1')
  expect(started).toEqual(['a1', 'b1', 'c1'])
  expect(scheduler.state('a1').state).toBe('succeeded')
})

test('asking again for the same changes nothing; two apps that want one key build once', async () => {
  const { scheduler, started, seen, end } = await start()
  for (let i = 0; i < 5; i += 1) scheduler.want('a', plan('a', 'k'))
  scheduler.want('b', plan('b', 'k'))
  expect(seen).toEqual(['k queued', 'k running'])
  scheduler.want('a', null)
  expect(seen).not.toContain('k aborted')
  await end('k')
  scheduler.want('b', plan('b', 'k'))
  expect(started).toEqual(['k'])
})

test('another key cancels the former; the new one waits until it has ended', async () => {
  const { scheduler, started, seen, end } = await start()
  scheduler.want('a', plan('a', 'k1'))
  scheduler.want('a', plan('a', 'k2'))
  expect(seen).toContain('k1 aborted')
  expect(started).toEqual(['k1'])
  await end('k1', failed('BuildCancelled'))
  expect(started).toEqual(['k1', 'k2'])
  expect(scheduler.state('k1')).toMatchObject({ state: 'failed', failure: { code: 'BuildCancelled' } })
})

test('a queued build that nobody wants any more is never started', async () => {
  const { scheduler, started, seen, end } = await start(1)
  scheduler.want('a', plan('a', 'k1'))
  scheduler.want('b', plan('b', 'k2'))
  scheduler.want('b', null)
  expect(seen.at(-1)).toBe('k2 none')
  await end('k1')
  expect(started).toEqual(['k1'])
})

test('wanted again while its cancelled build still ends: it is built after all', async () => {
  const { scheduler, started, end } = await start()
  scheduler.want('a', plan('a', 'k1'))
  scheduler.want('a', null)
  scheduler.want('a', plan('a', 'k1'))
  await end('k1', failed('BuildCancelled'))
  expect(started).toEqual(['k1', 'k1'])
  await end('k1')
  expect(scheduler.state('k1').state).toBe('succeeded')
})

test('a failure is remembered until the app wants something else, or asks again', async () => {
  const { scheduler, started, end } = await start()
  scheduler.want('a', plan('a', 'k1'))
  await end('k1', failed())
  scheduler.want('a', plan('a', 'k1'))
  scheduler.want('a', null)
  scheduler.want('a', plan('a', 'k1'))
  expect(started).toEqual(['k1'])
  scheduler.want('a', plan('a', 'k1'), true)
  expect(started).toEqual(['k1', 'k1'])
  await end('k1', failed())
  scheduler.want('a', plan('a', 'k2'))
  await end('k2')
  scheduler.want('a', plan('a', 'k1'))
  expect(started).toEqual(['k1', 'k1', 'k2', 'k1'])
})

test('an image that was deleted by hand is built again', async () => {
  const { scheduler, started, gone, end } = await start()
  scheduler.want('a', plan('a', 'k'))
  await end('k')
  gone.add('k')
  expect(scheduler.state('k')).toEqual({ state: 'none' })
  scheduler.want('a', plan('a', 'k'))
  expect(started).toEqual(['k', 'k'])
})

test('nobody starves: with one slot, an app that pushes all day does not keep the others from building', async () => {
  const { scheduler, started, end } = await start(1)
  scheduler.want('noisy', plan('noisy', 'n0'))
  for (const app of ['a', 'b', 'c']) scheduler.want(app, plan(app, app))
  for (let i = 1; i <= 8; i += 1) {
    scheduler.want('noisy', plan('noisy', `n${i}`))
    await end(started.at(-1) ?? '', started.at(-1)?.startsWith('n') ? failed('BuildCancelled') : undefined)
  }
  expect(new Set(started.slice(0, 8))).toEqual(expect.objectContaining(new Set(['a', 'b', 'c'])))
  expect(started.filter((key) => !key.startsWith('n')).sort()).toEqual(['a', 'b', 'c'])
})

test('close cancels what runs and waits for its end', async () => {
  const { scheduler, seen, end } = await start()
  scheduler.want('a', plan('a', 'k'))
  let closed = false
  const closing = scheduler.close().then(() => {
    closed = true
  })
  await new Promise(setImmediate)
  expect(seen).toContain('k aborted')
  expect(closed).toBe(false)
  await end('k', failed('BuildCancelled'))
  await closing
})

test('where a build stands: its place in the queue as it moves, then what it does', async () => {
  const { scheduler, seen, end } = await start(1)
  for (const app of ['a', 'b', 'c']) scheduler.want(app, plan(app, `${app}1`))
  expect(scheduler.state('a1')).toEqual({ state: 'running', startedAt: 0, step: 'step of a1' })
  // The newest is next, and tells of itself that it waits.
  expect([scheduler.state('c1'), scheduler.state('b1')]).toEqual([
    { state: 'queued', position: 1 },
    { state: 'queued', position: 2 },
  ])
  expect(seen).toEqual(['a1 queued', 'a1 running', 'b1 queued', 'b1 queued', 'c1 queued', 'c1 queued'])
  await end('a1')
  expect(scheduler.state('b1')).toEqual({ state: 'queued', position: 1 })
})

test('while a registry is asked for it, it is said to be pulled, and nobody is told of a build', async () => {
  let answer: (end: BuildEnd | null) => void = () => {}
  const { scheduler, started, seen } = await start(1, () => new Promise((resolve) => (answer = resolve)))
  scheduler.want('a', plan('a', 'k'))
  expect(scheduler.state('k')).toMatchObject({ state: 'running', pulling: true })
  expect(seen).toEqual(['k queued'])
  answer(null)
  await new Promise(setImmediate)
  expect(scheduler.state('k')).toEqual({ state: 'running', startedAt: 0, step: 'step of k' })
  expect([started, seen]).toEqual([['k'], ['k queued', 'k running']])
})
