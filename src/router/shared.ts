/** Lets many questions at the same time be one. */
import { performance } from 'node:perf_hooks'

/**
 * A question that many ask at once: all who ask before it is sent share its answer, so an answer is never older than the
 * question. With `freshMs` it is also shared with those who ask shortly after, until forget().
 */
export class Shared<T> {
  readonly #fetch: () => Promise<T>
  readonly #freshMs: number
  #waiting: Promise<T> | null = null
  #last: { begun: number; answer: Promise<T> } | null = null

  constructor(fetch: () => Promise<T>, freshMs = 0) {
    this.#fetch = fetch
    this.#freshMs = freshMs
  }

  /** Something was changed: no answer from before is good any more. */
  forget(): void {
    this.#last = null
  }

  ask(): Promise<T> {
    if (this.#last && performance.now() - this.#last.begun < this.#freshMs) return this.#last.answer
    this.#waiting ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        this.#waiting = null
        const answer = this.#fetch()
        const last = { begun: performance.now(), answer }
        this.#last = last
        answer.then(resolve, (error) => {
          if (this.#last === last) this.#last = null
          reject(error)
        })
      })
    })
    return this.#waiting
  }
}
