/**
 * Notices what happens to the containers: by the engine's events at once, and by comparing what there is with what there was, for
 * what the events miss. Neither is believed: both say no more than "look again".
 */
import type { Engine } from '../../engine/engine.ts'
import { type EngineEvent, watchEvents } from '../../engine/events.ts'
import { LABEL } from '../../engine/labels.ts'
import type { Census, Container } from './census.ts'
import type { Deaths } from './deaths.ts'

export interface Watch {
  /** An answer of the engine's: compared with the one before. */
  compare(containers: Container[]): void
  /** Somebody is interested in this app: it is told of from now on, also when nothing of it is there. */
  know(app: string): void
  close(): void
}

export interface Watched {
  engine: Engine
  platform: string
  network: string
  census: Census
  deaths: Deaths
  isStarting(name: string): boolean
  changed(app: string): void
  /** It has ended by itself. */
  died(id: string): void
  /** The network is not what it was. */
  networkGone(): void
}

const POLL_MS = 1_500
/** While the engine is away, and to see soon that it is back. */
const AWAY_MS = 500
/** However long a look takes, this many times as long nobody looks. */
const REST = 20

const FILTERS = {
  type: ['container', 'network', 'image'],
  event: ['start', 'die', 'kill', 'oom', 'destroy', 'rename', 'pause', 'unpause', 'disconnect', 'untag', 'delete'],
}
/** Nothing follows from these by themselves. */
const SILENT = ['kill', 'oom']

export function createWatch(watched: Watched): Watch {
  const { engine, platform, network, census, deaths } = watched
  const apps = new Set<string>()
  let seen = new Map<string, { app: string; print: string }>()
  let isAway = false
  let closed = false
  let timer: NodeJS.Timeout

  const all = () => {
    for (const app of apps) watched.changed(app)
  }

  function hear(event: EngineEvent | null): void {
    if (event === null) {
      deaths.missed()
      census.outdate()
      return all()
    }
    const isDeath = deaths.seen(event)
    const touched = touchedBy(event)
    if (touched === null) return
    census.outdate()
    if (event.Type === 'network' && event.Action === 'destroy') watched.networkGone()
    if (touched === 'all') return all()
    if (isDeath) watched.died(event.Actor?.ID ?? '')
    // A start of our own is no news.
    const isOwn = event.Action === 'start' && watched.isStarting(event.Actor?.Attributes?.[LABEL.instance] ?? '')
    if (!isOwn && !SILENT.includes(event.Action)) watched.changed(touched)
  }

  /** Which app it is about; null: it is nothing to us. */
  function touchedBy({ Type, Actor }: EngineEvent): string | 'all' | null {
    const about = Actor?.Attributes ?? {}
    if (Type === 'network') {
      if (about.name !== network) return null
      return about.container === undefined ? 'all' : (seen.get(about.container)?.app ?? null)
    }
    if (about[LABEL.platform] !== platform) return null
    if (Type === 'image') return 'all'
    return about[LABEL.role] ? null : (about[LABEL.app] ?? seen.get(Actor?.ID ?? '')?.app ?? null)
  }

  async function poll(): Promise<void> {
    const begun = performance.now()
    try {
      await census.take()
      if (isAway) all()
      isAway = false
    } catch {
      isAway = true
    }
    if (!closed) timer = setTimeout(poll, isAway ? AWAY_MS : Math.max(POLL_MS, REST * (performance.now() - begun))).unref()
  }

  const deaf = watchEvents(engine, FILTERS, hear)
  timer = setTimeout(poll, POLL_MS).unref()

  return {
    compare(containers) {
      const now = new Map(containers.flatMap((one) => (one.spec ? [[one.id, { app: one.spec.app, print: printOf(one) }]] : [])))
      const different = new Set<string>()
      for (const [id, { app, print }] of now) if (seen.get(id)?.print !== print) different.add(app)
      for (const [id, { app }] of seen) if (!now.has(id)) different.add(app)
      seen = now
      for (const app of different) {
        if (apps.has(app)) watched.changed(app)
        apps.add(app)
      }
    },
    know: (app) => void apps.add(app),
    close() {
      closed = true
      clearTimeout(timer)
      deaf()
    },
  }
}

/** What of a container must not change unnoticed. */
function printOf({ name, state, image, addresses }: Container): string {
  return [name, state, image, ...addresses].join(' ')
}
