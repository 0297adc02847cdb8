/**
 * Whether a repository's changes are announced by webhooks, so that polling may slow down. Pure but for the times it is given,
 * which are milliseconds.
 */

/** So many changes in a row have to be announced. */
export const RELIABLE = 3
/** A delivery announces what is found until then. */
const ANNOUNCES_MS = 60_000
/** A delivery may come so much later than a poll that happened to be first. */
const LATE_MS = 10_000
const SLOWER = 10
/** No interval becomes longer than this because of webhooks. */
const SLOWEST_MS = 10 * 60_000

/** What had a repository looked at: its turn, a webhook, a person or the repository itself. */
export type Cause = 'poll' | 'hook' | 'asked'

export class Announced {
  #streak = 0
  #hookedAt = Number.NEGATIVE_INFINITY
  /** When a poll found a change that nobody had announced, which may still be. */
  #foundAt: number | null = null

  /** Changes are announced, as far as the last ones tell. */
  get isReliable(): boolean {
    return this.#streak >= RELIABLE
  }

  /** How often to ask, where its apps say `everyMs`. */
  everyMs(everyMs: number): number {
    return this.isReliable && this.#foundAt === null ? slowed(everyMs) : everyMs
  }

  /** A delivery came. */
  hooked(at: number): void {
    this.#settle(at)
    if (this.#foundAt === null) {
      this.#hookedAt = at
      return
    }
    this.#foundAt = null
    this.#streak++
  }

  /** The repository was looked at; `moved`: it was elsewhere than the look before. */
  looked(at: number, moved: boolean, cause: Cause): void {
    this.#settle(at)
    if (!moved) return
    if (at - this.#hookedAt <= ANNOUNCES_MS) {
      this.#hookedAt = Number.NEGATIVE_INFINITY
      this.#streak++
    } else if (cause === 'poll') this.#foundAt ??= at
  }

  #settle(at: number): void {
    if (this.#foundAt === null || at - this.#foundAt <= LATE_MS) return
    this.#foundAt = null
    this.#streak = 0
  }
}

/** Ten times as long, but not beyond the slowest. An interval that is as long already stays. */
export function slowed(everyMs: number): number {
  return Math.max(everyMs, Math.min(everyMs * SLOWER, SLOWEST_MS))
}
