/**
 * A git host as polling sees it. While it does not answer, all of its repositories wait, and one of them asks now and then: the
 * one that was answered last, then another each time.
 */
import type { HostFault } from '../hostFault.ts'
import type { Question } from './question.ts'
import { backOff, LONGEST_MS } from './schedule.ts'

export interface HostEvents {
  ask(probe: Question): void
  /** It does not answer; asked again in so many milliseconds. */
  went(host: Host, fault: HostFault, againMs: number): void
  /** It answers again. `waiting`: who is due. */
  came(host: Host, waiting: Question[], awayMs: number): void
  now(): number
  /** From 0 to 1. */
  chance(): number
}

interface Away {
  since: number
  /** It has asked to be left alone. */
  asksForPeace: boolean
  failures: number
  /** Who asks just now. */
  probe: Question | null
  waiting: Set<Question>
  timer: NodeJS.Timeout | undefined
}

/** By the clock alone: a host that is away is asked as if by this interval. */
const USUAL_MS = 30_000
/** No probe comes sooner. */
const SOONEST_MS = 1_000

export class Host {
  readonly name: string
  readonly questions = new Set<Question>()
  readonly #events: HostEvents
  #away: Away | null = null
  #heardAt = Number.NEGATIVE_INFINITY
  #heardOf: Question | null = null
  /** Repositories that had no answer since the host was heard of last. */
  readonly #doubted = new Set<string>()

  constructor(name: string, events: HostEvents) {
    this.name = name
    this.#events = events
  }

  get isAway(): boolean {
    return this.#away !== null
  }

  get asksForPeace(): boolean {
    return this.#away?.asksForPeace ?? false
  }

  get repositories(): number {
    return new Set([...this.questions].map(({ url }) => url)).size
  }

  /** It is away, and this question is due when it is back. */
  hold(question: Question): void {
    this.#away?.waiting.add(question)
  }

  /** It answered, whatever it said. */
  heard(question: Question): void {
    this.#heardAt = this.#events.now()
    this.#heardOf = question
    this.#doubted.clear()
    const away = this.#away
    if (!away) return
    clearTimeout(away.timer)
    this.#away = null
    away.waiting.delete(question)
    this.#events.came(this, [...away.waiting], this.#heardAt - away.since)
  }

  /**
   * A question that was asked then had no answer. True: that is the host's fault. One repository alone is not taken for its host,
   * unless there is no doubt: somebody else has to have had no answer either, and nobody one since.
   */
  failed(question: Question, fault: HostFault, askedAt: number): boolean {
    if (this.#away) {
      if (this.#away.probe === question) this.#rest(this.#away, fault.waitMs)
      return true
    }
    if (!fault.isSure) {
      if (this.#heardAt >= askedAt) return false
      this.#doubted.add(question.url)
      if (this.#doubted.size < 2) return false
    }
    this.#away = {
      since: this.#events.now(),
      asksForPeace: false,
      failures: 0,
      probe: null,
      waiting: new Set(),
      timer: undefined,
    }
    this.#events.went(this, fault, this.#rest(this.#away, fault.waitMs))
    return true
  }

  /** What came of this question says nothing about the host. */
  unclear(question: Question): void {
    if (this.#away?.probe === question) this.#rest(this.#away, null)
  }

  leave(question: Question): void {
    this.questions.delete(question)
    this.#away?.waiting.delete(question)
    this.unclear(question)
    if (this.questions.size === 0) clearTimeout(this.#away?.timer)
  }

  /** Gives the milliseconds until the next probe. */
  #rest(away: Away, waitMs: number | null): number {
    clearTimeout(away.timer)
    const shortest = Math.min(...[...this.questions].map(({ schedule }) => schedule.everyMs ?? USUAL_MS))
    // A host of many is asked that often anyway.
    const base = Math.max(SOONEST_MS, shortest / Math.max(1, this.repositories))
    const ms = waitMs ?? backOff(base, away.failures, Math.max(LONGEST_MS, shortest), this.#events.chance())
    away.probe = null
    away.asksForPeace = waitMs !== null
    away.failures++
    away.timer = setTimeout(() => this.#probe(away), ms).unref()
    return ms
  }

  #probe(away: Away): void {
    const all = [...this.questions]
    const first = this.#heardOf ? all.indexOf(this.#heardOf) : 0
    away.asksForPeace = false
    away.probe = all[(Math.max(0, first) + away.failures - 1) % all.length] ?? null
    if (away.probe) this.#events.ask(away.probe)
  }
}
