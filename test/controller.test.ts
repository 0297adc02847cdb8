import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createController } from '../src/controller.ts'
import { TrimtabError } from '../src/errors.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Lets everything that needs no time happen. */
const settle = () => vi.advanceTimersByTimeAsync(0)
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

/** Passes that end when the test says so, with what the test says. */
function passes({ jitter = 0.5 } = {}) {
  const begun: string[] = []
  const open = new Map<string, { resolve(again: number | null): void; reject(error: unknown): void }>()
  const failures: Array<[string, string, number]> = []
  const controller = createController(
    (app) => {
      if (open.has(app)) throw new Error(`two passes over ${app} at once`)
      begun.push(app)
      return new Promise<number | null>((resolve, reject) => open.set(app, { resolve, reject })).finally(() => open.delete(app))
    },
    (app, error, inMs) => failures.push([app, error.message, inMs]),
    () => jitter,
  )
  const end = async (app: string, again: number | null = null) => {
    open.get(app)?.resolve(again)
    await settle()
  }
  const fail = async (app: string, error: unknown) => {
    open.get(app)?.reject(error)
    await settle()
  }
  return { controller, begun, open, failures, end, fail }
}

describe('one app', () => {
  it('is looked at at once, and not again until something happens', async () => {
    const { controller, begun, end } = passes()
    controller.trigger('shop')
    expect(begun).toEqual(['shop'])
    await end('shop')
    await pass(600_000)
    expect(begun).toEqual(['shop'])
    controller.trigger('shop')
    expect(begun).toEqual(['shop', 'shop'])
  })

  it('has one more pass, and only one, for all that was triggered during a pass', async () => {
    const { controller, begun, end } = passes()
    for (let i = 0; i < 5; i++) controller.trigger('shop')
    expect(begun).toHaveLength(1)
    await end('shop', 60_000)
    expect(begun).toHaveLength(2)
    await end('shop')
    expect(begun).toHaveLength(2)
  })

  it('is looked at again when its pass says, and earlier if something happens before', async () => {
    const { controller, begun, end } = passes()
    controller.trigger('shop')
    await end('shop', 250)
    await pass(249)
    expect(begun).toHaveLength(1)
    await pass(1)
    expect(begun).toHaveLength(2)
    await end('shop', 5_000)
    controller.trigger('shop')
    expect(begun).toHaveLength(3)
    await end('shop')
    await pass(60_000)
    expect(begun).toHaveLength(3)
  })

  it('waits for weeks where its pass says so, as far as a timer goes', async () => {
    const { controller, begun, end } = passes()
    controller.trigger('shop')
    await end('shop', 30 * 86_400_000)
    await pass(24 * 86_400_000)
    expect(begun).toEqual(['shop'])
    await pass(86_400_000)
    expect(begun).toEqual(['shop', 'shop'])
  })

  it('goes on at once where its pass says 0, and is slowed down when it goes in circles', async () => {
    const { controller, begun, end } = passes()
    controller.trigger('shop')
    for (let i = 0; i < 501; i++) await end('shop', 0)
    expect(begun).toHaveLength(501)
    await pass(999)
    expect(begun).toHaveLength(501)
    await pass(1)
    expect(begun).toHaveLength(502)
    await end('shop', 0)
    expect(begun).toHaveLength(502)
    await pass(1_000)
    // A pause ends the row.
    await end('shop', 10)
    await pass(10)
    await end('shop', 0)
    expect(begun).toHaveLength(505)
  })
})

