import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AppSpec, PlatformSpec } from '../../src/domain.ts'
import { TrimtabError } from '../../src/errors.ts'
import type { Head, Source } from '../../src/ports.ts'
import { createPoller } from '../../src/source/poller.ts'

// 10:00:00 by any clock: cron expressions are read in local time.
const START = new Date(2026, 0, 2, 10, 0, 0)
const EVERY_30S: PlatformSpec['poll'] = { everyMs: 30_000 }

beforeEach(() => void vi.useFakeTimers({ now: START }))
afterEach(() => void vi.useRealTimers())

const spec = (name: string, over: Partial<AppSpec> = {}): AppSpec => ({ name, repo: `/repos/${name}.git`, path: '', ...over })
const HEAD: Head = { ref: 'main', commit: 'a'.repeat(40), message: 'm', committedAt: 1, since: null }

/** A source that knows how to be looked at and watched, and nothing else. */
class Repositories implements Source {
  /** Each look: which app, when since the start (ms), at which address. */
  readonly looks: Array<[app: string, at: number]> = []
  readonly addresses: string[] = []
  readonly watched = new Map<AppSpec, () => void>()
  trouble: Error | null = null
  /** Looks wait for this. */
  gate: Promise<void> = Promise.resolve()

  async look(app: AppSpec): Promise<Head> {
    this.looks.push([app.name, Date.now() - START.getTime()])
    this.addresses.push(app.repo)
    await this.gate
    if (this.trouble) throw this.trouble
    return HEAD
  }

  watch(app: AppSpec, changed: () => void): () => void {
    this.watched.set(app, changed)
    return () => void this.watched.delete(app)
  }

  head(): never {
    throw new Error('a poller only looks')
  }
  packs = { fetch: this.head, entries: this.head, export: this.head }
  entries = this.head
  read = this.head
  verify = this.head
  changed = this.head
  export = this.head
  prune = this.head
  close = this.head
}

