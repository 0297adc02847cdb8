/** When each app's forge is asked: at the interval of its polling, ever less often while it does not answer, and at once when told so. */
import cron from 'node-cron'
import type { Poll } from '../domain.ts'

const LONGEST_MS = 5 * 60_000

interface Round {
  poll: Poll
  about: string
  timer: NodeJS.Timeout | null
  clock: { stop(): unknown } | null
  failures: number
  running: Promise<void> | null
  /** Somebody wants to know what is there now, not what was there when the question that is under way was put. */
  again: boolean
}

export class Rounds {
  private readonly rounds = new Map<string, Round>()
  private readonly ask: (app: string) => Promise<boolean>
  private readonly jitter: () => number

  /** `ask` never throws; false: the forge did not answer. */
  constructor(ask: (app: string) => Promise<boolean>, jitter: () => number = Math.random) {
    this.ask = ask
    this.jitter = jitter
  }

  /** Who is asked from now on. Those that are new, or about something else than before, are asked at once. */
  set(apps: Map<string, { poll: Poll; about: string }>): void {
    for (const [app, round] of this.rounds) {
      const next = apps.get(app)
      if (JSON.stringify(next) !== JSON.stringify({ poll: round.poll, about: round.about })) this.end(app, round)
    }
    for (const [app, { poll, about }] of apps) {
      if (this.rounds.has(app)) continue
      const clock = 'cron' in poll ? cron.schedule(poll.cron, () => void this.now(app)) : null
      this.rounds.set(app, { poll, about, timer: null, clock, failures: 0, running: null, again: false })
      void this.now(app)
    }
  }

  /** Resolves when the forge has answered a question that was put after this call, or has not. */
  async now(app: string): Promise<void> {
    const round = this.rounds.get(app)
    if (!round) return
    if (round.running) {
      round.again = true
      return round.running
    }
    round.running = this.run(app, round)
    await round.running
  }

  private async run(app: string, round: Round): Promise<void> {
    do {
      round.again = false
      round.failures = (await this.ask(app)) ? 0 : round.failures + 1
    } while (round.again && this.rounds.get(app) === round)
    round.running = null
    if (this.rounds.get(app) === round) this.plan(app, round)
  }

  private plan(app: string, round: Round): void {
    if (round.timer) clearTimeout(round.timer)
    if (!('everyMs' in round.poll)) return
    const { everyMs } = round.poll
    const ms = Math.min(Math.max(LONGEST_MS, everyMs), everyMs * 2 ** Math.min(round.failures, 8))
    round.timer = setTimeout(() => void this.now(app), ms * (0.9 + this.jitter() / 5))
    round.timer.unref()
  }

  private end(app: string, round: Round): void {
    if (round.timer) clearTimeout(round.timer)
    void round.clock?.stop()
    this.rounds.delete(app)
  }

  close(): void {
    for (const [app, round] of this.rounds) this.end(app, round)
  }
}