describe('a pass that fails', () => {
  it('is tried again later and later, up to a minute, and from the beginning after it went well', async () => {
    const { controller, begun, fail, end, failures } = passes()
    controller.trigger('shop')
    const waits = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]
    for (const [i, ms] of waits.entries()) {
      await fail('shop', new Error('no space'))
      expect(failures.at(-1)).toEqual(['shop', 'no space', ms])
      await pass(ms - 1)
      expect(begun).toHaveLength(i + 1)
      await pass(1)
      expect(begun).toHaveLength(i + 2)
    }
    await end('shop', 1)
    await pass(1)
    await fail('shop', new Error('again'))
    expect(failures.at(-1)).toEqual(['shop', 'again', 250])
  })

  it('is spread by a quarter either way', async () => {
    for (const [jitter, ms] of [
      [0, 187.5],
      [1, 312.5],
    ] as const) {
      const { controller, fail, failures } = passes({ jitter })
      controller.trigger('shop')
      await fail('shop', new Error('no'))
      expect(failures).toEqual([['shop', 'no', ms]])
    }
  })

  it('leaves its trouble to be read until one goes well', async () => {
    const { controller, fail, end } = passes()
    expect(controller.trouble('shop')).toBe(null)
    controller.trigger('shop')
    const trouble = new TrimtabError('RuntimeUnavailable', 'no socket', { retry: true })
    await fail('shop', trouble)
    expect(controller.trouble('shop')).toBe(trouble)
    expect(controller.trouble('cart')).toBe(null)
    await pass(250)
    expect(controller.trouble('shop')).toBe(trouble)
    await end('shop')
    expect(controller.trouble('shop')).toBe(null)
  })

  it('keeps to its back-off whatever was triggered during it; what comes after brings the next one forward', async () => {
    const { controller, begun, fail } = passes()
    controller.trigger('shop')
    controller.trigger('shop')
    await fail('shop', new Error('no'))
    expect(begun).toHaveLength(1)
    controller.trigger('shop')
    expect(begun).toHaveLength(2)
  })

  it('delays no other app', async () => {
    const { controller, begun, fail, end } = passes()
    controller.trigger('bad')
    await fail('bad', new Error('no'))
    controller.trigger('good')
    expect(begun).toEqual(['bad', 'good'])
    await end('good', 0)
    expect(begun).toEqual(['bad', 'good', 'good'])
  })

  it('that throws before it begins is a failure like any other', async () => {
    const failures: string[] = []
    const controller = createController(
      () => {
        throw new TrimtabError('Internal', 'at once')
      },
      (app, error) => failures.push(`${app} ${error.message}`),
    )
    controller.trigger('shop')
    await settle()
    expect(failures).toEqual(['shop at once'])
    await controller.close()
  })
})

describe('many apps', () => {
  const apps = Array.from({ length: 20 }, (_, i) => `app-${i + 1}`)

  it('are looked at eight at a time, in the order they were triggered', async () => {
    const { controller, begun, open, end } = passes()
    for (const app of apps) controller.trigger(app)
    for (const app of apps) controller.trigger(app)
    expect(begun).toEqual(apps.slice(0, 8))
    await end('app-3')
    expect(begun).toHaveLength(9)
    expect(open.size).toBe(8)
    while (open.size > 0) for (const app of [...open.keys()]) await end(app)
    // The first eight were triggered while they ran, so they came twice; those that waited in the queue, once.
    const counts = Object.fromEntries(apps.map((app) => [app, begun.filter((one) => one === app).length]))
    expect(counts).toEqual(Object.fromEntries(apps.map((app, i) => [app, i < 8 ? 2 : 1])))
  })

  it('are not held up by one whose pass never ends', async () => {
    const { controller, begun, end } = passes()
    for (const app of apps) controller.trigger(app)
    for (const app of apps.slice(1)) await end(app)
    expect(new Set(begun)).toEqual(new Set(apps))
  })

  it('each get their turn while others ask for more at once', async () => {
    const { controller, begun, open, end } = passes()
    for (const app of apps) controller.trigger(app)
    for (let round = 0; round < 3; round++) for (const app of [...open.keys()]) await end(app, 0)
    expect(new Set(begun)).toEqual(new Set(apps))
  })
})

describe('closing', () => {
  it('waits for the passes that run, starts none that wait, and lets go of every timer', async () => {
    const { controller, begun, end } = passes()
    for (const app of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'waits']) controller.trigger(app)
    await end('a', 1_000)
    await end('waits', 50)
    expect(vi.getTimerCount()).toBe(2)
    let ended = 0
    const both = [controller.close(), controller.close()].map((one) => one.then(() => ended++))
    expect(vi.getTimerCount()).toBe(0)
    controller.trigger('late')
    controller.trigger('b')
    for (const app of ['b', 'c', 'd', 'e', 'f', 'g']) await end(app, 0)
    expect(ended).toBe(0)
    await end('h', 5)
    await Promise.all(both)
    expect(ended).toBe(2)
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'waits'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is done at once where nothing runs', async () => {
    const { controller } = passes()
    await controller.close()
  })
})
