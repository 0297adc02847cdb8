/** What a delivery at /hooks sets off, once it has been answered: a look at the repository, and a line of history. */
import { type HookEvent, type HookTarget, hookTarget } from '../config/hooks.ts'
import type { FleetSpec, HooksSpec } from '../domain.ts'
import type { World } from '../world.ts'

export interface HookParts {
  /** Asks the app's repository now. */
  look(app: string): Promise<void>
  /** Something of the pull requests of this app's repository has changed. */
  pullRequests(app: string): void
  /** A list of apps may have changed. */
  fleet(list: FleetSpec): void
  log(line: string): void
}

export interface ReceivedHooks {
  find(name: string): HookTarget | null
  limits(): Pick<HooksSpec, 'bytes' | 'perMinute'>
  received(target: HookTarget, event: HookEvent): void
  refused(name: string, why: string): void
  /** What came in last is not looked at any more: whoever starts next looks at everything. */
  close(): void
}

/**
 * Looks begin when nothing has come in for a moment: a burst is answered to its end first, for the work that it sets off keeps
 * the answers of its rest waiting (a connection is accepted once in a turn of the event loop, libuv 1.45). The longest anybody waits.
 */
const CALM_MS = 4
const LONGEST_MS = 500
/** Of what keeps coming in, so much is told. */
const TOLD_MS = 5_000
const REFUSALS_TOLD_MS = 60_000

export function receiveHooks({ platform, store, now }: World, { look, pullRequests, fleet, log }: HookParts): ReceivedHooks {
  const isNews = debounced(now)
  /** By repository and kind: what came in since the last look began. */
  let waiting = new Map<string, { target: HookTarget; event: HookEvent }>()
  let since = 0
  let timer: NodeJS.Timeout | undefined

  const act = () => {
    const all = [...waiting.values()]
    waiting = new Map()
    for (const { target, event } of all) {
      const { apps, fleets } = target
      if (event.kind === 'pullRequest') {
        for (const app of apps) if (app.previews) pullRequests(app.name)
        for (const app of apps) if (app.preview) void look(app.name)
      } else {
        for (const app of apps) void look(app.name)
        for (const list of fleets) fleet(list)
      }
    }
    for (const { target, event } of all) tell(target, event)
  }

  const tell = ({ repository, apps }: HookTarget, { kind, from, name }: HookEvent) => {
    if (!isNews(`${repository} ${kind}`, TOLD_MS)) return
    const [first] = apps
    const others = apps.length > 1 ? `, for ${apps.length} apps` : ''
    store.event({
      app: apps.length === 1 && first ? first.name : '',
      type: 'HookReceived',
      message: `${name} from ${from}${others}`,
    })
  }

  return {
    find: (name) => hookTarget(platform(), name),
    limits: () => platform().hooks,
    received(target, event) {
      if (event.kind === 'ping' || event.kind === 'other') return tell(target, event)
      const at = performance.now()
      if (waiting.size === 0) since = at
      // All that come in at the same moment are one look.
      waiting.set(`${target.repository} ${event.kind}`, { target, event })
      clearTimeout(timer)
      timer = setTimeout(act, Math.min(CALM_MS, Math.max(0, since + LONGEST_MS - at)))
    },
    refused(name, why) {
      if (isNews(`refused ${name}`, REFUSALS_TOLD_MS))
        log(`A webhook's delivery for ${name} was refused: ${why}. See: trimtab webhook <app>`)
    },
    close: () => clearTimeout(timer),
  }
}

/** Whether the last time is so long ago. Only names of this platform come here, so there are not many. */
function debounced(now: () => number): (what: string, ms: number) => boolean {
  const last = new Map<string, number>()
  return (what, ms) => {
    const at = now()
    if (at - (last.get(what) ?? Number.NEGATIVE_INFINITY) < ms) return false
    // Apps come and go: what is long past is forgotten.
    if (last.size >= 10_000) last.clear()
    last.set(what, at)
    return true
  }
}
