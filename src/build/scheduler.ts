import { TrimtabError } from '../errors.ts'
import type { BuildPlan, BuildState } from '../ports.ts'
import { nextBuild, positionOf, type Waiting } from './queue.ts'

/** How a build ended. */
export type BuildEnd = Extract<BuildState, { state: 'succeeded' | 'failed' }>

interface Entry extends Waiting {
  plan: BuildPlan
  state: BuildState
  abort?: AbortController
  done?: Promise<void>
  /** The apps that have been told of this failure; the last one to want something else makes it forgotten. */
  failedFor: Set<string>
}

export interface SchedulerOptions {
  concurrency: () => number
  /** Takes the image from where it may lie already, in place of a build; null: it is nowhere. Never throws. Absent: there is no such place. */
  fetch?: (plan: BuildPlan, signal: AbortSignal) => Promise<BuildEnd | null>
  /** Performs one build; never throws. */
  run: (plan: BuildPlan, signal: AbortSignal) => Promise<BuildEnd>
  /** Whether a built image is still there: somebody may have deleted it. */
  exists: (key: string) => boolean
  /** What a running build does now. */
  step: (key: string) => string
  changed: (plan: BuildPlan, state: BuildState) => void
  now: () => number
  /** Nothing is started before this. */
  ready: Promise<void>
}

