/** The loop that empties the outbox, over the real store, with a clock that the test moves. */
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { TrimtabError } from '../../../src/errors.ts'
import type { NewEvent, Report } from '../../../src/ports.ts'
import { isGivenUp, retryDelay } from '../../../src/report/retry.ts'
import { Dispatch } from '../../../src/report/sending/outbox.ts'
import { opened } from '../../store/opened.ts'

const until = (holds: () => unknown) => vi.waitFor(() => expect(holds()).toBeTruthy(), { timeout: 5_000, interval: 1 })

const busy = (retryAfterMs?: number) => new TrimtabError('SourceUnreachable', 'it is busy', { retry: true, retryAfterMs })
const refused = new TrimtabError('ForgeRefused', 'no such\nrepository')

function status(target: string, commit: string, state: 'pending' | 'success' = 'pending'): Report {
  return { target, app: 'shop', commit, topic: 'status', says: { context: 'trimtab/shop', state, description: '' } }
}

/** `answers`: what the tries of a target come to, one after the other; the last holds on. */
function sending(answers: Record<string, Array<Error | 'sent' | 'unknown' | Promise<'sent'>>> = {}) {
  const { store, clock, reopen } = opened()
  const tries: string[] = []
  const events: NewEvent[] = []
  const options = {
    outbox: store.outbox,
    async deliver({ target, commit }: Report) {
      tries.push(`${target} ${commit}`)
      const row = answers[target] ?? ['sent']
      const answer = (row.length > 1 ? row.shift() : row[0]) ?? 'sent'
      if (answer instanceof Error) throw answer
      return answer
    },
    event: (event: NewEvent) => void events.push(event),
    now: () => clock.now,
    random: () => 0,
  }
  const dispatch = new Dispatch(options)
  onTestFinished(() => dispatch.close())
  const put = (...reports: Report[]) => {
    store.outbox.put('shop', reports, [])
    dispatch.wake()
  }
  return { outbox: store.outbox, options, reopen, clock, tries, events, dispatch, put, answers }
}

it('sends in order, one at a time for each target, and forgets what has arrived', async () => {
  const { put, tries, outbox } = sending()
  put(status('a', '1'), status('a', '2'), status('b', '1'), status('a', '3'))
  await until(() => outbox.recipients().length === 0)
  expect(tries.filter((one) => one.startsWith('a'))).toEqual(['a 1', 'a 2', 'a 3'])
  expect(tries).toContain('b 1')
})

it('a target that hangs delays no other', async () => {
  const { put, outbox, tries } = sending({ hangs: [new Promise<'sent'>(() => {})] })
  put(status('hangs', '1'), status('hangs', '2'), status('b', '1'), status('b', '2'))
  await until(() => outbox.recipients().length === 1)
  expect(tries).toEqual(['hangs 1', 'b 1', 'b 2'])
})

it('500s, then recovery: in the same order, after a pause that grows, and told once', async () => {
  const { put, outbox, tries, clock, events, dispatch } = sending({ a: [busy(), busy(), busy(), 'sent'] })
  put(status('a', '1'), status('a', '2'))
  for (const pause of [1_000, 2_000, 4_000]) {
    await until(() => outbox.recipients()[0]?.notBefore === clock.now + pause)
    clock.now += pause - 1
    const before = tries.length
    dispatch.wake()
    expect(tries).toHaveLength(before)
    clock.now++
    dispatch.wake()
  }
  await until(() => outbox.recipients().length === 0)
  expect(tries).toEqual(['a 1', 'a 1', 'a 1', 'a 1', 'a 2'])
  expect(events).toEqual([
    {
      app: 'shop',
      type: 'ReportDelayed',
      commit: '1',
      message: 'a has not taken a report: it is busy It is tried again in a moment, and nothing waits for it.',
    },
  ])
})

it('is left alone for as long as it asks', async () => {
  const { put, outbox, clock } = sending({ a: [busy(90_000)] })
  put(status('a', '1'))
  await until(() => outbox.recipients()[0]?.notBefore === clock.now + 90_000)
})

