/** A host that does not answer: who asks it, how often, and who is told what. */
import { describe, expect, it } from 'vitest'
import type { AppSpec } from '../../../src/domain.ts'
import { TrimtabError } from '../../../src/errors.ts'
import { type Blame, HostFault } from '../../../src/source/hostFault.ts'
import { byOwnClock, EVERY_30S, pass, polling, spec } from './repositories.ts'

byOwnClock()

const url = (n: number) => `https://git.example.com/${n}.git`
const many = (count: number): AppSpec[] => Array.from({ length: count }, (_, n) => spec(`app-${n}`, { repo: url(n) }))
const fault = (reason: string, blame: Partial<Blame> = {}) =>
  new HostFault({ url: 'https://git.example.com/x.git' }, reason, { isSure: true, ...blame })
const REFUSED = fault('the connection was refused.')
const SILENT = fault('no answer within 30 s.', { isSure: false })

/** Apps of a host that has been well for a minute, and one of another host. */
async function well(count: number) {
  const all = polling()
  all.poller.set([...many(count), spec('elsewhere', { repo: 'https://elsewhere.example.com/x.git' })], EVERY_30S)
  await pass(60_000)
  all.source.looks.length = 0
  all.told.length = 0
  return all
}

describe('a host that is not there', () => {
  it('is asked by one of its repositories, more and more rarely; the others wait, those of other hosts do not', async () => {
    const { source, times, events, told } = await well(100)
    for (let n = 0; n < 100; n++) source.faults.set(url(n), REFUSED)
    await pass(20 * 60_000)
    const looks = source.looks.filter(([app]) => app !== 'elsewhere')
    // A thirtieth of a second is how often it was asked; the first pause is the shortest there is, a second; then it doubles.
    expect(looks.length).toBeLessThan(16)
    const pauses = looks.slice(1).map(([, at], n) => Math.round((at - (looks[n]?.[1] ?? 0)) / 1000))
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
    expect(times('elsewhere')).toHaveLength(40)
    expect(events).toEqual([
      ' HostUnreachable: git.example.com: the connection was refused. When it answers, its 100 repositories are asked again; one of them tries in 1 s.',
    ])
    expect(new Set(told.filter(([app]) => app !== 'elsewhere').map(([, trouble]) => trouble))).toEqual(
      new Set(['host: SourceUnreachable']),
    )
  })

  it('is told of every app on it, without asking for it, until it answers', async () => {
    const { source } = await well(3)
    for (let n = 0; n < 3; n++) source.faults.set(url(n), REFUSED)
    await pass(30_000)
    expect(source.doubts.get('app-2')).toBe(`${url(2)} cannot be read: the connection was refused.`)
    expect(source.doubts.has('elsewhere')).toBe(false)
    source.faults.clear()
    await pass(5 * 60_000)
    expect([...source.doubts.values()]).toEqual([null, null, null])
  })

  it('answers again: all go on, spread, and that is told once', async () => {
    const { source, events } = await well(1000)
    for (let n = 0; n < 1000; n++) source.faults.set(url(n), REFUSED)
    await pass(40_000)
    source.faults.clear()
    source.looks.length = 0
    await pass(64_000)
    const asked = new Map<string, number>()
    const back = source.looks.find(([app]) => app !== 'elsewhere')?.[1] ?? 0
    for (const [app, at] of source.looks) if (!asked.has(app)) asked.set(app, at)
    expect(asked.size).toBe(1001)
    for (let second = 0; second < 20; second++) {
      const there = [...asked.values()].filter((at) => Math.floor((at - back) / 1000) === second)
      expect(there.length).toBeLessThanOrEqual(110)
    }
    expect(events.map((line) => line.split(':')[0])).toEqual([' HostUnreachable', ' HostRecovered'])
    expect(events[1]).toContain('git.example.com answers again: its 1,000 repositories are asked as before')
  })

  it('is not asked more often than the interval, where it has one repository', async () => {
    const { poller, source, times } = polling()
    source.failing = REFUSED
    poller.set([spec('app', { repo: url(1), poll: { everyMs: 60_000 } })], EVERY_30S)
    await pass(20 * 60_000)
    expect(times('app').map((at) => at / 60_000)).toEqual([0, 1, 3, 7, 12, 17])
  })

  it('is asked by another one each time: the first may be the one that is dead', async () => {
    const { source } = await well(3)
    for (let n = 0; n < 3; n++) source.faults.set(url(n), REFUSED)
    await pass(30_000)
    const probes = () =>
      new Set(
        source.looks
          .filter(([app]) => app !== 'elsewhere')
          .slice(1)
          .map(([app]) => app),
      )
    await pass(10 * 60_000)
    expect(probes().size).toBe(3)
  })

  it('is asked all the same by who asks by hand, and is back for all if it answers then', async () => {
    const { source, poller, events } = await well(10)
    for (let n = 0; n < 10; n++) source.faults.set(url(n), REFUSED)
    await pass(2 * 60_000)
    const before = source.looks.length
    await poller.look('app-4')
    expect(source.looks).toHaveLength(before + 1)
    source.faults.clear()
    await poller.look('app-4')
    expect(events.at(-1)).toContain('HostRecovered')
    await pass(0)
    expect(new Set(source.looks.slice(before + 1).map(([app]) => app)).size).toBeGreaterThanOrEqual(10)
  })

  it('goes with its last app', async () => {
    const { source, poller } = await well(3)
    for (let n = 0; n < 3; n++) source.faults.set(url(n), REFUSED)
    await pass(60_000)
    poller.set([], EVERY_30S)
    source.looks.length = 0
    await pass(20 * 60_000)
    expect(source.looks).toEqual([])
  })
})

