/** The line of a host, by a clock that the test moves: who goes when, and who waits for whom. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Line } from '../../src/web/line.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const never = () => new Promise<never>(() => {})
const after = (ms: number) => () => new Promise<void>((resolve) => setTimeout(resolve, ms))

function standing() {
  const line = new Line((error) => (error as Error).message === 'nobody there')
  let [out, most] = [0, 0]
  /** How long it was from getting in line to the answer, in milliseconds. */
  const ask = async (answer: () => Promise<void>): Promise<number> => {
    const since = performance.now()
    await line.run(async () => {
      most = Math.max(most, ++out)
      await answer().finally(() => out--)
    })
    return performance.now() - since
  }
  return { ask, most: () => most }
}

it('one goes after the other', async () => {
  const { ask, most } = standing()
  const asked = Promise.all(Array.from({ length: 20 }, () => ask(after(10))))
  await pass(200)
  expect(await asked).toEqual(Array.from({ length: 20 }, (_, n) => 10 * (n + 1)))
  expect(most()).toBe(1)
})

it('a dead one among a thousand holds nobody up for longer than a moment, whoever comes later not at all', async () => {
  const { ask, most } = standing()
  void ask(never)
  // 33 a second: a thousand in 30 s.
  const asked = Array.from({ length: 1000 }, async (_, n) => {
    await after(30 * n)()
    return ask(after(5))
  })
  await pass(31_000)
  const took = await Promise.all(asked)
  expect(Math.max(...took)).toBeLessThanOrEqual(260)
  expect(took.filter((ms) => ms > 5).length).toBeLessThan(12)
  expect(most()).toBe(2)
})

it('where all come at once, the dead one costs them a moment together', async () => {
  const { ask } = standing()
  void ask(never)
  const asked = Promise.all(Array.from({ length: 100 }, () => ask(after(1))))
  await pass(1_000)
  const took = await asked
  expect(took[0]).toBeLessThanOrEqual(251)
  expect(Math.max(...took)).toBeLessThanOrEqual(351)
})

it('a host that takes its time is asked more at a time, as many as keep the wait short', async () => {
  const { ask, most } = standing()
  // 20 a second, each of which takes 200 ms: one connection would fall ever further behind.
  const asked = Array.from({ length: 600 }, async (_, n) => {
    await after(50 * n)()
    return ask(after(200))
  })
  await pass(60_000)
  const took = await Promise.all(asked)
  expect(Math.max(...took)).toBeLessThan(1_300)
  expect(most()).toBeLessThanOrEqual(6)
})

it('six at a time, and no more, however slow they are', async () => {
  const { ask, most } = standing()
  const asked = Promise.all(Array.from({ length: 12 }, () => ask(after(10_000))))
  await pass(60_000)
  await asked
  expect(most()).toBe(6)
})

it('who finds nobody there finds it out for all behind', async () => {
  const { ask } = standing()
  const failing = async () => {
    await after(50)()
    throw new Error('nobody there')
  }
  const asked = Promise.allSettled(Array.from({ length: 30 }, () => ask(failing)))
  await pass(60)
  expect((await asked).map(({ status }) => status)).toEqual(Array(30).fill('rejected'))
})

it('another failure is one question’s own', async () => {
  const { ask } = standing()
  const broken = ask(() => Promise.reject(new Error('broken'))).catch(() => 'broken')
  const next = ask(after(10))
  await pass(10)
  expect([await broken, await next]).toEqual(['broken', 10])
})
