/** A plan being written: the pieces of the planner add to it, in their own order. */
import type { Plan, Step } from './steps.ts'

/** Order of the steps in a plan: the routes leave what answers no more before anything that takes its time, and what takes away comes last. */
const ORDER: Step['action'][] = [
  'hold',
  'lift',
  'begin',
  'fail',
  'retry-later',
  'settle',
  'undrain',
  'write-routes',
  'remove-routes',
  'reap',
  'build',
  'release',
  'pass-release-phase',
  'run-release-phase',
  'start',
  'go-live',
  'drain',
  'stop',
  'forget',
]

export class Draft {
  private readonly steps: Step[] = []
  private readonly waiting: string[] = []
  private again: number | null = null

  do(step: Step): void {
    this.steps.push(step)
  }

  /** `ms`: look again after so long at the latest; null: an event will tell. */
  wait(ms: number | null, why: string): void {
    if (!this.waiting.includes(why)) this.waiting.push(why)
    if (ms !== null) this.again = Math.min(this.again ?? Number.POSITIVE_INFINITY, Math.max(1, Math.ceil(ms)))
  }

  plan(): Plan {
    // Stable: within one kind of step, the order in which the planner named them, which follows sorted data.
    this.steps.sort((a, b) => ORDER.indexOf(a.action) - ORDER.indexOf(b.action))
    return { steps: this.steps, again: this.steps.length ? 0 : this.again, waiting: this.waiting }
  }
}
