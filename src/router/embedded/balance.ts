/** Which server is next: round robin where all weigh the same, smooth weighted round robin (nginx's) otherwise. */

export interface Choice<T> {
  value: T
  weight: number
}

export class Balance<T> {
  readonly #choices: Array<Choice<T> & { current: number }>
  readonly #even: boolean
  #next = 0

  /** Choices that weigh nothing are never taken. */
  constructor(choices: Array<Choice<T>>) {
    this.#choices = choices.filter((choice) => choice.weight > 0).map((choice) => ({ ...choice, current: 0 }))
    this.#even = this.#choices.every((choice) => choice.weight === this.#choices[0]?.weight)
  }

  get values(): T[] {
    return this.#choices.map((choice) => choice.value)
  }

  /** The next one, if possible none of those tried already. Null: there is none at all. */
  next(tried: T[]): T | null {
    if (this.#choices.length === 0) return null
    const fresh = tried.length === 0 ? this.#choices : this.#choices.filter((choice) => !tried.includes(choice.value))
    const among = fresh.length > 0 ? fresh : this.#choices
    if (this.#even) return among[this.#next++ % among.length]?.value ?? null
    let best = among[0]
    let total = 0
    for (const choice of among) {
      choice.current += choice.weight
      total += choice.weight
      if (best && choice.current > best.current) best = choice
    }
    if (!best) return null
    best.current -= total
    return best.value
  }
}
