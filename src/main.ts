/** The one place where adapters are built and wired. */
import { existsSync, readdirSync } from 'node:fs'
import { createProber } from './apply/prober.ts'
import { createHostBuilder } from './build/host.ts'
import { Closing } from './closing.ts'
import { fixedUntilRestart } from './config/fixed.ts'
import { type Platform, parsePlatform } from './config/platform.ts'
import { createControl } from './control/control.ts'
import { greeting } from './control/greeting.ts'
import { Removal } from './control/removal.ts'
import { stopEverything } from './control/stop.ts'
import { adoptClaims, keepRouter, keepTidy, recordBuild, recordTrouble } from './control/upkeep.ts'
import { createController } from './controller.ts'
import type { Event } from './domain.ts'
import { createServer } from './http/server.ts'
import { socketPath } from './http/socket.ts'
import { readOperatorFile, watchOperatorFile } from './operator.ts'
import { packageRoot, packageVersion } from './package.ts'
import { reconcile } from './reconcile.ts'
import { createEmbeddedRouter } from './router/embedded/index.ts'
import { createProcessRuntime } from './runtime/process/runtime.ts'
import { createPoller } from './source/poller.ts'
import { createGitSource } from './source/source.ts'
import { makeStateDirectory } from './store/directory.ts'
import { lockState } from './store/lock.ts'
import { openStore } from './store/store.ts'
import type { World } from './world.ts'

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
  const { world, configure } = wire(
    () => platform,
    (app) => controller.trigger(app),
    closing,
  )
  const { store, router, source } = world
  if (event) store.onEvent(event)

  const controller = createController(
    async (app) => (removal.holds(app) ? null : reconcile(app, world)),
    (app, error, inMs) => log(`${app}: ${error.message} (again in ${Math.ceil(inMs / 1000)} s)`),
  )
  closing.add(() => controller.close())
  const removal = new Removal(world, controller.trigger)
  const told = (refused: string | null) => refused && log(refused)

  for (const note of platform.notes) log(note)
  if (await router.ensure()) log('The router was started; it is a process of its own, and goes on when trimtab ends.')
  await adoptClaims(world)

  const trouble = recordTrouble(world)
  const poller = createPoller(source, (app, error) => {
    trouble(app, error)
    controller.trigger(app)
  })
  closing.add(() => poller.close())

  let end: (why: 'interrupted' | 'down') => void = () => {}
  const ended = new Promise<'interrupted' | 'down'>((resolve) => {
    end = resolve
  })
  signal?.addEventListener('abort', () => end('interrupted'))
  if (signal?.aborted) end('interrupted')

  const stopRouterCare = keepRouter(world, log)
  closing.add(stopRouterCare)
  closing.add(keepTidy(world))
  const control = createControl({
    world,
    version: versionOf(platform),
    look: (app) => poller.look(app),
    trigger: controller.trigger,
    allowPrune: async () => void (await removal.check(true)),
    stopAll: async function* () {
      poller.close()
      stopRouterCare()
      await controller.close()
      yield* stopEverything(world)
      end('down')
    },
  })
  const server = await createServer({ control, socketPath: socketPath(platform.state), listen: platform.http, log })
  closing.add(() => server.close())

  // Until the first release says otherwise, an app is where it would be by default.
  const urls = (app: string) => {
    const routes = store.read(app).serving?.content.routes ?? [{ host: `${app}.${platform.domain}`, path: '/' }]
    return routes.map((route) => router.url(route))
  }
  for (const line of greeting(platform, urls, process.getuid?.() === 0)) log(line)
  poller.set(platform.apps, platform.poll)
  told(await removal.check(false))

  const take = async (next: Platform) => {
    for (const line of fixedUntilRestart(platform, next)) log(line)
    removal.listChanges()
    platform = next
    configure(next)
    store.event({ app: '', type: 'ConfigChanged', message: `${config} was read again` })
    poller.set(next.apps, next.poll)
    for (const app of next.apps) controller.trigger(app.name)
    told(await removal.check(false))
  }
  const reject = (message: string) => {
    store.event({ app: '', type: 'ConfigRejected', message })
    log(`${config} is not valid, so what was read before stays in force:\n${message}`)
  }
  closing.add(watchOperatorFile(config, process.env, (next) => void take(next), reject))
  return ended
}

/** Stops one app, or all and the router, where no trimtab runs to be asked. Needs nothing of platform.yaml but where the state is. */
export async function down({ state, app, log }: { state: string; app?: string; log(line: string): void }): Promise<number> {
  const platform = { ...parsePlatform('apps: []', { file: 'platform.yaml', env: {} }), state }
  if (!isUsed(state)) {
    log('No app runs: there has been no trimtab up here yet.')
    return 0
  }
  const closing = new Closing()
  closing.add(lockState(state))
  try {
    const { world } = wire(
      () => platform,
      () => {},
      closing,
    )
    for await (const line of stopEverything(world, app)) log(line)
    return 0
  } finally {
    await closing.close()
  }
}

/** A directory with nothing in it is no platform whose routes are lost, but one that never was. */
function isUsed(state: string): boolean {
  return existsSync(state) && readdirSync(state).length > 0
}

/** Builds every adapter on the platform's state directory. */
function wire(platform: () => Platform, trigger: (app: string) => void, closing: Closing) {
  const { state, builds, runtime: processes, router: routing } = platform()
  const now = Date.now
  const began = now()
  const store = openStore(state, now)
  closing.add(() => store.close())
  const source = createGitSource({ state })
  closing.add(() => source.close())
  const builder = createHostBuilder({ state, source, builds, buildpacksDir: `${packageRoot}buildpacks`, now })
  closing.add(() => builder.close())
  const runtime = createProcessRuntime({
    state,
    ports: processes.kind === 'process' ? processes.ports : { from: 20_000, to: 29_999 },
    now,
  })
  closing.add(() => runtime.close())
  const router = createEmbeddedRouter({ state, listen: routing.listen, now })
  closing.add(() => router.close())
  const prober = createProber(
    (instance) => instance.startedAt >= began,
    {
      changed({ app, name, commit, release, startedAt }, before, after) {
        if (before === 'starting' && after === 'ready') {
          store.event({ app, type: 'InstanceReady', commit, release, message: `${name} answers`, durationMs: now() - startedAt })
        }
        trigger(app)
      },
    },
    now,
  )
  closing.add(() => prober.close())
  const world: World = { platform, source, builder, runtime, router, store, prober, now }
  runtime.onChange(trigger)
  builder.onChange(recordBuild(world, trigger))
  return { world, configure: (next: Platform) => builder.configure(next.builds) }
}

function versionOf({ router: { listen }, state }: Platform) {
  return {
    version: packageVersion(),
    pid: process.pid,
    state,
    runtime: 'process',
    router: `embedded on ${listen.host}:${listen.port}`,
    startedAt: new Date().toISOString(),
  }
}