it('what is refused is given up at once, told once, and holds up nothing behind it', async () => {
  const { put, outbox, events, tries } = sending({ a: [refused, refused, 'sent'] })
  put(status('a', '1'), status('a', '2'), status('a', '3'))
  await until(() => tries.length === 3)
  expect(events).toEqual([
    { app: 'shop', type: 'ReportDropped', commit: '1', message: 'a was not told (status): no such repository' },
  ])
  expect(outbox.recipients()).toEqual([])
})

it('what is tried in vain for too long is given up, and the next one has its turn', async () => {
  const { put, outbox, events, clock, dispatch, answers } = sending({ a: [busy()] })
  put(status('a', '1'), status('a', '2'))
  for (let tries = 1; tries < 20; tries++) {
    await until(() => outbox.next('a')?.tries === tries && (outbox.recipients()[0]?.notBefore ?? 0) > clock.now)
    expect(outbox.trouble('shop')).toEqual({ waiting: 2, dropped: 0, lastError: 'it is busy' })
    clock.now += 600_000
    if (tries === 19) answers.a = [busy(), 'sent']
    dispatch.wake()
  }
  await until(() => outbox.recipients().length === 0)
  expect(events.map(({ type, commit }) => `${type} ${commit}`)).toEqual(['ReportDelayed 1', 'ReportDropped 1'])
  expect(events[1]?.message).toBe('a was not told (status): it is busy (tried 20 times)')
})

it('a target that is no more is dropped without a word', async () => {
  const { put, outbox, events, tries } = sending({ a: ['unknown'] })
  put(status('a', '1'), status('a', '2'))
  await until(() => outbox.recipients().length === 0)
  expect(tries).toEqual(['a 1'])
  expect(events).toEqual([])
})

it('where it cannot be noted that it has arrived, it is not sent again and again', async () => {
  const { put, outbox, tries, dispatch } = sending()
  const sent = vi.spyOn(outbox, 'sent').mockImplementation(() => {
    throw new Error('database or disk is full')
  })
  put(status('a', '1'), status('b', '1'))
  await until(() => sent.mock.calls.length === 2)
  for (let i = 0; i < 5; i++) {
    dispatch.wake()
    await new Promise(setImmediate)
  }
  expect(tries).toEqual(['a 1', 'b 1'])
})

describe('killed', () => {
  it('between putting it in and sending it: the next trimtab sends it', async () => {
    const { outbox, reopen, options } = sending()
    outbox.put('shop', [status('a', '1')], [])
    const next = reopen().outbox
    const dispatch = new Dispatch({ ...options, outbox: next })
    dispatch.wake()
    await until(() => next.recipients().length === 0)
    dispatch.close()
  })

  it('after it had arrived, before that was noted: it arrives twice, and never not at all', async () => {
    let arrive = () => {}
    const arrived = new Promise<'sent'>((resolve) => {
      arrive = () => resolve('sent')
    })
    const { put, outbox, dispatch, tries, options } = sending({ a: [arrived, 'sent'] })
    put(status('a', '1'))
    await until(() => tries.length === 1)
    dispatch.close()
    arrive()
    await arrived
    expect(outbox.next('a')).not.toBeNull()
    const next = new Dispatch(options)
    next.wake()
    await until(() => outbox.recipients().length === 0)
    expect(tries).toEqual(['a 1', 'a 1'])
    next.close()
  })
})

describe('pauses', () => {
  it('from a second to ten minutes, up to half of it less, and never less than asked for', () => {
    expect([0, 1, 2, 9, 10, 50].map((failures) => retryDelay(failures, 0))).toEqual([
      1_000, 2_000, 4_000, 512_000, 600_000, 600_000,
    ])
    expect(retryDelay(3, 1)).toBe(4_000)
    expect(retryDelay(0, 0, 30_000)).toBe(30_000)
    expect(retryDelay(0, 0, 10 ** 12)).toBe(86_400_000)
  })

  it('twenty tries, or a day', () => {
    const queued = (tries: number) => ({ id: 1, report: status('a', '1'), at: 0, tries })
    expect(isGivenUp(queued(18), 0)).toBe(false)
    expect(isGivenUp(queued(19), 0)).toBe(true)
    expect(isGivenUp(queued(0), 86_399_999)).toBe(false)
    expect(isGivenUp(queued(0), 86_400_000)).toBe(true)
  })
})
