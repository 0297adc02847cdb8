/** Durations as people write them: `250ms`, `30s`, `1h30m`. */
import { z } from 'zod'

const DURATION = /^(?=\d)(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?(?:(\d{1,9})ms)?$/
const UNITS = [86_400_000, 3_600_000, 60_000, 1000, 1]

/** `1h30m` → 5400000; null for what is no duration. A number without a unit is none. */
export function parseDuration(written: string): number | null {
  const parts = DURATION.exec(written)?.slice(1)
  return parts === undefined ? null : parts.reduce((sum, part, index) => sum + Number(part ?? 0) * (UNITS[index] ?? 0), 0)
}

/** A duration as text, given as milliseconds. The bounds are written as durations too. */
export function duration(from: string, to: string) {
  const least = parseDuration(from) ?? 0
  const most = parseDuration(to) ?? 0
  const error = ({ input }: { input?: unknown }) =>
    `expected a duration such as 500ms, 30s or 1h30m${typeof input === 'number' ? ' (with its unit)' : ''}`
  return z
    .string({ error })
    .regex(DURATION, { error, abort: true })
    .transform((written) => parseDuration(written) ?? 0)
    .refine((ms) => ms >= least && ms <= most, { error: `expected a duration from ${from} to ${to}` })
}
