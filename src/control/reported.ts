/**
 * Keeps the outbox level with the store: after every event of an app, and of all apps at the start, what has to be told is derived
 * anew from how the app stands. Killed between an event and this, nothing is lost: the next start looks at all of them.
 */
import type { AppSpec, Event } from '../domain.ts'
import { asTrimtabError } from '../errors.ts'
import type { QueuedReport } from '../ports.ts'
import { farewell, isGone, reportsOf } from '../report/reports.ts'
import { declared, type World } from '../world.ts'

/** An attempt begins with several events at once. */
const SETTLE_MS = 50
/** Apps that are looked at in one go: about as many milliseconds. */
const BATCH = 50
const AGAIN_MS = 5_000

export interface Keeping {
  world: World
  /** Name of the app's repository at its forge; null: it is on none whose API is to be asked. */
  forge(app: AppSpec): string | null
  /** Something may be waiting in the outbox. */
  wake(): void
  /** Has to be given up: too much waits for its target. */
  drop(queued: QueuedReport, why: string): void
  log(line: string): void
}

/** Gives the end of it. */
export function keepReported({ world, forge, wake, drop, log }: Keeping): () => void {
  const { store } = world
  const { outbox } = store
  const dirty = new Set<string>()
  const later = new Map<string, NodeJS.Timeout>()
  let timer: NodeJS.Timeout | null = null

  const soon = (ms: number) => {
    timer ??= setTimeout(flush, ms)
    timer.unref()
  }
  const flush = () => {
    timer = null
    for (const app of [...dirty].slice(0, BATCH)) {
      try {
        look(app)
        dirty.delete(app)
      } catch (error) {
        // A disk that is full, as a rule. Nothing is lost: what has to be told is found again.
        log(`${app}: what there is to report of it cannot be noted (${asTrimtabError(error).message})`)
        soon(AGAIN_MS)
        return
      }
    }
    if (dirty.size > 0) soon(0)
    wake()
  }

  const look = (app: string) => {
    clearTimeout(later.get(app))
    later.delete(app)
    const spec = declared(world, app)
    const record = store.read(app)
    const told = outbox.told(app)
    if (!spec) {
      // Perhaps its declaration only cannot be read: gone is what has been stopped and forgotten.
      if (told.length === 0 || !isGone(record)) return
      outbox.put(app, farewell(app, told), [])
      return outbox.forget(app)
    }
    const [route] = (record.serving ?? record.pending)?.content.routes ?? []
    const due = reportsOf({
      app,
      record,
      told,
      forge: forge(spec),
      notify: world.platform().notify,
      url: route ? world.router.url(route) : null,
      now: world.now(),
    })
    if (due.told.length > 0) {
      for (const queued of outbox.put(app, due.reports, due.told)) drop(queued, 'too much waits for this target already')
    }
    if (due.until !== null) {
      const again = setTimeout(() => mark([app]), Math.max(0, due.until - world.now()) + SETTLE_MS)
      again.unref()
      later.set(app, again)
    }
  }

  const mark = (apps: Iterable<string>) => {
    for (const app of apps) dirty.add(app)
    soon(SETTLE_MS)
  }
  const all = () => mark([...world.platform().apps.map(({ name }) => name), ...outbox.apps()])
  const seen = ({ app, type }: Event) => {
    if (type === 'ReportDelayed' || type === 'ReportDropped') return
    if (app !== '') return mark([app])
    // Somebody may have put right what kept reports from arriving.
    if (type === 'ConfigChanged') outbox.again()
    if (type === 'ConfigChanged' || type === 'FleetChanged') all()
  }

  all()
  const unwatch = store.onEvent(seen)
  return () => {
    unwatch()
    if (timer) clearTimeout(timer)
    for (const again of later.values()) clearTimeout(again)
  }
}
