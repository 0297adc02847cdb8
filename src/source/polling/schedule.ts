/** When a repository is asked: by the interval or the clock that its apps declare. Pure. Durations are milliseconds. */
import type { AppSpec, Poll } from '../../domain.ts'

/** The longest pause between two questions to who fails, unless the interval itself is longer. */
export const LONGEST_MS = 5 * 60_000
/** Between the questions of repositories on one host that are due at the same moment. */
export const SPREAD_MS = 20
/** So many of them may ask at once. */
const AT_ONCE = 20

export interface Schedule {
  /** null: by the clock alone. */
  everyMs: number | null
  /** Cron expressions, in local time. */
  crons: Set<string>
}

/** Of apps that share a question: the shortest of their intervals, and all of their clocks. */
export function scheduleOf(apps: Iterable<AppSpec>, platform: Poll): Schedule {
  const polls = [...apps].map((app) => app.poll ?? platform)
  const every = polls.flatMap((poll) => ('everyMs' in poll ? [poll.everyMs] : []))
  const crons = polls.flatMap((poll) => ('cron' in poll ? [poll.cron] : []))
  return { everyMs: every.length > 0 ? Math.min(...every) : null, crons: new Set(crons) }
}

/** How long the one in this place waits, of several that are due at the same moment. */
export function spread(place: number): number {
  return Math.max(0, place - AT_ONCE) * SPREAD_MS
}

/** Doubled for every failure, to the longest. `chance`: from 0 to 1, moves it by a tenth either way. */
export function backOff(baseMs: number, failures: number, longestMs: number, chance: number): number {
  return Math.min(longestMs, baseMs * 2 ** Math.min(failures, 20)) * jitter(chance)
}

export function jitter(chance: number): number {
  return 0.9 + chance / 5
}
