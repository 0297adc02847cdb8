import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import type { Outbox, Report, Told } from '../../src/ports.ts'
import { MIGRATIONS } from '../../src/store/migrations.ts'
import { openStore } from '../../src/store/store.ts'
import { A, B, opened, stateDirectory } from './opened.ts'

const FORGE = 'github github.com acme/shop'

function status(commit: string, state: 'pending' | 'success' | 'failure', target = FORGE, app = 'shop'): Report {
  return { target, app, commit, topic: 'status', says: { context: `trimtab/${app}`, state, description: state } }
}
function news(commit: string, target = 'slack'): Report {
  const says = { kind: 'live' as const, app: 'shop', commit, at: 0, serving: null, failure: null, url: null }
  return { target, app: 'shop', commit, topic: 'news', says }
}
const told = (state: string, commit = A): Told => ({ target: FORGE, topic: 'status', commit, state })

/** What waits for a target, in order, taking it out. */
function drain(outbox: Outbox, target: string): string[] {
  const out: string[] = []
  for (let one = outbox.next(target); one; one = outbox.next(target)) {
    const { commit, says, topic } = one.report
    out.push(`${topic} ${commit.slice(0, 1)} ${topic === 'news' ? says.kind : says.state}`)
    outbox.sent(one)
  }
  return out
}

it('gives back what was put in, in order, each target for itself, also after a restart', () => {
  const { store, reopen, clock } = opened()
  const first = status(A, 'success')
  store.outbox.put('shop', [first, status(B, 'pending'), news(A)], [told('success')])
  const { outbox } = reopen()
  expect(outbox.told('shop')).toEqual([told('success')])
  expect(outbox.apps()).toEqual(['shop'])
  expect(outbox.recipients()).toEqual([
    { target: FORGE, waiting: 2, failures: 0, notBefore: 0 },
    { target: 'slack', waiting: 1, failures: 0, notBefore: 0 },
  ])
  expect(outbox.next(FORGE)).toEqual({ id: 1, report: first, at: clock.now, tries: 0 })
  expect(drain(outbox, FORGE)).toEqual(['status a success', 'status b pending'])
  expect(drain(outbox, 'slack')).toEqual(['news a live'])
  expect(outbox.recipients()).toEqual([])
})

it('a newer status of a commit takes the place of one that waits; news are all told', () => {
  const { outbox } = opened().store
  outbox.put('shop', [status(A, 'pending'), status(B, 'pending')], [])
  outbox.put('shop', [status(A, 'failure'), status(A, 'pending', 'gitea x'), status(A, 'pending', FORGE, 'blog')], [])
  outbox.put('shop', [news(A), news(A)], [])
  expect(drain(outbox, FORGE)).toEqual(['status b pending', 'status a failure', 'status a pending'])
  expect(drain(outbox, 'slack')).toHaveLength(2)
})

it('notes what is told together with the reports, or neither', () => {
  const { outbox } = opened().store
  const broken = { ...status(A, 'success'), topic: 'nothing of the kind' } as unknown as Report
  expect(() => outbox.put('shop', [status(A, 'pending'), broken], [told('pending')])).toThrow()
  expect(outbox.recipients()).toEqual([])
  expect(outbox.told('shop')).toEqual([])
})

it('remembers who does not answer, and until when it is left alone', () => {
  const { store, reopen } = opened()
  store.outbox.put('shop', [status(A, 'pending')], [])
  const first = store.outbox.next(FORGE)
  if (first) store.outbox.failed(first, 'down', 5_000)
  const { outbox } = reopen()
  expect(outbox.recipients()).toEqual([{ target: FORGE, waiting: 1, failures: 1, notBefore: 5_000 }])
  expect(outbox.next(FORGE)).toMatchObject({ tries: 1 })
  expect(outbox.trouble('shop')).toEqual({ waiting: 1, dropped: 0, lastError: 'down' })
  expect(outbox.trouble('blog')).toBeNull()
  outbox.again()
  expect(outbox.recipients()).toMatchObject([{ failures: 1, notBefore: 0 }])
  drain(outbox, FORGE)
  expect(outbox.trouble('shop')).toBeNull()
})

it('what is given up is seen until something newer arrives, and is told anew once something has changed', () => {
  const { outbox } = opened().store
  const give = (report: Report, why: string) => {
    outbox.put('shop', [report], [told('success')])
    const queued = outbox.next(FORGE)
    return queued && outbox.drop(queued, why)
  }
  expect(give(status(A, 'success'), 'refused')).toBe(true)
  // The same reason once more is nothing to tell.
  expect(give(status(B, 'success'), 'refused')).toBe(false)
  expect(give(status(B, 'failure'), 'gone')).toBe(true)
  expect(outbox.recipients()).toEqual([])
  expect(outbox.trouble('shop')).toEqual({ waiting: 0, dropped: 3, lastError: 'gone' })
  outbox.again()
  expect(outbox.told('shop')).toEqual([])
  outbox.put('shop', [status(B, 'success')], [told('success')])
  drain(outbox, FORGE)
  expect(outbox.trouble('shop')).toBeNull()
  outbox.again()
  expect(outbox.told('shop')).toEqual([told('success')])
})

it('a target that is no more has nothing waiting, and was told nothing', () => {
  const { outbox } = opened().store
  outbox.put('shop', [status(A, 'success'), news(A)], [told('success'), { ...told('live v1'), target: '', topic: 'news' }])
  outbox.abandon(FORGE)
  expect(outbox.recipients()).toMatchObject([{ target: 'slack' }])
  expect(outbox.told('shop')).toEqual([{ ...told('live v1'), target: '', topic: 'news' }])
  outbox.forget('shop')
  expect(outbox.told('shop')).toEqual([])
})

it('is bounded: 300 wait for a target, 1,000 that were given up are kept', () => {
  const { outbox } = opened().store
  const many = Array.from({ length: 310 }, () => news(A))
  const surplus = outbox.put('shop', many, [])
  expect(surplus.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  for (const queued of surplus) outbox.drop(queued, 'too much')
  expect(outbox.recipients()).toMatchObject([{ waiting: 300 }])
  for (let round = 0; round < 4; round++) {
    for (const queued of outbox.put('shop', many.slice(0, 300), [])) outbox.drop(queued, 'too much')
  }
  expect(outbox.trouble('shop')).toMatchObject({ dropped: 1_000 })
})

it('with a store of an older trimtab, what is live is no news', () => {
  const state = stateDirectory()
  const version = MIGRATIONS.findIndex((sql) => sql.includes('CREATE TABLE outbox ('))
  const db = new Database(join(state, 'trimtab.db'))
  for (const sql of MIGRATIONS.slice(0, version)) db.exec(sql)
  db.exec(`INSERT INTO releases (app, version, commit_id, image_key, content, fingerprint, built, phase, status, created_at, created_by)
           VALUES ('shop', 3, '${B}', 'k', '{}', 'f', 1, 'done', 'live', 0, 'git')`)
  db.pragma(`user_version = ${version}`)
  db.close()
  const store = openStore(state)
  expect(store.outbox.told('shop')).toEqual([{ target: '', topic: 'news', commit: B, state: 'live v3' }])
  store.close()
})
