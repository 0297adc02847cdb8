/** What an app's newest attempt comes to, as the check of its commit shows it. */
import type { CommitId, HoldKind } from '../domain.ts'
import { headline } from '../errors.ts'
import type { AppRecord, CommitStatus } from '../ports.ts'
import { oneLine, shortCommit } from '../text.ts'

export interface Outcome {
  commit: CommitId
  state: CommitStatus['state']
  /** One line. It changes only where there is something new to tell. */
  description: string
}

/** Null: there is nothing to tell of it. A commit that asks to be passed over gets no check, as nothing is done with it. */
export function outcomeOf({ attempt, serving }: AppRecord): Outcome | null {
  if (!attempt || attempt.state === 'skipped') return null
  const { commit, failure } = attempt
  const reason = failure ? `${failure.code}: ${oneLine(headline(failure.message))}` : ''
  switch (attempt.state) {
    case 'open':
      return { commit, state: 'pending', description: failure ? `to be tried again after ${reason}` : 'is being deployed' }
    case 'failed':
      return { commit, state: 'failure', description: serving ? `${reason} (v${serving.version} serves on)` : reason }
    case 'succeeded': {
      if (!serving) return null
      const same = serving.commit === commit
      return { commit, state: 'success', description: `v${serving.version} is live${same ? '' : ', and is what this asks for'}` }
    }
  }
}

const WAITS: Partial<Record<HoldKind, string>> = {
  suspended: 'waits for the app to be resumed',
  dependencies: 'waits for other apps to be live',
  window: 'waits for the deploy window',
}

/** A commit that waits for its time, behind the one that was attempted. One that itself asks not to be deployed gets no check. */
export function heldOf({ attempt, held }: Pick<AppRecord, 'attempt' | 'held'>): Outcome | null {
  const description = held && WAITS[held.kind]
  if (!held || !description || attempt?.state === 'open' || attempt?.commit === held.commit) return null
  return { commit: held.commit, state: 'pending', description }
}

/** A commit whose check would otherwise show for ever that it is under way. */
export function superseded(commit: CommitId, by: CommitId): Outcome {
  return { commit, state: 'failure', description: `superseded by ${shortCommit(by)} before it was live` }
}
