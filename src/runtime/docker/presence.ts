/** What of the platform is there: read from the engine, watched, and tended. All that the runtime does begins with a look at it. */
import type { Engine } from '../../engine/engine.ts'
import { type Container, createCensus } from './census.ts'
import { createDeaths } from './deaths.ts'
import { createEndings } from './endings.ts'
import { createInstances, type Found } from './instances.ts'
import { createStops, type Stops } from './stops.ts'
import { createTending } from './tend.ts'
import { createWatch } from './watch.ts'

export interface Presence {
  stops: Stops
  /** The app's instances. It is told of from now on, also when nothing of it is there. */
  ofApp(app: string): Promise<Found[]>
  /** Instances of this name: one, or none, unless somebody has meddled. */
  named(name: string): Promise<Found[]>
  /** The containers behind such a name, also those that are no instances yet. */
  containers(isMeant: (container: Container) => boolean): Promise<Container[]>
  /** It was started just now; gives since when it counts as running. */
  begun(id: string): number
  /** Ended, taken note of, and not to be removed by the engine yet: it counts as gone, and that is tried again. */
  dismiss(id: string): void
  /** Something was done: what was read before is no answer any more. */
  outdate(): void
  close(): void
}

export interface PresenceOptions {
  engine: Engine
  platform: string
  /** The network's name. */
  network: string
  now(): number
  /** Whether an instance of this name is being started by this process now. */
  isStarting(name: string): boolean
  changed(app: string): void
  networkGone(): void
}

export function createPresence({ engine, platform, now, isStarting, ...others }: PresenceOptions): Presence {
  let closed = false
  const down = new Set<string>()
  const dismissed = new Set<string>()
  const isDismissed = (id: string) => dismissed.has(id)

  const deaths = createDeaths()
  const endings = createEndings(engine, deaths, now)
  const instances = createInstances(endings, deaths, now)
  const stops = createStops(engine, () => census.outdate())
  const tend = createTending({ engine, stops, isStarting, isDismissed, keepDown })
  const census = createCensus(engine, platform, taken)
  const watch = createWatch({ ...others, engine, platform, census, deaths, isStarting, died: keepDown })

  function taken(containers: Container[]): void {
    if (closed) return
    const ids = new Set(containers.map(({ id }) => id))
    for (const known of [deaths, endings, instances]) known.keep(ids)
    for (const id of dismissed) if (!ids.has(id)) dismissed.delete(id)
    tend(containers)
    watch.compare(containers)
  }

  /** What has ended is not started again by the engine while it waits to be taken note of. */
  function keepDown(id: string): void {
    if (down.has(id)) return
    down.add(id)
    engine
      .ask((docker, abortSignal) => docker.getContainer(id).stop({ t: 0, abortSignal }))
      .catch(() => {}) // then it does not run, or the next look tells
      .finally(() => {
        down.delete(id)
        census.outdate()
      })
  }

  async function containers(isMeant: (container: Container) => boolean): Promise<Container[]> {
    return (await census.take()).filter((container) => !isDismissed(container.id) && isMeant(container))
  }

  return {
    stops,
    containers,
    ofApp(app) {
      watch.know(app)
      return containers(({ spec }) => spec?.app === app).then(instances.of)
    },
    named: (name) => containers(({ spec }) => spec?.name === name).then(instances.of),
    begun: instances.begun,
    dismiss: (id) => void dismissed.add(id),
    outdate: census.outdate,
    close() {
      closed = true
      watch.close()
      stops.close()
    },
  }
}
