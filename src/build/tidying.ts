import { setTimeout as pause } from 'node:timers/promises'

/** What a build left behind is put away a moment later: not while its app is just being started. */
const LATER_MS = 1_000

/** Work that nobody has to wait for, but whoever closes. */
export class Tidying {
  readonly #going = new Set<Promise<void>>()
  readonly #closing = new AbortController()

  /** What fails is tried again by the next start, which looks for left-overs. */
  later(work: () => Promise<unknown>): void {
    const settled = pause(LATER_MS, undefined, { signal: this.#closing.signal })
      .catch(() => {})
      .then(work)
      .then(
        () => {},
        () => {},
      )
    this.#going.add(settled)
    void settled.then(() => this.#going.delete(settled))
  }

  /** Does at once what is still to be done. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all(this.#going)
  }
}