describe('a repository that does not answer', () => {
  it('is not taken for its host while others are answered: it alone is asked less often', async () => {
    const { source, times, events, told } = await well(20)
    source.faults.set(url(7), SILENT)
    await pass(10 * 60_000)
    expect(events).toEqual([])
    expect(times('app-3').length).toBeGreaterThan(18)
    expect(times('app-7').length).toBeLessThan(6)
    expect(told).toContainEqual(['app-7', 'SourceUnreachable'])
  })

  it('is its host, where another one has no answer either and nobody has had one since', async () => {
    const { source, events } = await well(20)
    for (let n = 0; n < 20; n++) source.faults.set(url(n), SILENT)
    await pass(10 * 60_000)
    expect(source.looks.filter(([app]) => app !== 'elsewhere').length).toBeLessThan(16)
    expect(events).toHaveLength(1)
  })

  it.each(['RepositoryGone', 'BranchMissing', 'SourceUnreachable'] as const)(
    'with %s has had an answer: its host is well',
    async (code) => {
      const { source, events, told } = await well(3)
      for (let n = 0; n < 3; n++) source.faults.set(url(n), new TrimtabError(code, 'no'))
      await pass(60_000)
      expect(events).toEqual([])
      expect(told).toContainEqual(['app-1', code])
    },
  )
})

describe('a host that asks to be left alone', () => {
  const BUSY = fault('the server answers HTTP 429.', { waitMs: 200_000 })

  it('is, for as long as it says, even where webhooks come in', async () => {
    const { source, poller, events } = await well(50)
    for (let n = 0; n < 50; n++) source.faults.set(url(n), BUSY)
    await pass(30_000)
    const [first] = source.looks.filter(([app]) => app !== 'elsewhere')
    source.faults.clear()
    await poller.hooked('app-3')
    await pass(165_000)
    expect(source.looks.filter(([app]) => app !== 'elsewhere')).toEqual([first])
    await pass(10_000)
    expect(new Set(source.looks.map(([app]) => app)).size).toBe(51)
    expect(events[0]).toContain('HTTP 429. When it answers, its 50 repositories are asked again; one of them tries in 200 s.')
  })

  it('may be asked by hand', async () => {
    const { source, poller } = await well(2)
    source.faults.set(url(0), BUSY)
    await poller.look('app-0')
    const before = source.looks.length
    await poller.look('app-1')
    // It answers, so who waited need not wait any longer.
    expect(source.looks.slice(before).map(([app]) => app)).toEqual(['app-1', 'app-0'])
  })
})
