/** When a report is tried again, and when it is given up. */
import type { QueuedReport } from '../ports.ts'

const SHORTEST_MS = 1_000
const LONGEST_MS = 10 * 60_000
const TRIES = 20
export const GIVEN_UP_MS = 24 * 3_600_000

/** After so many failures in a row: 1 s, 2 s, 4 s … 10 min, each with up to half of it less. `random`: 0 to 1. What the other side asks for is a minimum. */
export function retryDelay(failures: number, random: number, retryAfterMs = 0): number {
  const delay = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** Math.min(failures, 20)) * (1 - random / 2)
  return Math.max(Math.round(delay), Math.min(retryAfterMs, GIVEN_UP_MS))
}

/** Whether one that has just failed again is not tried any more. */
export function isGivenUp({ at, tries }: QueuedReport, now: number): boolean {
  return tries + 1 >= TRIES || now - at >= GIVEN_UP_MS
}
