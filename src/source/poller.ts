/** Asks every repository now and then, with jitter; where nobody answers, less and less often. Its answer is only ever "look again". */
import cron from 'node-cron'
import type { AppSpec, PlatformSpec } from '../domain.ts'
import { asTrimtabError, type TrimtabError } from '../errors.ts'
import type { Source } from '../ports.ts'

export interface Poller {
  /** What is polled from now on, and how often. Those that are new are looked at at once. */
  set(apps: AppSpec[], poll: PlatformSpec['poll']): void
  /** Looks at one app's repository now. Never throws: what it found out is with the source. */
  look(app: string): Promise<void>
  /** A webhook for this app's repository came in: looks now, and counts it for how reliably they come. Never throws. */
  hooked(app: string): Promise<void>
  close(): void
}

interface Polled {
  spec: AppSpec
  timer: NodeJS.Timeout | null
  unwatch: () => void
  failures: number
}

const LONGEST_MS = 5 * 60_000

/** `looked` hears of every look, with what went wrong in it, or null. */
export function createPoller(
  source: Source,
  looked: (app: string, trouble: TrimtabError | null) => void,
  jitter: () => number = Math.random,
): Poller {
  const polled = new Map<string, Polled>()
  let everyMs: number | null = null
  let expression: string | null = null
  let ticking: { stop(): unknown } | null = null

  const look = async (app: string): Promise<void> => {
    const entry = polled.get(app)
    if (!entry) return
    let trouble: TrimtabError | null = null
    try {
      await source.look(entry.spec)
      entry.failures = 0
    } catch (thrown) {
      trouble = asTrimtabError(thrown)
      // A host that answers "there is no such branch yet" answers well, and somebody may be about to push it.
      entry.failures = trouble.retry ? entry.failures + 1 : 0
    }
    if (polled.get(app) !== entry) return
    schedule(entry)
    looked(app, trouble)
  }

  const schedule = (entry: Polled) => {
    if (entry.timer) clearTimeout(entry.timer)
    // With a cron expression the failing are asked again by the clock as well: somebody chose those times.
    if (everyMs === null) return
    const slowed = Math.min(Math.max(LONGEST_MS, everyMs), everyMs * 2 ** Math.min(entry.failures, 8))
    entry.timer = setTimeout(() => void look(entry.spec.name), slowed * (0.9 + jitter() / 5))
    entry.timer.unref()
  }

  const drop = (app: string, entry: Polled) => {
    if (entry.timer) clearTimeout(entry.timer)
    entry.unwatch()
    polled.delete(app)
  }

  return {
    look,
    hooked: look,
    set(apps, poll) {
      everyMs = 'everyMs' in poll ? poll.everyMs : null
      const wanted = 'cron' in poll ? poll.cron : null
      if (wanted !== expression) {
        void ticking?.stop()
        ticking = wanted === null ? null : cron.schedule(wanted, () => void Promise.all([...polled.keys()].map(look)))
        expression = wanted
      }
      const next = new Map(apps.map((spec) => [spec.name, spec]))
      for (const [app, entry] of polled) {
        const spec = next.get(app)
        if (!spec || JSON.stringify(spec) !== JSON.stringify(entry.spec)) drop(app, entry)
        else schedule(entry)
      }
      for (const spec of apps) {
        if (polled.has(spec.name)) continue
        const unwatch = source.watch(spec, () => void look(spec.name))
        polled.set(spec.name, { spec, timer: null, unwatch, failures: 0 })
        void look(spec.name)
      }
    },
    close() {
      void ticking?.stop()
      for (const [app, entry] of polled) drop(app, entry)
    },
  }
}