function polling({ jitter = 0.5 } = {}) {
  const source = new Repositories()
  const told: Array<[string, string | null]> = []
  const poller = createPoller(
    source,
    (app, trouble) => told.push([app, trouble?.code ?? null]),
    () => jitter,
  )
  const times = (app: string) => source.looks.filter(([name]) => name === app).map(([, at]) => at)
  return { source, told, poller, times }
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('by the interval', () => {
  it('looks at once, and then after each interval from the last look', async () => {
    const { poller, times, told } = polling()
    poller.set([spec('shop'), spec('cart')], EVERY_30S)
    await pass(95_000)
    expect(times('shop')).toEqual([0, 30_000, 60_000, 90_000])
    expect(times('cart')).toEqual([0, 30_000, 60_000, 90_000])
    expect(told).toHaveLength(8)
    expect(told.every(([, trouble]) => trouble === null)).toBe(true)
  })

  it('is spread by a tenth either way', async () => {
    for (const [jitter, at] of [
      [0, 27_000],
      [1, 33_000],
    ] as const) {
      vi.setSystemTime(START)
      const { poller, times } = polling({ jitter })
      poller.set([spec('shop')], EVERY_30S)
      await pass(40_000)
      expect(times('shop')).toEqual([0, at])
      poller.close()
    }
  })

  it('asks less and less often while it fails, five minutes at the longest, and as before once it works', async () => {
    const { poller, source, times, told } = polling()
    source.trouble = new TrimtabError('SourceUnreachable', 'no route to host', { retry: true })
    poller.set([spec('shop')], EVERY_30S)
    await pass(1_500_000)
    const minute = 60_000
    expect(times('shop').map((at) => at / minute)).toEqual([0, 1, 3, 7, 12, 17, 22])
    expect(told).toEqual(times('shop').map(() => ['shop', 'SourceUnreachable']))
    source.trouble = null
    source.looks.length = 0
    await pass(3 * minute)
    expect(times('shop').map((at) => at / minute)).toEqual([27, 27.5, 28])
    expect(told.at(-1)).toEqual(['shop', null])
  })

  it.each(['RepositoryEmpty', 'BranchMissing', 'RepositoryGone'] as const)(
    'asks a host that answers %s as often as any: somebody may be about to push',
    async (code) => {
      const { poller, source, times, told } = polling()
      source.trouble = new TrimtabError(code, 'not there yet')
      poller.set([spec('shop')], EVERY_30S)
      await pass(95_000)
      expect(times('shop')).toEqual([0, 30_000, 60_000, 90_000])
      expect(told.at(-1)).toEqual(['shop', code])
    },
  )

  it('never asks more often than the interval says, however long that is', async () => {
    const { poller, source, times } = polling()
    source.trouble = new Error('no')
    const hour = 3_600_000
    poller.set([spec('shop')], { everyMs: hour })
    await pass(3.5 * hour)
    expect(times('shop').map((at) => at / hour)).toEqual([0, 1, 2, 3])
  })

  it('waits for a slow look before it plans the next', async () => {
    const { poller, source, times } = polling()
    let open = () => {}
    source.gate = new Promise((resolve) => {
      open = resolve
    })
    poller.set([spec('shop')], EVERY_30S)
    await pass(100_000)
    expect(times('shop')).toEqual([0])
    open()
    await pass(30_000)
    expect(times('shop')).toEqual([0, 130_000])
  })
})

describe('by the clock', () => {
  it('looks at everything when the cron expression says, the failing too', async () => {
    const { poller, source, times } = polling()
    source.trouble = new Error('no')
    poller.set([spec('shop'), spec('cart')], { cron: '*/5 * * * *' })
    await pass(11 * 60_000)
    // node-cron adds some milliseconds of its own.
    const minutes = (app: string) => times(app).map((at) => Math.floor(at / 60_000))
    expect(minutes('shop')).toEqual([0, 5, 10])
    expect(minutes('cart')).toEqual([0, 5, 10])
    poller.close()
    await pass(11 * 60_000)
    expect(minutes('shop')).toEqual([0, 5, 10])
  })

  it('changes from interval to clock and back', async () => {
    const { poller, times } = polling()
    poller.set([spec('shop')], EVERY_30S)
    await pass(1_000)
    poller.set([spec('shop')], { cron: '0 * * * *' })
    await pass(59 * 60_000)
    expect(times('shop')).toEqual([0])
    poller.set([spec('shop')], EVERY_30S)
    await pass(31_000)
    expect(times('shop')).toEqual([0, 59 * 60_000 + 31_000])
    await pass(30_000)
    // The full hour has passed, and its tick is gone.
    expect(times('shop')).toHaveLength(3)
  })
})

describe('what is polled', () => {
  it('may change: new ones are looked at at once, those that stay keep their pace, those that go are left alone', async () => {
    const { poller, source, times } = polling()
    const [shop, cart, blog] = [spec('shop'), spec('cart'), spec('blog')]
    poller.set([shop, cart], EVERY_30S)
    await pass(10_000)
    poller.set([spec('shop'), blog], EVERY_30S)
    await pass(80_000)
    expect(times('cart')).toEqual([0])
    expect(times('blog')).toEqual([10_000, 40_000, 70_000])
    expect(times('shop')).toEqual([0, 40_000, 70_000])
    expect([...source.watched.keys()].map((s) => s.name)).toEqual(['shop', 'blog'])
  })

  it('is looked at anew where anything of it changed, and what a look at the old one finds is nobody’s business', async () => {
    const { poller, source, told } = polling()
    let open = () => {}
    source.gate = new Promise((resolve) => {
      open = resolve
    })
    poller.set([spec('shop')], EVERY_30S)
    source.gate = Promise.resolve()
    poller.set([spec('shop', { repo: '/repos/moved.git' })], EVERY_30S)
    await pass(0)
    expect(source.addresses).toEqual(['/repos/shop.git', '/repos/moved.git'])
    expect(told).toEqual([['shop', null]])
    open()
    await pass(0)
    expect(told).toHaveLength(1)
    expect([...source.watched.keys()].map((s) => s.repo)).toEqual(['/repos/moved.git'])
    await pass(30_000)
    expect(source.addresses).toHaveLength(3)
  })

  it('takes a new interval at once', async () => {
    const { poller, times } = polling()
    poller.set([spec('shop')], { everyMs: 3_600_000 })
    await pass(1_000)
    poller.set([spec('shop')], { everyMs: 5_000 })
    await pass(5_000)
    expect(times('shop')).toEqual([0, 6_000])
  })

  it('is looked at when its repository says that it moved, and its interval begins anew', async () => {
    const { poller, source, times } = polling()
    const shop = spec('shop')
    poller.set([shop], EVERY_30S)
    await pass(20_000)
    source.watched.get(shop)?.()
    await pass(29_999)
    expect(times('shop')).toEqual([0, 20_000])
    await pass(1)
    expect(times('shop')).toEqual([0, 20_000, 50_000])
  })
})

describe('a look that is asked for', () => {
  it('ends when git has answered, and never throws', async () => {
    const { poller, source, told } = polling()
    poller.set([spec('shop')], EVERY_30S)
    await pass(0)
    source.trouble = new TrimtabError('BranchMissing', 'gone')
    await poller.look('shop')
    expect(told).toEqual([
      ['shop', null],
      ['shop', 'BranchMissing'],
    ])
  })

  it('at an app that is not polled is none', async () => {
    const { poller, source } = polling()
    await poller.look('shop')
    expect(source.looks).toEqual([])
  })
})

it('ends every timer and every watch, and tells nothing any more', async () => {
  const { poller, source, told } = polling()
  let open = () => {}
  source.gate = new Promise((resolve) => {
    open = resolve
  })
  poller.set([spec('shop'), spec('cart')], EVERY_30S)
  poller.close()
  open()
  await pass(600_000)
  expect(source.looks).toHaveLength(2)
  expect(source.watched.size).toBe(0)
  expect(told).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})
