/** News in plain words: the one place that decides how a person is told. */
import type { News } from '../domain.ts'
import { oneLine, shortCommit } from '../text.ts'

export interface Message {
  /** `shop failed: BuildFailed at 1a2b3c4` */
  title: string
  /** Why, and what serves now; a sentence each. */
  lines: string[]
  /** The end of the log, or the problems of a file; may be ''. */
  details: string
}

export function messageOf({ kind, app, commit, serving, failure, url }: News): Message {
  const release = serving && `v${serving.release} (${shortCommit(serving.commit)})`
  const where = url === null ? [] : [url]
  if (kind === 'failed' && failure) {
    const serves =
      release === null
        ? 'Nothing of it serves.'
        : isOf(serving, commit)
          ? `It is of ${release}, which is live.`
          : `${release} still serves.`
    const title = `${app} failed: ${failure.code} at ${shortCommit(commit)}`
    return { title, lines: [failure.reason, serves].filter((line) => line !== ''), details: failure.details }
  }
  const title =
    kind === 'recovered'
      ? `${app} has recovered: ${release ?? shortCommit(commit)} is live`
      : `${app}: ${release ?? shortCommit(commit)} is live`
  return { title: oneLine(title), lines: where, details: '' }
}

function isOf(serving: News['serving'], commit: string): boolean {
  return serving?.commit === commit
}
