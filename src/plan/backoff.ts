/** When a process that crashed may start again, and when its crashing is called a loop. */
import type { Crash } from '../domain.ts'

/** An instance that ran this long is not part of a loop: what went wrong before is forgotten. */
export const STEADY_MS = 60_000
/** So many crashes of one instance without a steady run between them are a loop. */
const LOOP_CRASHES = 5
/** So many while its release is rolled out are a verdict. */
const ROLLOUT_CRASHES = 3
const LONGEST_MS = 60_000

/** Crashes of this process in a row, the steady ones not counted. */
export function crashesInARow(crashes: Crash[], process: string, fingerprint: string, since = 0): Crash[] {
  const mine = crashes.filter((c) => c.process === process && c.fingerprint === fingerprint && c.at >= since)
  const steady = mine.findLastIndex((c) => c.ranMs >= STEADY_MS)
  return mine.slice(steady + 1)
}

/**
 * The time (ms since the epoch) from which a process of `scale` instances may be started again. A first crash of each costs
 * nothing: most often the thing to do about one is to start it again at once. Then 1 s, 2 s, 4 s, … up to a minute.
 */
export function mayStartAt(inARow: Crash[], scale: number): number {
  const last = inARow.at(-1)
  const beyond = inARow.length - Math.max(1, scale)
  return last && beyond > 0 ? last.at + Math.min(LONGEST_MS, 1000 * 2 ** (beyond - 1)) : 0
}

/** Delay before try number `tries` + 1 of something that may pass by itself. `spread`: 0 to 1, the caller's jitter. */
export function retryDelay(tries: number, spread: number): number {
  return Math.round(Math.min(5 * 60_000, 2000 * 2 ** Math.min(tries, 10)) * (0.75 + spread / 2))
}

/** Whether these crashes of a process of `scale` instances are a loop; `coming`: of a release that never was live. */
export function isLoop(inARow: Crash[], scale: number, coming: boolean): boolean {
  return inARow.length >= (coming ? ROLLOUT_CRASHES : LOOP_CRASHES) + Math.max(1, scale) - 1
}
