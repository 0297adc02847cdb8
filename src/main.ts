/** The one place where adapters are built and wired. */
import { endFormerRouter, forgeOf } from './adapters.ts'
import { choose, readChosen, writeChosen } from './chosen.ts'
import { Closing } from './closing.ts'
import { fixedUntilRestart } from './config/fixed.ts'
import { type Platform, parsePlatform } from './config/platform.ts'
import { createControl } from './control/control.ts'
import { wakeDependents } from './control/dependents.ts'
import { describePlatform, greeting } from './control/greeting.ts'
import { receiveHooks } from './control/hooks.ts'
import { keepListed } from './control/listed.ts'
import { keepPublished } from './control/published.ts'
import { Removal } from './control/removal.ts'
import { stopEverything } from './control/stop.ts'
import { adoptClaims, keepRouter, keepTidy, recordTrouble, tellComplaints } from './control/upkeep.ts'
import { createController } from './controller.ts'
import type { AppSpec, Event } from './domain.ts'
import { createFleets } from './fleet/fleets.ts'
import { fleetName, isFleetName } from './fleet/identity.ts'
import { tellListed } from './fleet/tell.ts'
import { createServer } from './http/server.ts'
import { socketPath } from './http/socket.ts'
import { readOperatorFile, watchOperatorFile } from './operator.ts'
import { packageVersion } from './package.ts'
import { createPreviews } from './previews/previews.ts'
import { reconcile } from './reconcile.ts'
import { startReporting } from './reporting.ts'
import { createRoster, PLATFORM, PREVIEWS } from './roster.ts'
import { createPoller } from './source/poller.ts'
import { makeStateDirectory } from './store/directory.ts'
import { lockState } from './store/lock.ts'
import { ensured, wire } from './wiring.ts'

export interface UpOptions {
  /** Path of platform.yaml. */
  config: string
  /** A line for a person. */
  log(line: string): void
  /** What happens, as it happens. */
  event?(event: Event): void
  /** Aborted: trimtab ends, the apps go on. */
  signal?: AbortSignal
}

/** Runs the platform until it is told to end; gives the exit code. Throws a TrimtabError where it cannot start. */
export async function up(options: UpOptions): Promise<number> {
  const platform = readOperatorFile(options.config, process.env)
  makeStateDirectory(platform.state)
  const closing = new Closing()
  closing.add(lockState(platform.state))
  try {
    const why = await run(platform, options, closing)
    options.log(
      why === 'down'
        ? 'trimtab ends, as "trimtab down" asked: every app and the router have stopped.'
        : 'trimtab ends. The apps and the router keep running: "trimtab down" stops them, "trimtab up" takes them over again.',
    )
    return 0
  } finally {
    await closing.close()
  }
}

