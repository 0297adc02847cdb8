/** Speaks to the router's API on its unix socket, and lets many questions at the same time be one. */
import { request } from 'node:http'
import { performance } from 'node:perf_hooks'
import { TrimtabError } from '../../errors.ts'

export interface Answer {
  status: number
  etag: string
  text: string
}

/** Nobody listens there (any more). */
export class NobodyThere extends Error {}

const answerMs = 5_000

/** One request. Throws NobodyThere, or RouterUnavailable where somebody listens and does not answer. */
export function ask(socket: string, method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      // A connection that breaks off was to a router that is ending.
      const gone = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(error.code ?? '')
      const mute = `The router does not answer on ${socket}. trimtab asks again.`
      reject(
        gone
          ? new NobodyThere(`nobody listens on ${socket}`)
          : new TrimtabError('RouterUnavailable', mute, { retry: true, cause: error }),
      )
    }
    // A connection of its own: on a unix socket it costs less than finding out that a kept one is stale.
    const asked = request({ socketPath: socket, method, path, headers, agent: false, timeout: answerMs }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, etag: String(response.headers.etag ?? ''), text }))
      response.on('error', fail)
    })
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${answerMs} ms`)))
    asked.on('error', fail)
    asked.end()
  })
}

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
