/** The one place where adapters are built and wired. */
import { mkdirSync } from 'node:fs'
import { createProber } from './apply/prober.ts'
import { createHostBuilder } from './build/host.ts'
import type { Platform } from './config/platform.ts'
import { createControl } from './control/control.ts'
import { stopEverything } from './control/stop.ts'
import { createController } from './controller.ts'
import type { Event } from './domain.ts'
import { asTrimtabError } from './errors.ts'
import { pruneImages, recordBuild } from './housekeeping.ts'
import { createServer } from './http/server.ts'
import { socketPath } from './http/socket.ts'
import { readOperatorFile, watchOperatorFile } from './operator.ts'
import { packageRoot, packageVersion } from './package.ts'
import { guardRemoval } from './plan/guard.ts'
import type { Runtime } from './ports.ts'
import { reconcile } from './reconcile.ts'
import { createEmbeddedRouter } from './router/embedded/index.ts'
import { createProcessRuntime } from './runtime/process/runtime.ts'
import { createPoller } from './source/poller.ts'
import { createGitSource } from './source/source.ts'
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
export async function up({ config, log, event, signal }: UpOptions): Promise<number> {
  let platform = readOperatorFile(config, process.env)
  mkdirSync(platform.state, { recursive: true, mode: 0o700 })
  const unlock = lockState(platform.state)
  const closing: Array<() => unknown> = [unlock]
  try {
    let end: (why: 'interrupted' | 'down') => void = () => {}
    const ended = new Promise<'interrupted' | 'down'>((resolve) => {
      end = resolve
    })
    signal?.addEventListener('abort', () => end('interrupted'))
    const held = new Set<string>()

    const { world, configure } = wire(() => platform, trigger)
    const { store, router, runtime, source, builder } = world
    closing.unshift(() => store.close())
    closing.unshift(
      () => source.close(),
      () => runtime.close(),
      () => router.close(),
      () => world.prober.close(),
      () => builder.close(),
    )
    store.onEvent((e) => event?.(e))

    const controller = createController(
      (app) => (held.has(app) ? Promise.resolve(null) : reconcile(app, world)),
      (app, error, inMs) => log(`${app}: ${error.message} (again in ${Math.ceil(inMs / 1000)} s)`),
    )
    closing.unshift(() => controller.close())
    function trigger(app: string): void {
      controller.trigger(app)
    }

    if (await router.ensure()) log('The router was started; it goes on when trimtab ends.')
    await adoptClaims(world)

    const poller = createPoller(source, (app, trouble) => {
      tellTrouble(app, trouble?.message ?? null)
      controller.trigger(app)
    })
    closing.unshift(() => poller.close())
    const troubles = new Map<string, string>()
    function tellTrouble(app: string, message: string | null): void {
      const before = troubles.get(app)
      if (message === (before ?? null)) return
      if (message === null) troubles.delete(app)
      else troubles.set(app, message)
      if (message) store.event({ app, type: 'SourceFailed', message })
      else store.event({ app, type: 'SourceRecovered', message: 'the repository can be read again' })
    }

    // Apps that run and are no longer declared go; but not if they are most of all, before somebody says so.
    const removeUndeclared = async (allowed: boolean) => {
      const names = platform.apps.map((app) => app.name)
      const present = [...new Set([...(await runtime.apps()), ...(await router.apps())])]
      const refused = allowed ? null : guardRemoval(present, names)
      held.clear()
      const gone = present.filter((app) => !names.includes(app))
      if (refused) {
        for (const app of gone) held.add(app)
        store.event({ app: '', type: 'ConfigRejected', message: refused })
        log(refused)
      } else for (const app of gone) controller.trigger(app)
    }

    const control = createControl({
      world,
      version: versionOf(platform),
      look: (app) => poller.look(app),
      trigger,
      allowPrune: () => void removeUndeclared(true),
      stopAll: async function* () {
        poller.close()
        await controller.close()
        yield* stopEverything(world)
        end('down')
      },
    })
    const server = await createServer({ control, socketPath: socketPath(platform.state), listen: platform.http, log })
    closing.unshift(() => server.close())

    greet(platform, world, log)
    poller.set(platform.apps, platform.poll)
    await removeUndeclared(false)

    closing.unshift(
      watchOperatorFile(
        config,
        process.env,
        (next) => {
          platform = next
          configure(next)
          store.event({ app: '', type: 'ConfigChanged', message: `${config} was read again` })
          poller.set(next.apps, next.poll)
          for (const app of next.apps) controller.trigger(app.name)
          void removeUndeclared(false)
        },
        (message) => {
          store.event({ app: '', type: 'ConfigRejected', message })
          log(`${config} is not valid, so the one before stays in force:\n${message}`)
        },
      ),
    )
    closing.unshift(keepRouter(world, log), keepTidy(world))

    const why = await ended
    if (why === 'interrupted')
      log('trimtab ends. The apps and the router keep running; "trimtab down" stops them, "trimtab up" takes them over again.')
    return 0
  } finally {
    for (const close of closing) await Promise.resolve(close()).catch(() => {})
  }
}