async function run(
  first: Platform,
  { config, log, event, signal }: UpOptions,
  closing: Closing,
): Promise<'interrupted' | 'down'> {
  let platform = first
  const roster = createRoster()
  roster.set(PLATFORM, first.apps)
  const before = readChosen(first.state)
  const chosen = await choose(first, before, process.env)
  const { world, configure, publish, artifacts } = await wire(
    // What was chosen at the start stays, whatever the file says meanwhile.
    () => ({ ...platform, runtime: chosen.runtime, router: chosen.router, apps: roster.apps() }),
    chosen,
    (app) => controller.trigger(app),
    closing,
  )
  // Only now: what cannot be built was not chosen.
  writeChosen(first.state, chosen)
  const { store, router, source } = world
  if (event) store.onEvent(event)

  const fleets = createFleets({ world, roster, log })
  fleets.set(platform)
  closing.add(() => fleets.close())
  tellListed(roster, store)

  const controller = createController(
    async (app) => {
      // A commit of a list may be one of its apps as well: which apps there are comes first.
      await fleets.settled(roster.origin(app))
      return removal.holds(app) ? null : reconcile(app, world)
    },
    (app, error, inMs) => log(`${app}: ${error.message} (again in ${Math.ceil(inMs / 1000)} s)`),
  )
  closing.add(() => controller.close())
  const removal = new Removal(world, roster, controller.trigger, (app) => previews.mayShow(app))

  for (const note of [chosen.note, ...platform.notes]) if (note !== null) log(note)
  if (await endFormerRouter(before, chosen, { platform, source, now: world.now }))
    log('The router is of another kind than before: that one has ended.')
  if (await ensured(router, chosen.router, log))
    log('The router was started; it is a process of its own, and goes on when trimtab ends.')
  await adoptClaims(world)

  const trouble = recordTrouble(world)
  const poller = createPoller(source, {
    looked(app, error, isHosts) {
      if (fleets.looked(app)) return
      if (!isHosts) trouble(app, error)
      controller.trigger(app)
    },
    // A fleet is polled as an app that is none.
    event: (event) => store.event(isFleetName(event.app) ? { ...event, app: '' } : event),
  })
  closing.add(() => poller.close())

  const forge = (app: AppSpec) => forgeOf(app, platform.git)
  const previews = createPreviews({
    apps: () => roster.apps(),
    forgeFor: forge,
    store,
    set: (list) => roster.set(PREVIEWS, list),
    moved: (app) => void poller.look(app),
    known: () => void listed.spread(),
    isComplete: () => roster.isComplete(),
    poll: () => platform.poll,
    url: ({ name }) => router.url({ host: `${name}.${platform.domain}`, path: '/' }),
  })
  closing.add(() => previews.close())
  previews.refresh()
  // When everybody has heard of the change: it changes the list once more.
  roster.onChange(() => queueMicrotask(() => previews.refresh()))

  let end: (why: 'interrupted' | 'down') => void = () => {}
  const ended = new Promise<'interrupted' | 'down'>((resolve) => {
    end = resolve
  })
  signal?.addEventListener('abort', () => end('interrupted'))
  if (signal?.aborted) end('interrupted')

  const stopRouterCare = keepRouter(world, controller.trigger, log)
  closing.add(stopRouterCare)
  closing.add(tellComplaints(world))
  closing.add(keepTidy(world))
  closing.add(wakeDependents(world, controller.trigger))
  closing.add(startReporting(world, log))
  if (publish) closing.add(keepPublished(world, publish))
  /** What is wrong with the operator's file as it is now. */
  let invalid: string | null = null
  const control = createControl({
    world,
    version: describePlatform(packageVersion(), platform.state, chosen),
    look(app) {
      // A forge that takes its time holds up nobody who asks for what git has.
      void previews.look(app)
      return poller.look(app)
    },
    trigger: controller.trigger,
    fleets,
    refused: () => invalid ?? removal.refused,
    async lookLists(allowPrune) {
      await fleets.look(allowPrune)
      await listed.spread()
      if (allowPrune) await removal.check(true)
    },
    artifacts,
    forge,
    stopAll: async function* () {
      poller.close()
      stopRouterCare()
      await controller.close()
      yield* stopEverything(world)
      end('down')
    },
  })
  const hooks = receiveHooks(world, {
    look: (app) => poller.hooked(app),
    pullRequests: (app) => void previews.look(app),
    fleet: (list) => void poller.hooked(fleetName(list)),
    log,
  })
  closing.add(() => hooks.close())
  const server = await createServer({ control, socketPath: socketPath(platform.state), listen: platform.http, hooks, log })
  closing.add(() => server.close())

  // Until the first release says otherwise, an app is where it would be by default.
  const urls = (app: string) => {
    const routes = store.read(app).serving?.content.routes ?? [{ host: `${app}.${platform.domain}`, path: '/' }]
    return routes.map((route) => router.url(route))
  }
  for (const line of greeting(world.platform(), urls, chosen.runtime.kind === 'process' && process.getuid?.() === 0)) log(line)

  const listed = keepListed({
    roster,
    removal,
    trigger: controller.trigger,
    log,
    poll: (apps) => poller.set([...fleets.watched(), ...apps], platform.poll),
  })
  closing.add(listed.close)
  await listed.spread()

  const take = (next: Platform) => {
    for (const line of fixedUntilRestart(platform, next)) log(line)
    invalid = null
    platform = next
    configure(next)
    store.event({ app: '', type: 'ConfigChanged', message: `${config} was read again` })
    roster.set(PLATFORM, next.apps)
    fleets.set(next)
    previews.refresh()
    for (const { name } of roster.apps()) controller.trigger(name)
    void listed.spread()
  }
  const reject = (message: string) => {
    invalid = message
    store.event({ app: '', type: 'ConfigRejected', message })
    log(`${config} is not valid, so what was read before stays in force:\n${message}`)
  }
  closing.add(watchOperatorFile(config, process.env, take, reject))
  return ended
}

/** Stops one app, or all and the router, where no trimtab runs to be asked. Needs nothing of platform.yaml but where the state is. */
export async function down({ state, app, log }: { state: string; app?: string; log(line: string): void }): Promise<number> {
  const platform = { ...parsePlatform('apps: []', { file: 'platform.yaml', env: {} }), state }
  const chosen = readChosen(state)
  if (!chosen) {
    log('No app runs: there has been no trimtab up here yet.')
    return 0
  }
  const closing = new Closing()
  closing.add(lockState(state))
  try {
    const { world } = await wire(
      () => ({ ...platform, runtime: chosen.runtime, router: chosen.router }),
      chosen,
      () => {},
      closing,
    )
    for await (const line of stopEverything(world, app)) log(line)
    return 0
  } finally {
    await closing.close()
  }
}
