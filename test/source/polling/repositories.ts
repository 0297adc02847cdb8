/** A poller over repositories that are made up, by a clock that the test moves. */
import { afterEach, beforeEach, vi } from 'vitest'
import type { AppSpec, PlatformSpec } from '../../../src/domain.ts'
import type { TrimtabError } from '../../../src/errors.ts'
import type { Head, Source } from '../../../src/ports.ts'
import { createPoller } from '../../../src/source/poller.ts'

// 10:00:00 by any clock: cron expressions are read in local time.
export const START = new Date(2026, 0, 2, 10, 0, 0)
export const EVERY_30S: PlatformSpec['poll'] = { everyMs: 30_000 }

/** For each test of a file. */
export function byOwnClock(): void {
  beforeEach(() => void vi.useFakeTimers({ now: START }))
  afterEach(() => void vi.useRealTimers())
}

export const spec = (name: string, over: Partial<AppSpec> = {}): AppSpec => ({
  name,
  repo: `/repos/${name}.git`,
  path: '',
  ...over,
})
const HEAD: Head = { ref: 'main', commit: 'a'.repeat(40), message: 'm', committedAt: 1, since: null }

/** A source that knows how to be looked at and watched, and nothing else. */
export class Repositories implements Source {
  /** Each look: which app, when since the start (ms), at which address. */
  readonly looks: Array<[app: string, at: number]> = []
  readonly addresses: string[] = []
  readonly watched = new Map<AppSpec, () => void>()
  failing: Error | null = null
  /** By address, what its looks throw. */
  readonly faults = new Map<string, Error>()
  /** By app: the trouble that was told of it without a look. */
  readonly doubts = new Map<string, string | null>()
  commit = HEAD.commit
  /** Looks wait for this. */
  gate: Promise<void> = Promise.resolve()

  async look(app: AppSpec): Promise<Head> {
    this.looks.push([app.name, Date.now() - START.getTime()])
    this.addresses.push(app.repo)
    await this.gate
    const fault = this.faults.get(app.repo) ?? this.failing
    if (fault) throw fault
    return { ...HEAD, commit: this.commit }
  }

  watch(app: AppSpec, changed: () => void): () => void {
    this.watched.set(app, changed)
    return () => void this.watched.delete(app)
  }

  doubt(app: AppSpec, trouble: TrimtabError | null): void {
    this.doubts.set(app.name, trouble?.message ?? null)
  }

  head(): never {
    throw new Error('a poller only looks')
  }
  trouble = this.head
  packs = { fetch: this.head, entries: this.head, export: this.head }
  entries = this.head
  read = this.head
  verify = this.head
  listsOf = () => ''
  changed = this.head
  export = this.head
  prune = this.head
  close = this.head
}

export function polling({ jitter = 0.5 } = {}) {
  const source = new Repositories()
  const told: Array<[string, string | null]> = []
  const events: string[] = []
  const poller = createPoller(source, {
    looked: (app, trouble, isHosts) => told.push([app, trouble && (isHosts ? `host: ${trouble.code}` : trouble.code)]),
    event: ({ app, type, message }) => events.push(`${app} ${type}: ${message}`),
    chance: () => jitter,
  })
  const times = (app: string) => source.looks.filter(([name]) => name === app).map(([, at]) => at)
  return { source, told, events, poller, times }
}

export const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
