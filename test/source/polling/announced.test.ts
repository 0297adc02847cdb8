/** Webhooks that come reliably slow polling down, and one that does not come puts it back. */
import { describe, expect, it } from 'vitest'
import { byOwnClock, EVERY_30S, pass, polling, spec } from './repositories.ts'

byOwnClock()

const shop = spec('shop', { repo: 'https://git.example.com/shop.git' })
const twin = spec('twin', { repo: 'https://git.example.com/shop.git', path: 'twin' })

async function started(poll: Parameters<ReturnType<typeof polling>['poller']['set']>[1] = EVERY_30S) {
  const all = polling()
  all.poller.set([shop, twin], poll)
  await pass(1_000)
  let pushes = 0
  const push = () => {
    all.source.commit = String(++pushes).padStart(40, '0')
  }
  const pushAndTell = async () => {
    push()
    await all.poller.hooked('shop')
    await pass(60_000)
  }
  const types = () => all.events.map((line) => line.split(':')[0])
  return { ...all, push, pushAndTell, types }
}

describe('polling', () => {
  it('slows down after three changes in a row that webhooks announced, for every app of the repository, and says so', async () => {
    const { pushAndTell, types, events, source } = await started()
    await pushAndTell()
    await pushAndTell()
    expect(events).toEqual([])
    await pushAndTell()
    expect(types()).toEqual(['shop PollingSlowed', 'twin PollingSlowed'])
    expect(events[0]).toContain('every 5 min, not every 30 s')
    source.looks.length = 0
    await pass(20 * 60_000)
    expect(source.looks).toHaveLength(4)
    await pushAndTell()
    expect(types()).toHaveLength(2)
  })

  it('goes on as before when it finds a change that nobody announced, and says so', async () => {
    const { push, pushAndTell, types, events, source } = await started()
    for (let n = 0; n < 3; n++) await pushAndTell()
    push()
    await pass(6 * 60_000)
    expect(types()).toEqual(['shop PollingSlowed', 'twin PollingSlowed', 'shop PollingResumed', 'twin PollingResumed'])
    expect(events[2]).toContain('https://git.example.com/shop.git changed without a webhook: it is asked every 30 s again')
    source.looks.length = 0
    await pass(5 * 60_000)
    expect(source.looks).toHaveLength(10)
  })

  it('stays slow where the webhook came a moment after the poll', async () => {
    const { push, pushAndTell, poller, source, events, types } = await started()
    for (let n = 0; n < 3; n++) await pushAndTell()
    push()
    const looks = source.looks.length
    while (source.looks.length === looks) await pass(1_000)
    await poller.hooked('twin')
    await pass(10 * 60_000)
    expect(types()).toEqual(['shop PollingSlowed', 'twin PollingSlowed'])
    expect(events).toHaveLength(2)
  })

  it('does not slow down for webhooks without a change, nor for changes without a webhook', async () => {
    const { push, poller, events } = await started()
    for (let n = 0; n < 5; n++) {
      await poller.hooked('shop')
      await pass(120_000)
      push()
      await pass(120_000)
    }
    expect(events).toEqual([])
  })

  it('is not put back by a change that somebody looked for by hand', async () => {
    const { push, pushAndTell, poller, types } = await started()
    for (let n = 0; n < 3; n++) await pushAndTell()
    push()
    await poller.look('shop')
    await pass(20 * 60_000)
    expect(types()).toEqual(['shop PollingSlowed', 'twin PollingSlowed'])
  })

  it.each([
    ['15s', 15_000, 150_000],
    ['2m', 120_000, 600_000],
  ])('at %s becomes ten times as long, ten minutes at the most', async (_, everyMs, slowMs) => {
    const { pushAndTell, source } = await started({ everyMs })
    for (let n = 0; n < 3; n++) await pushAndTell()
    await pass(slowMs)
    source.looks.length = 0
    await pass(3 * slowMs)
    expect(source.looks).toHaveLength(3)
  })

  it.each([{ everyMs: 900_000 }, { cron: '*/5 * * * *' }])('by %o does not change', async (poll) => {
    const { pushAndTell, events } = await started(poll)
    for (let n = 0; n < 5; n++) await pushAndTell()
    expect(events).toEqual([])
  })
})
