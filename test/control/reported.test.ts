/** The outbox is level with the store, whatever was seen of what happened in between. Real store; time is moved by the test. */
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { keepReported } from '../../src/control/reported.ts'
import type { AppSpec, NotifySpec } from '../../src/domain.ts'
import type { Outbox, QueuedReport, Store } from '../../src/ports.ts'
import type { World } from '../../src/world.ts'
import { A, B, draft, FAILURE, opened } from '../store/opened.ts'

const FORGE = 'gitea git.test acme/shop'
const SLACK: NotifySpec = { kind: 'slack', url: 'https://hooks.test/x', on: ['live', 'failed', 'recovered'] }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function keeping() {
  const { store, clock, reopen } = opened()
  const apps: AppSpec[] = [{ name: 'shop', repo: 'https://git.test/acme/shop', path: '' }]
  const dropped: QueuedReport[] = []
  const lines: string[] = []
  let woken = 0
  const keep = (kept: Store = store) => {
    const world = {
      platform: () => ({ apps, notify: [SLACK] }),
      store: kept,
      router: { url: ({ host }: { host: string }) => `http://${host}/` },
      now: () => clock.now,
    } as unknown as World
    const end = keepReported({
      world,
      forge: () => FORGE,
      wake: () => void woken++,
      drop: (queued) => void dropped.push(queued),
      log: (line) => void lines.push(line),
    })
    onTestFinished(end)
    return end
  }
  const pass = (ms = 100) => {
    clock.now += ms
    vi.advanceTimersByTime(ms)
  }
  return { store, clock, reopen, apps, keep, pass, dropped, lines, woken: () => woken }
}

/** What waits and has not been taken out yet: everything on the forge's statuses, and all news. */
function taken(outbox: Outbox): string[] {
  const out: string[] = []
  for (const { target } of outbox.recipients()) {
    for (let one = outbox.next(target); one; one = outbox.next(target)) {
      const { topic, commit, says } = one.report
      if (topic !== 'deployment') out.push(`${commit.slice(0, 1)} ${topic === 'news' ? says.kind : says.state}`)
      outbox.sent(one)
    }
  }
  return out.sort()
}

const seen = (store: Store) => store.event({ app: 'shop', type: 'CommitSeen', message: '' })
function goLive(store: Store, version: number, commit: string): void {
  store.begin('shop', { commit, settings: 's', skip: false })
  store.release(draft(version, { commit }), false)
  store.goLive('shop', version)
}

it('what an event of an app changes is put in line a moment later, once for several', () => {
  const { store, keep, pass, woken } = keeping()
  keep()
  pass()
  const before = woken()
  store.begin('shop', { commit: A, settings: 's', skip: false })
  for (let i = 0; i < 10; i++) seen(store)
  expect(taken(store.outbox)).toEqual([])
  pass()
  expect(woken()).toBe(before + 1)
  expect(taken(store.outbox)).toEqual(['a pending'])
  seen(store)
  pass()
  expect(taken(store.outbox)).toEqual([])
})

it('killed at any moment, the next start tells what has not been told', () => {
  const { store, keep, pass, reopen } = keeping()
  const end = keep()
  pass()
  store.begin('shop', { commit: A, settings: 's', skip: false })
  // The end comes before the moment is over.
  end()
  pass()
  expect(taken(store.outbox)).toEqual([])
  const next = reopen()
  next.release(draft(1), false)
  next.goLive('shop', 1)
  keep(next)
  pass()
  expect(taken(next.outbox)).toEqual(['a live', 'a success'])
})

it('live, failed, recovered: each told once', () => {
  const { store, keep, pass } = keeping()
  keep()
  goLive(store, 1, A)
  seen(store)
  pass()
  expect(taken(store.outbox)).toEqual(['a live', 'a success'])
  store.begin('shop', { commit: B, settings: 's', skip: false })
  store.fail('shop', FAILURE)
  seen(store)
  pass()
  expect(taken(store.outbox)).toEqual(['b failed', 'b failure'])
  // Tried again by hand: the check shows it, people have heard of it.
  store.again('shop')
  store.begin('shop', { commit: B, settings: 's', skip: false })
  seen(store)
  pass()
  store.fail('shop', FAILURE)
  seen(store)
  pass()
  expect(taken(store.outbox)).toEqual(['b failure'])
  store.begin('shop', { commit: A, settings: 's', skip: false })
  store.settle('shop')
  seen(store)
  pass()
  expect(taken(store.outbox)).toEqual(['a recovered', 'a success'])
})

it('a live release that crashes again and again is told, and that it has run on for a minute, without any event', () => {
  const { store, clock, keep, pass } = keeping()
  keep()
  goLive(store, 1, A)
  seen(store)
  pass()
  taken(store.outbox)
  const crash = { process: 'web', fingerprint: draft(1).fingerprint, ranMs: 5, how: 'exit code 1', log: 'no database' }
  for (let i = 0; i < 6; i++) store.ended('shop', '', { ...crash, instance: `shop.web.v1.${i}`, at: clock.now })
  seen(store)
  pass()
  const told = store.outbox.next(store.outbox.recipients()[0]?.target ?? '')
  expect(told?.report.says).toMatchObject({ kind: 'failed', failure: { code: 'CrashLoop', details: 'no database' } })
  taken(store.outbox)
  pass(60_000)
  expect(taken(store.outbox)).toEqual([])
  pass(10_000)
  expect(taken(store.outbox)).toEqual(['a recovered'])
})

it('what could not be told is told once platform.yaml has changed', () => {
  const { store, keep, pass } = keeping()
  keep()
  goLive(store, 1, A)
  seen(store)
  pass()
  const first = store.outbox.next(FORGE)
  if (first) store.outbox.drop(first, 'the token is wrong')
  taken(store.outbox)
  pass()
  expect(taken(store.outbox)).toEqual([])
  store.event({ app: '', type: 'ConfigChanged', message: '' })
  pass()
  expect(taken(store.outbox)).toEqual(['a success'])
})

it('an app that cannot be found declared is no news; one that is gone is not deployed any more', () => {
  const { store, apps, keep, pass } = keeping()
  keep()
  goLive(store, 1, A)
  seen(store)
  pass()
  taken(store.outbox)
  apps.length = 0
  seen(store)
  pass()
  expect(store.outbox.recipients()).toEqual([])
  store.forget('shop')
  store.event({ app: 'shop', type: 'AppRemoved', message: '' })
  pass()
  expect(store.outbox.next(FORGE)?.report).toMatchObject({ topic: 'deployment', says: { state: 'inactive' } })
  expect(store.outbox.told('shop')).toEqual([])
})

it('a store without room is a line for a person, and is tried again', () => {
  const { store, keep, pass, lines } = keeping()
  const put = vi.spyOn(store.outbox, 'put').mockImplementationOnce(() => {
    throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
  })
  keep()
  goLive(store, 1, A)
  seen(store)
  pass()
  expect(put).toHaveBeenCalledTimes(1)
  expect(lines).toEqual([
    'shop: what there is to report of it cannot be noted (The disk is full (database or disk is full). Free some space; trimtab goes on by itself.)',
  ])
  pass(5_000)
  expect(taken(store.outbox)).toEqual(['a live', 'a success'])
})