/** Stops one app, or all and the router, where no trimtab runs to be asked. */
export async function down({ config, app, log }: { config: string; app?: string; log(line: string): void }): Promise<number> {
  const platform = readOperatorFile(config, process.env)
  mkdirSync(platform.state, { recursive: true, mode: 0o700 })
  const unlock = lockState(platform.state)
  const { world } = wire(
    () => platform,
    () => {},
  )
  try {
    for await (const line of stopEverything(world, app)) log(line)
    return 0
  } finally {
    await Promise.all([world.runtime.close(), world.router.close(), world.source.close(), world.builder.close()])
    world.prober.close()
    world.store.close()
    unlock()
  }
}

function wire(platform: () => Platform, trigger: (app: string) => void): { world: World; configure(next: Platform): void } {
  const { state, builds, runtime: chosen, router: routing } = platform()
  const now = Date.now
  const began = now()
  const store = openStore(state, now)
  const source = createGitSource({ state })
  const builder = createHostBuilder({ state, source, builds, buildpacksDir: `${packageRoot}buildpacks`, now })
  const runtime: Runtime = createProcessRuntime({ state, ports: chosen.ports, now })
  const router = createEmbeddedRouter({ state, listen: routing.listen, now })
  const prober = createProber(
    (instance) => instance.startedAt >= began,
    {
      changed(instance, before, after) {
        const { app, name, commit, release } = instance
        if (before === 'starting' && after === 'ready') {
          const durationMs = now() - instance.startedAt
          store.event({ app, type: 'InstanceReady', commit, release, message: `${name} answers`, durationMs })
        }
        trigger(app)
      },
    },
    now,
  )
  const world: World = { platform, source, builder, runtime, router, store, prober, now }
  runtime.onChange(trigger)
  builder.onChange(recordBuild(world, trigger))
  return { world, configure: (next) => builder.configure(next.builds) }
}

/** A new store knows of no claims; the route files show who had which. */
async function adoptClaims(world: World): Promise<void> {
  for (const app of await world.router.apps()) {
    const table = await world.router.read(app).catch(() => null)
    if (table) world.store.claim(app, table.routes)
  }
}

/** The router is a process like any other, and may be killed like any other. */
function keepRouter(world: World, log: (line: string) => void): () => void {
  const timer = setInterval(async () => {
    try {
      if (!(await world.router.ensure())) return
      world.store.event({ app: '', type: 'RouterRestarted', message: 'the router was gone, and was started again' })
    } catch (error) {
      log(asTrimtabError(error).message)
    }
  }, 1_000)
  timer.unref()
  return () => clearInterval(timer)
}

function keepTidy(world: World): () => void {
  let running: Promise<void> = Promise.resolve()
  return world.store.onEvent(({ type }) => {
    if (type !== 'RolloutSucceeded') return
    running = running.then(() => pruneImages(world)).catch(() => {})
  })
}

function versionOf(platform: Platform) {
  const { listen } = platform.router
  return {
    version: packageVersion(),
    pid: process.pid,
    state: platform.state,
    runtime: 'process',
    router: `embedded on ${listen.host}:${listen.port}`,
    startedAt: new Date().toISOString(),
  }
}

function greet(platform: Platform, world: World, log: (line: string) => void): void {
  for (const note of platform.notes) log(note)
  if (process.getuid?.() === 0) {
    log(
      'Warning: trimtab runs as root, and on this runtime so does the code of every repository it deploys. Give it a user of its own.',
    )
  }
  log(
    `Watching ${platform.apps.length} ${platform.apps.length === 1 ? 'app' : 'apps'}. Each commit is built and goes live by itself; a revert brings the old version back.`,
  )
  for (const app of platform.apps)
    log(`  ${app.name.padEnd(16)} ${world.router.url({ host: `${app.name}.${platform.domain}`, path: '/' })}`)
  log('Ctrl-C ends trimtab; the apps keep running.')
}
