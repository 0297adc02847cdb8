/** Records of an app, as the store would give them. */
import type { Attempt, Crash, Release } from '../../src/domain.ts'
import type { AppRecord } from '../../src/ports.ts'
import { A, draft, UNKNOWN } from '../store/opened.ts'

export function attempt(state: Attempt['state'], change: Partial<Attempt> = {}): Attempt {
  return { commit: A, settings: 's', state, failure: null, retryAt: null, tries: 0, built: false, startedAt: 0, ...change }
}

export function release(version: number, commit = A): Release {
  return { ...draft(version, { commit }), status: 'live', createdAt: 0 }
}

export function record(change: Partial<AppRecord> = {}): AppRecord {
  return { ...UNKNOWN, ...change }
}

/** Crashes of the release's one process, a second apart; the last at `last`. */
export function crashes(count: number, last: number, of: Release): Crash[] {
  return Array.from({ length: count }, (_, index) => ({
    instance: `shop.web.v${of.version}.1`,
    process: 'web',
    fingerprint: of.fingerprint,
    at: last - (count - 1 - index) * 1_000,
    ranMs: 10,
    how: 'exit code 1',
    log: 'Error: no database',
  }))
}
