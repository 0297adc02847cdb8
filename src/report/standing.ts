/** How an app stands, as people are told of it: live at a release, or failed; and what of that is news. */
import type { CommitId, NotifyOn } from '../domain.ts'
import type { Failure } from '../errors.ts'
import { crashesInARow, isLoop, mayStartAt, STEADY_MS } from '../plan/backoff.ts'
import type { AppRecord } from '../ports.ts'

export interface Standing {
  commit: CommitId
  /** Equal texts are no change. */
  state: string
  failure: Failure | null
}

/** A commit that has been tried so often, because its trouble may pass, is one that people should hear of: after a minute or so. */
const TRIES = 5

/**
 * Null: nothing that people should hear of yet. `until`: when it may be otherwise without anything happening: a crash loop is over when
 * the process has kept running for as long as makes a steady run.
 */
export function standingOf(record: AppRecord, now: number): { standing: Standing | null; until: number | null } {
  const { attempt, serving, suspendedSince } = record
  if (suspendedSince !== null) return { standing: null, until: null }
  if (attempt?.failure && (attempt.state === 'failed' || (attempt.state === 'open' && attempt.tries >= TRIES))) {
    return { standing: failed(attempt.commit, attempt.failure), until: null }
  }
  const loop = crashLoop(record, now)
  if (loop) return loop
  // One that changes nothing of what serves: so it is also when a commit that failed has been reverted.
  const changesNothing = attempt?.state === 'skipped' && attempt.why !== undefined
  if (!attempt || !serving || !(attempt.state === 'succeeded' || changesNothing)) return { standing: null, until: null }
  return { standing: { commit: attempt.commit, state: `live v${serving.version}`, failure: null }, until: null }
}

function failed(commit: CommitId, failure: Failure): Standing {
  return { commit, state: `failed ${failure.code}`, failure }
}

/** The live release ends again and again. */
function crashLoop(record: AppRecord, now: number): { standing: Standing; until: number } | null {
  const { serving, crashes, freshFrom } = record
  for (const { type, scale, command } of serving?.content.processes ?? []) {
    const row = crashesInARow(crashes, type, serving?.fingerprint ?? '', freshFrom)
    const last = row.at(-1)
    if (!serving || !last || !isLoop(row, scale, false)) continue
    const until = Math.max(last.at, mayStartAt(row, scale)) + STEADY_MS
    if (now >= until) continue
    const message = `${type} ended ${row.length} times in a row (${last.how}). Its command: ${command}${last.log ? `\n${last.log}` : ''}`
    return { standing: failed(serving.commit, { code: 'CrashLoop', message }), until }
  }
  return null
}

/** What has changed since people were told last; null: nothing. */
export function changeOf(before: { commit: CommitId; state: string } | null, now: Standing): NotifyOn | null {
  const wasFailed = before?.state.startsWith('failed') ?? false
  if (now.failure) return before?.state === now.state && before.commit === now.commit ? null : 'failed'
  if (wasFailed) return 'recovered'
  return before?.state === now.state ? null : 'live'
}
