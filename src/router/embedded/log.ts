/** The router's log: errors only, one line each; bounded in size, and in how often the same kind is written. */
import { appendFileSync, renameSync, statSync } from 'node:fs'

const largestFile = 5 * 1024 * 1024
/** Lines of one topic within a window; the rest are counted and told in one line. */
const mostPerWindow = 10
const windowMs = 10_000

export class Log {
  readonly #path: string
  readonly #now: () => number
  #size: number
  readonly #topics = new Map<string, { since: number; written: number; held: number }>()

  constructor(path: string, now: () => number = Date.now) {
    this.#path = path
    this.#now = now
    this.#size = sizeOf(path)
  }

  /** Writes a line, unless this topic has had too many lately. Never throws: a full disk must not stop the traffic. */
  readonly write = (topic: string, message: string): void => {
    const now = this.#now()
    const window = this.#topics.get(topic)
    if (window && now - window.since < windowMs) {
      if (window.written >= mostPerWindow) {
        window.held++
        return
      }
      window.written++
    } else {
      if (window && window.held > 0) this.#line(now, topic, `… and ${window.held} more like these`)
      this.#topics.set(topic, { since: now, written: 1, held: 0 })
    }
    this.#line(now, topic, message)
  }

  #line(now: number, topic: string, message: string): void {
    const line = `${new Date(now).toISOString()} ${topic}: ${message.replace(/[^\x20-\x7e\u00a0-\uffff]+/g, ' ')}\n`
    try {
      if (this.#size > largestFile) {
        renameSync(this.#path, `${this.#path}.1`)
        this.#size = 0
      }
      appendFileSync(this.#path, line, { mode: 0o600 })
      this.#size += line.length
    } catch {
      this.#size = sizeOf(this.#path)
    }
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch {
    return 0
  }
}
