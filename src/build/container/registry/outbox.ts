import { setTimeout as pause } from 'node:timers/promises'
import { asTrimtabError, headline } from '../../../errors.ts'

const FIRST_MS = 2_000
const LONGEST_MS = 5 * 60_000

export interface OutboxOptions {
  /** Sees to it that the registry has this image; what it gives is told. Null: it had it already, or there is nothing to send. */
  send: (app: string, key: string, signal: AbortSignal) => Promise<string | null>
  /** An image has got there. */
  sent: (app: string, message: string) => void
  /** Told once when the registry does not take what it should, and once (null) when it does again. */
  trouble: (message: string | null) => void
}

interface Parcel {
  app: string
  key: string
}

/** Images that are on their way to a registry: one at a time, each until it is there, whatever the registry does meanwhile. */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #parcels = new Map<string, Parcel>()
  readonly #there = new Set<string>()
  #trouble: string | null = null
  #running: Promise<void> | null = null
  #abort = new AbortController()
  #closed = false

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Idempotent. */
  add(app: string, key: string): void {
    const name = `${app}:${key}`
    if (this.#closed || this.#there.has(name)) return
    this.#parcels.set(name, { app, key })
    this.#running ??= this.#run(this.#abort.signal).finally(() => {
      this.#running = null
    })
  }

  /** It is there: it came from there. */
  knows(app: string, key: string): void {
    this.#there.add(`${app}:${key}`)
  }

  /** Another registry, or none: what was sent, and what is on its way, is of no importance any more. */
  async reset(): Promise<void> {
    this.#parcels.clear()
    this.#there.clear()
    this.#trouble = null
    this.#abort.abort(new Error('another registry'))
    this.#abort = new AbortController()
    await this.#running
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.reset()
  }

  async #run(signal: AbortSignal): Promise<void> {
    let wait = FIRST_MS
    for (const [name, { app, key }] of this.#parcels) {
      // What is added meanwhile, and what is put back, is at the end.
      this.#parcels.delete(name)
      try {
        const message = await this.#options.send(app, key, signal)
        if (signal.aborted) return
        this.#there.add(name)
        wait = FIRST_MS
        this.#tell(null)
        if (message !== null) this.#options.sent(app, message)
      } catch (error) {
        if (signal.aborted) return
        this.#parcels.set(name, { app, key })
        this.#tell(headline(asTrimtabError(error).message))
        // Not in step with other platforms that wait for the same registry.
        await pause(wait * (0.75 + Math.random() / 2), undefined, { signal, ref: false }).catch(() => {})
        if (signal.aborted) return
        wait = Math.min(wait * 2, LONGEST_MS)
      }
    }
  }

  #tell(trouble: string | null): void {
    if ((trouble === null) === (this.#trouble === null)) return
    this.#trouble = trouble
    this.#options.trouble(trouble)
  }
}
