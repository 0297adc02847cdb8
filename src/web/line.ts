/**
 * The questions to one host, in line: one after the other, so that they share a connection; but none waits long for the one
 * before it. A question that takes longer than a moment no longer counts, and who has stood in line for a moment goes beside it.
 */

/** A moment, in milliseconds. */
const MOMENT_MS = 250
/** As many at a time, however slow. */
const MOST = 6

/** A question that is out, and since when. */
interface Out {
  at: number
}

interface Waiting {
  since: number
  go(out: Out): void
  give(up: unknown): void
}

/** Whether a question that failed so says that those behind it would fare no better. `unheard`: nothing was answered since it was sent. */
export type Hopeless = (error: unknown, unheard: boolean) => boolean

export class Line {
  readonly #isHopeless: Hopeless
  readonly #out = new Set<Out>()
  #waiting: Waiting[] = []
  #answeredAt = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(isHopeless: Hopeless) {
    this.#isHopeless = isHopeless
  }

  async run<T>(ask: () => Promise<T>): Promise<T> {
    const out = this.#waiting.length === 0 && this.#hasRoom() ? this.#leave() : await this.#turn()
    try {
      const answer = await ask()
      this.#answeredAt = performance.now()
      return answer
    } catch (error) {
      if (this.#isHopeless(error, this.#answeredAt < out.at)) this.dismiss(error)
      throw error
    } finally {
      this.#out.delete(out)
      if (this.#waiting.length > 0) this.#advance()
    }
  }

  #turn(): Promise<Out> {
    return new Promise((go, give) => {
      this.#waiting.push({ since: performance.now(), go, give })
      this.#advance()
    })
  }

  #leave(): Out {
    const out = { at: performance.now() }
    this.#out.add(out)
    return out
  }

  #advance(): void {
    clearTimeout(this.#timer)
    while (this.#waiting.length > 0 && this.#hasRoom()) this.#waiting.shift()?.go(this.#leave())
    const ms = this.#nextMs()
    if (ms !== null) this.#timer = setTimeout(() => this.#advance(), ms).unref()
  }

  #hasRoom(): boolean {
    if (this.#out.size >= MOST) return false
    const now = performance.now()
    const first = this.#waiting[0]
    const beside = first ? Math.floor((now - first.since) / MOMENT_MS) : 0
    let quick = 0
    for (const { at } of this.#out) if (now - at < MOMENT_MS) quick++
    return quick <= beside
  }

  /** When there may be room for the next without anybody having ended. */
  #nextMs(): number | null {
    const first = this.#waiting[0]
    if (!first || this.#out.size >= MOST) return null
    const now = performance.now()
    const moments = [first.since, ...[...this.#out].map(({ at }) => at)].map((at) => MOMENT_MS - ((now - at) % MOMENT_MS))
    return Math.ceil(Math.min(...moments))
  }

  /** Sends everybody home who has not gone yet. */
  dismiss(error: unknown): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const each of waiting) each.give(error)
  }
}
