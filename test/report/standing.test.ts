import { describe, expect, it } from 'vitest'
import { changeOf, standingOf } from '../../src/report/standing.ts'
import { A, B } from '../store/opened.ts'
import { attempt, crashes, record, release } from './records.ts'

const failure = { code: 'NotReady' as const, message: 'web.1 did not answer.' }
const live = record({ attempt: attempt('succeeded'), serving: release(2) })

describe('how an app stands', () => {
  it('live, failed, or nothing that people should hear of', () => {
    expect(standingOf(live, 0).standing).toEqual({ commit: A, state: 'live v2', failure: null })
    expect(standingOf({ ...live, attempt: attempt('failed', { commit: B, failure }) }, 0).standing).toEqual({
      commit: B,
      state: 'failed NotReady',
      failure,
    })
    expect(standingOf({ ...live, attempt: attempt('open') }, 0).standing).toBeNull()
    expect(standingOf({ ...live, attempt: attempt('skipped') }, 0).standing).toBeNull()
    const nothing = attempt('skipped', { commit: B, why: 'for it changes nothing of web.js' })
    expect(standingOf({ ...live, attempt: nothing }, 0).standing).toEqual({ commit: B, state: 'live v2', failure: null })
    expect(standingOf({ ...live, suspendedSince: 1 }, 0).standing).toBeNull()
    expect(standingOf(record(), 0).standing).toBeNull()
  })

  it('what may pass by itself is told when it has not for a minute or so', () => {
    const trying = (tries: number) => standingOf(record({ attempt: attempt('open', { failure, tries, retryAt: 9 }) }), 0).standing
    expect(trying(4)).toBeNull()
    expect(trying(5)?.state).toBe('failed NotReady')
  })

  it('a live release that ends again and again has failed, until it has run on for a minute', () => {
    const serving = release(2)
    // Of two instances; the sixth crash makes it a loop, and is the fourth that costs a pause.
    const looping = { ...live, serving, crashes: crashes(6, 100_000, serving) }
    const { standing, until } = standingOf(looping, 100_000)
    expect(standing).toMatchObject({ commit: A, state: 'failed CrashLoop' })
    expect(standing?.failure?.message).toBe('web ended 6 times in a row (exit code 1). Its command: run\nError: no database')
    expect(until).toBe(100_000 + 8_000 + 60_000)
    expect(standingOf(looping, 167_999).standing?.state).toBe('failed CrashLoop')
    expect(standingOf(looping, 168_000)).toEqual({ standing: { commit: A, state: 'live v2', failure: null }, until: null })
    expect(standingOf({ ...looping, crashes: crashes(5, 100_000, serving) }, 100_000).standing?.state).toBe('live v2')
    // After `trimtab restart` the old crashes do not count.
    expect(standingOf({ ...looping, freshFrom: 100_001 }, 100_002).standing?.state).toBe('live v2')
  })
})

describe('what is news', () => {
  const at = (state: string, commit = A) => ({ commit, state, failure: state.startsWith('failed') ? failure : null })
  it.each([
    [null, at('live v1'), 'live'],
    [null, at('failed NotReady'), 'failed'],
    [at('live v1'), at('live v2', B), 'live'],
    [at('live v1'), at('live v1', B), null],
    [at('live v1'), at('failed NotReady', B), 'failed'],
    [at('failed NotReady', B), at('failed NotReady', B), null],
    [at('failed NotReady', B), at('failed BuildFailed', B), 'failed'],
    [at('failed NotReady', B), at('failed NotReady', A), 'failed'],
    [at('failed NotReady', B), at('live v1'), 'recovered'],
    [at('failed CrashLoop'), at('live v1'), 'recovered'],
  ])('%o → %o: %s', (before, now, wanted) => expect(changeOf(before, now)).toBe(wanted))
})
