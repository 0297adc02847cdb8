/** The times that cron expressions name; each is kept once, however many repositories go by it. */
import cron from 'node-cron'

export class Clock {
  readonly #tasks = new Map<string, { stop(): unknown }>()
  readonly #tick: (expression: string) => void

  constructor(tick: (expression: string) => void) {
    this.#tick = tick
  }

  /** These, and no others, from now on. */
  set(expressions: Set<string>): void {
    for (const [expression, task] of this.#tasks) {
      if (expressions.has(expression)) continue
      void task.stop()
      this.#tasks.delete(expression)
    }
    for (const expression of expressions) {
      if (!this.#tasks.has(expression))
        this.#tasks.set(
          expression,
          cron.schedule(expression, () => this.#tick(expression)),
        )
    }
  }
}
