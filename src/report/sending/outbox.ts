/**
 * Empties the outbox: for each target one report at a time, in order, and several targets at once, so that one that hangs delays no
 * other. What is sent and what of it failed is in the store: killed at any moment, the next trimtab goes on with the same report.
 */
import { asTrimtabError, type TrimtabError } from '../../errors.ts'
import type { NewEvent, Outbox, QueuedReport, Report } from '../../ports.ts'
import { beginning, oneLine } from '../../text.ts'
import { GIVEN_UP_MS, isGivenUp, retryDelay } from '../retry.ts'

const AT_ONCE = 8
const ERROR = 300
const UNNOTED_MS = 30_000

export interface DispatchOptions {
  outbox: Outbox
  /** Sends one; 'unknown': there is no such target any more. Throws a TrimtabError. */
  deliver(report: Report): Promise<'sent' | 'unknown'>
  event(event: NewEvent): void
  now(): number
  /** 0 to 1. */
  random(): number
}

export class Dispatch {
  readonly #options: DispatchOptions
  readonly #busy = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: DispatchOptions) {
    this.#options = options
  }

  /** Starts what is due, and sees to it that the rest is started when it is. Idempotent; waits for nothing. */
  wake(): void {
    if (this.#isClosed) return
    clearTimeout(this.#timer)
    const { outbox, now } = this.#options
    let soonest = Number.POSITIVE_INFINITY
    for (const { target, notBefore } of outbox.recipients()) {
      if (this.#busy.has(target)) continue
      if (notBefore > now()) soonest = Math.min(soonest, notBefore)
      else if (this.#busy.size < AT_ONCE) void this.#serve(target)
    }
    if (soonest === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.wake(), Math.min(soonest - now(), GIVEN_UP_MS))
    this.#timer.unref()
  }

  /** What is under way may still arrive; it is sent again by the next trimtab. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  async #serve(target: string): Promise<void> {
    this.#busy.add(target)
    const next = () => {
      this.#busy.delete(target)
      this.wake()
    }
    try {
      for (let goesOn = true; goesOn && !this.#isClosed; ) goesOn = await this.#first(target)
      next()
    } catch {
      // It cannot be noted what has become of it: there is no room, say. Not at once again, for it may have arrived.
      setTimeout(next, UNNOTED_MS).unref()
    }
  }

  /** The first in line. False: nothing more to be done for this target now. */
  async #first(target: string): Promise<boolean> {
    const { outbox, deliver } = this.#options
    const queued = outbox.next(target)
    if (!queued) return false
    try {
      const how = await deliver(queued.report)
      if (this.#isClosed) return false
      if (how === 'unknown') outbox.abandon(target)
      else outbox.sent(queued)
      return how === 'sent'
    } catch (thrown) {
      if (this.#isClosed) return false
      return this.#fail(queued, asTrimtabError(thrown))
    }
  }

  #fail(queued: QueuedReport, error: TrimtabError): boolean {
    const { outbox, now, random } = this.#options
    const message = beginning(oneLine(error.message), ERROR)
    if (!error.retry || isGivenUp(queued, now())) {
      this.drop(queued, error.retry ? `${message} (tried ${queued.tries + 1} times)` : message)
      return true
    }
    const { target } = queued.report
    const failures = outbox.recipients().find((one) => one.target === target)?.failures ?? 0
    const delay = retryDelay(failures, random(), error.retryAfterMs)
    outbox.failed(queued, message, now() + delay)
    if (failures === 0) {
      const when = delay < 10_000 ? 'in a moment' : `in ${Math.round(delay / 1000)} s`
      this.#tell(
        queued,
        'ReportDelayed',
        `${target} has not taken a report: ${message} It is tried again ${when}, and nothing waits for it.`,
      )
    }
    return false
  }

  /** Gives one up, and says so once for each reason. */
  drop(queued: QueuedReport, why: string): void {
    const { target, topic } = queued.report
    if (!this.#options.outbox.drop(queued, why)) return
    this.#tell(queued, 'ReportDropped', `${target} was not told (${topic}): ${why}`)
  }

  #tell({ report: { app, commit } }: QueuedReport, type: 'ReportDelayed' | 'ReportDropped', message: string): void {
    this.#options.event({ app, type, commit, message })
  }
}