/** Turns what apps want into builds that run: one per key, at most so many at once, none that nobody wants. */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #wants = new Map<string, string>()
  readonly #entries = new Map<string, Entry>()
  readonly #lastStart = new Map<string, number>()
  #clock = 0
  #ready = false
  #closed = false

  constructor(options: SchedulerOptions) {
    this.#options = options
    void options.ready.then(() => {
      this.#ready = true
      this.pump()
    })
  }

  want(app: string, plan: BuildPlan | null, again = false): void {
    if (this.#closed) return
    const before = this.#wants.get(app)
    if (plan === null) this.#wants.delete(app)
    else this.#wants.set(app, plan.key)
    if (before !== undefined && before !== plan?.key) this.#dropIfUnwanted(before)
    if (plan === null) return
    for (const entry of this.#entries.values()) if (entry.key !== plan.key) this.#forgetFailureFor(entry, app)

    const entry = this.#entries.get(plan.key)
    if (entry === undefined || this.#isStale(entry, again)) this.#enqueue(plan)
    else if (entry.state.state === 'failed') entry.failedFor.add(app)
  }

  state(key: string): BuildState {
    const entry = this.#entries.get(key)
    if (entry === undefined) return { state: 'none' }
    if (entry.state.state === 'succeeded' && !this.#options.exists(key)) return { state: 'none' }
    if (entry.state.state === 'running') return { ...entry.state, step: this.#options.step(key) }
    if (entry.state.state === 'queued') return { state: 'queued', position: this.#position(key) }
    return entry.state
  }

  /** Keys that must not be deleted: wanted by an app, or being built now. */
  inUse(): Set<string> {
    const active = [...this.#entries.values()].filter((one) => isActive(one.state))
    return new Set([...this.#wants.values(), ...active.map((one) => one.key)])
  }

  /** Forgets how old builds ended. */
  forget(keep: ReadonlySet<string>): void {
    const used = this.inUse()
    for (const key of this.#entries.keys()) if (!keep.has(key) && !used.has(key)) this.#entries.delete(key)
  }

  /** Who wants this build next has it tried again. */
  forgetFailure(key: string): void {
    if (this.#entries.get(key)?.state.state === 'failed') this.#entries.delete(key)
  }

  /** Starts what may start; call it when `concurrency` has grown. */
  pump(): void {
    if (!this.#ready || this.#closed) return
    for (;;) {
      const running = [...this.#entries.values()].filter((one) => one.state.state === 'running')
      if (running.length >= Math.max(1, this.#options.concurrency())) return
      const next = nextBuild(this.#queued(), this.#lastStart, new Set(running.map((one) => one.app)))
      if (next === undefined) return
      this.#start(next)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#wants.clear()
    for (const entry of this.#queued()) this.#entries.delete(entry.key)
    const running = [...this.#entries.values()].filter((one) => one.state.state === 'running')
    for (const entry of running) entry.abort?.abort(cancelled('trimtab is stopping'))
    await Promise.all(running.map((one) => one.done))
  }

  #queued(): Entry[] {
    return [...this.#entries.values()].filter((one) => one.state.state === 'queued')
  }

  #position(key: string): number {
    return positionOf(key, this.#queued(), this.#lastStart)
  }

  /** Whether how this build ended no longer answers who asks for it. */
  #isStale({ key, state }: Entry, again: boolean): boolean {
    if (state.state === 'succeeded') return !this.#options.exists(key)
    return state.state === 'failed' && (again || state.failure.code === 'BuildCancelled')
  }

  #enqueue(plan: BuildPlan): void {
    this.#clock += 1
    const entry: Entry = {
      key: plan.key,
      app: plan.app.name,
      seq: this.#clock,
      plan,
      state: { state: 'none' },
      failedFor: new Set(),
    }
    this.#entries.set(plan.key, entry)
    this.#set(entry, { state: 'queued', position: 0 })
    this.pump()
    // Told once more where it has to wait.
    if (entry.state.state === 'queued') this.#set(entry, { state: 'queued', position: this.#position(plan.key) })
  }

  #start(entry: Entry): void {
    this.#clock += 1
    this.#lastStart.set(entry.app, this.#clock)
    const abort = new AbortController()
    entry.abort = abort
    const { fetch } = this.#options
    entry.done = fetch ? this.#fetch(entry, fetch, abort.signal) : this.#run(entry, abort.signal)
  }

  /** Nobody is told that something runs before it is known that there has to be a build. */
  async #fetch(entry: Entry, fetch: NonNullable<SchedulerOptions['fetch']>, signal: AbortSignal): Promise<void> {
    entry.state = { state: 'running', startedAt: this.#options.now(), pulling: true }
    const end = await fetch(entry.plan, signal)
    if (end) this.#ended(entry, end)
    else await this.#run(entry, signal)
  }

  async #run(entry: Entry, signal: AbortSignal): Promise<void> {
    this.#set(entry, { state: 'running', startedAt: this.#options.now() })
    this.#ended(entry, await this.#options.run(entry.plan, signal))
  }

  #ended(entry: Entry, end: BuildEnd): void {
    const wantedBy = [...this.#wants].filter(([, key]) => key === entry.key).map(([app]) => app)
    if (end.state === 'failed' && end.failure.code === 'BuildCancelled' && wantedBy.length > 0 && !this.#closed) {
      // Somebody changed their mind back while the cancelled build was still ending.
      this.#enqueue(entry.plan)
      return
    }
    entry.failedFor = new Set(wantedBy)
    this.#set(entry, end)
    this.pump()
  }

  #dropIfUnwanted(key: string): void {
    if ([...this.#wants.values()].includes(key)) return
    const entry = this.#entries.get(key)
    if (entry?.state.state === 'running') entry.abort?.abort(cancelled('no app wants this build any more'))
    if (entry?.state.state === 'queued') {
      this.#entries.delete(key)
      this.#set(entry, { state: 'none' })
    }
  }

  #forgetFailureFor(entry: Entry, app: string): void {
    if (entry.state.state !== 'failed' || !entry.failedFor.delete(app)) return
    if (entry.failedFor.size === 0) this.#entries.delete(entry.key)
  }

  #set(entry: Entry, state: BuildState): void {
    entry.state = state
    this.#options.changed(entry.plan, state)
  }
}

function isActive(state: BuildState): boolean {
  return state.state === 'queued' || state.state === 'running'
}

function cancelled(why: string): TrimtabError {
  return new TrimtabError('BuildCancelled', `The build was cancelled: ${why}.`, { retry: true })
}
