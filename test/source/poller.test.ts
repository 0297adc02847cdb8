import { describe, expect, it, vi } from 'vitest'
import { TrimtabError } from '../../src/errors.ts'
import { byOwnClock, EVERY_30S, pass, polling, START, spec } from './polling/repositories.ts'

byOwnClock()

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
    source.failing = new TrimtabError('SourceUnreachable', 'no route to host', { retry: true })
    poller.set([spec('shop')], EVERY_30S)
    await pass(1_500_000)
    const minute = 60_000
    expect(times('shop').map((at) => at / minute)).toEqual([0, 1, 3, 7, 12, 17, 22])
    expect(told).toEqual(times('shop').map(() => ['shop', 'SourceUnreachable']))
    source.failing = null
    source.looks.length = 0
    await pass(3 * minute)
    expect(times('shop').map((at) => at / minute)).toEqual([27, 27.5, 28])
    expect(told.at(-1)).toEqual(['shop', null])
  })

  it.each(['RepositoryEmpty', 'BranchMissing', 'RepositoryGone'] as const)(
    'asks a host that answers %s as often as any: somebody may be about to push',
    async (code) => {
      const { poller, source, times, told } = polling()
      source.failing = new TrimtabError(code, 'not there yet')
      poller.set([spec('shop')], EVERY_30S)
      await pass(95_000)
      expect(times('shop')).toEqual([0, 30_000, 60_000, 90_000])
      expect(told.at(-1)).toEqual(['shop', code])
    },
  )

  it('never asks more often than the interval says, however long that is', async () => {
    const { poller, source, times } = polling()
    source.failing = new Error('no')
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

describe('its own interval', () => {
  it('an app may have, shorter or longer than the platform’s', async () => {
    const { poller, times } = polling()
    poller.set(
      [spec('shop', { poll: { everyMs: 10_000 } }), spec('cart', { poll: { everyMs: 60_000 } }), spec('blog')],
      EVERY_30S,
    )
    await pass(61_000)
    expect(times('shop')).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000])
    expect(times('cart')).toEqual([0, 60_000])
    expect(times('blog')).toEqual([0, 30_000, 60_000])
  })

  it('may be a clock, while the others go by theirs', async () => {
    const { poller, times } = polling()
    poller.set([spec('shop', { poll: { cron: '0 * * * *' } }), spec('cart', { poll: { everyMs: 1_800_000 } })], EVERY_30S)
    await pass(3_601_000)
    expect(times('shop').map((at) => Math.floor(at / 60_000))).toEqual([0, 60])
    expect(times('cart')).toEqual([0, 1_800_000, 3_600_000])
  })
})

describe('apps that would ask the same', () => {
  const shared = { repo: 'https://git.example.com/acme/all.git' }

  it('share one look, and each hears of it', async () => {
    const { poller, source, told } = polling()
    const many = Array.from({ length: 50 }, (_, n) => spec(`app-${n}`, { ...shared, path: `apps/${n}` }))
    poller.set([...many, spec('other', { repo: `${shared.repo}/`, path: 'x' })], EVERY_30S)
    await pass(30_000)
    expect(source.looks).toHaveLength(2)
    expect(told).toHaveLength(2 * 51)
    expect(source.watched.size).toBe(1)
    await poller.look('app-7')
    expect(source.looks).toHaveLength(3)
    expect(new Set(told.slice(102).map(([app]) => app)).size).toBe(51)
  })

  it('do so by the shortest of their intervals', async () => {
    const { poller, source } = polling()
    poller.set(
      [spec('slow', { ...shared, poll: { everyMs: 600_000 } }), spec('quick', { ...shared, poll: { everyMs: 20_000 } })],
      EVERY_30S,
    )
    await pass(60_000)
    expect(source.looks.map(([, at]) => at)).toEqual([0, 20_000, 40_000, 60_000])
  })

  it('are those of one repository, one branch and one key to it', async () => {
    const { poller, source } = polling()
    poller.set(
      [
        spec('a', shared),
        spec('b', { ...shared, branch: 'next' }),
        spec('c', { ...shared, tag: 'v*' }),
        spec('d', { ...shared, ref: 'refs/pull/7/head' }),
        spec('e', { ...shared, auth: { token: 't' } }),
        spec('f', { repo: 'https://someone@git.example.com/acme/all.git' }),
      ],
      EVERY_30S,
    )
    await pass(0)
    expect(source.looks.map(([app]) => app)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  })

  it('are looked at at once when one joins them, and go on when one leaves', async () => {
    const { poller, source, told } = polling()
    poller.set([spec('a', shared)], EVERY_30S)
    await pass(10_000)
    poller.set([spec('a', shared), spec('b', { ...shared, path: 'b' })], EVERY_30S)
    await pass(0)
    expect(told.slice(1)).toEqual([
      ['a', null],
      ['b', null],
    ])
    poller.set([spec('b', { ...shared, path: 'b' })], EVERY_30S)
    await pass(30_000)
    expect(source.looks).toHaveLength(3)
    expect(told.slice(3)).toEqual([['b', null]])
  })
})

describe('a thousand repositories on one host', () => {
  const many = Array.from({ length: 1000 }, (_, n) => spec(`app-${n}`, { repo: `https://git.example.com/${n}.git` }))

  it('do not ask in the same second', async () => {
    const { poller, source, times } = polling()
    poller.set(many, EVERY_30S)
    const inSecond = (second: number) => source.looks.filter(([, at]) => Math.floor(at / 1000) === second).length
    await pass(25_000)
    expect(source.looks).toHaveLength(1000)
    for (let second = 0; second < 20; second++) expect(inSecond(second)).toBeLessThanOrEqual(70)
    // Who comes alone later is not made to wait.
    poller.set([...many, spec('late', { repo: 'https://git.example.com/late.git' })], EVERY_30S)
    await pass(0)
    expect(times('late')).toEqual([25_000])
    await pass(25_000)
    for (let second = 30; second < 50; second++) expect(inSecond(second)).toBeLessThanOrEqual(70)
  })

  it('neither do so by the clock', async () => {
    const { poller, source } = polling()
    poller.set(many, { cron: '*/10 * * * *' })
    await pass(10 * 60_000 + 500)
    expect(source.looks.length).toBeLessThan(1000 + 70)
    await pass(25_000)
    expect(source.looks).toHaveLength(2000)
  })
})

describe('by the clock', () => {
  it('looks at everything when the cron expression says, the failing too', async () => {
    const { poller, source, times } = polling()
    source.failing = new Error('no')
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
    expect(times('shop')).toEqual([0, 30_000, 60_000, 90_000])
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
    source.failing = new TrimtabError('BranchMissing', 'gone')
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
