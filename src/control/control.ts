/** What the API and the command line may ask of the running platform. */

import type { AppSpec, Event } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { Fleets } from '../fleet/fleets.ts'
import { suggest } from '../manifest/suggest.ts'
import type { Artifacts, Control, Forge, LogLine } from '../ports.ts'
import type { World } from '../world.ts'
import { artifactControl } from './artifacts.ts'
import { Channel } from './channel.ts'
import { listsControl } from './lists.ts'
import { runInside, runOneOff } from './run.ts'
import { suspensionControl } from './suspension.ts'
import { sync } from './sync.ts'
import { viewPlan, viewStatus, viewUsage } from './view.ts'
import { webhookControl } from './webhook.ts'

export interface ControlOptions {
  world: World
  version: ReturnType<Control['version']>
  look(app: string): Promise<void>
  trigger(app: string): void
  fleets: Pick<Fleets, 'status'>
  /** Why the operator's file as it is now is not (wholly) in force; null: it is. */
  refused(): string | null
  /** Reads the lists of apps in git now. `allowPrune`: what was refused because it would be most of the apps is allowed. */
  lookLists(allowPrune: boolean): Promise<void>
  artifacts: Artifacts
  /** The API of the host that the app's repository is on; null: there is none. */
  forge(app: AppSpec): Forge | null
  /** Stops every app and the router; tells each step. Then `up` ends. */
  stopAll(): AsyncIterable<string>
}

export function createControl({
  world,
  version,
  look,
  trigger,
  fleets,
  refused,
  lookLists,
  artifacts,
  forge,
  stopAll,
}: ControlOptions): Control {
  const { store, runtime, builder } = world
  const apps = (): AppSpec[] => world.platform().apps

  const known = (app: string): string => {
    const names = apps().map((spec) => spec.name)
    if (names.includes(app)) return app
    const near = suggest(app, names)
    const hint = near ? ` (did you mean "${near}"?)` : ''
    throw new TrimtabError('NotFound', `There is no app "${app}"${hint}. Declared are: ${names.join(', ') || 'none'}.`)
  }
  const those = (app: string | undefined): string[] => (app === undefined ? apps().map((spec) => spec.name) : [known(app)])

  /** An app, and the pull requests of it that are shown. */
  const withPreviews = (app: string | undefined): string[] => {
    const previews = apps().filter(({ preview }) => app !== undefined && preview?.of === app)
    return [...those(app), ...previews.map(({ name }) => name)]
  }

  return {
    version: () => version,
    status: async (app, usage = false) =>
      Promise.all(withPreviews(app).map((name) => (usage ? viewUsage : viewStatus)(name, world))),
    releases: async (app) => store.releases(known(app), 1_000),
    plan: async (app) => Promise.all(those(app).map((name) => viewPlan(name, world))),
    events: (options) => events(options.app === undefined ? options : { ...options, app: known(options.app) }, world),
    logs: (app, options): AsyncIterable<LogLine> => runtime.logs(known(app), options),
    async *buildLog(app, { follow, signal }) {
      const key = store.lastBuild(known(app))
      if (!key) return
      if (follow) yield* builder.followLog(key, signal)
      else yield (await builder.log(key)) ?? ''
    },
    async *sync({ app, wait, signal, allowPrune: prune }) {
      // An app that is not known yet may just have been added.
      const isKnown = app !== undefined && world.platform().apps.some(({ name }) => name === app)
      if (!isKnown || prune) await lookLists(prune === true)
      const apps = those(app)
      yield* sync(world, { apps, wait, signal, look, trigger })
    },
    async restart(app) {
      store.restart(known(app))
      store.event({ app, type: 'Restarted', message: 'every instance is replaced by a new one' })
      trigger(app)
    },
    ...listsControl(world, fleets, refused),
    ...suspensionControl(world, known, trigger),
    ...artifactControl({ world, artifacts, trigger }),
    ...webhookControl({ world, known, forge }),
    down: (app) => (app === undefined ? stopAll() : suspend(known(app), world, trigger)),
    run: (app, command, terminal, inside) =>
      inside === undefined
        ? runOneOff(known(app), command, terminal, world)
        : runInside(known(app), inside, command, terminal, world),
  }
}

async function* events(
  { app, limit, follow, signal }: { app?: string; limit: number; follow: boolean; signal: AbortSignal },
  world: World,
): AsyncGenerator<Event> {
  const channel = new Channel<Event>(signal)
  const unwatch = follow
    ? world.store.onEvent((event) => (app === undefined || event.app === app) && channel.push(event))
    : () => {}
  try {
    yield* world.store.events({ app, limit })
    if (follow) yield* channel
  } finally {
    unwatch()
  }
}

async function* suspend(app: string, world: World, trigger: (app: string) => void): AsyncGenerator<string> {
  world.store.suspend(app)
  world.store.event({ app, type: 'Suspended', message: 'stopped by hand (down); trimtab restart brings it back' })
  trigger(app)
  yield `${app}: out of the routes, then drained, then stopped`
  while ((await world.runtime.list(app)).some((i) => i.state !== 'exited' && !i.oneOff)) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  yield `${app} has stopped, and stays so. trimtab restart ${app} brings it back.`
}
