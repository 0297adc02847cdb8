/** Builds the adapters that were chosen, on the platform's state directory. What needs the engine is loaded only where there is one. */
import type { BuilderOptions } from './build/builder.ts'
import { createHostBuilder } from './build/host.ts'
import type { Chosen, ChosenDocker, ChosenRuntime } from './chosen.ts'
import { forgeFor } from './config/sources.ts'
import type { AppSpec, GitSpec, PlatformSpec, RouterSpec } from './domain.ts'
import { createEngine } from './engine/engine.ts'
import { platformName } from './engine/labels.ts'
import { createForge } from './forge/forge.ts'
import { packageRoot } from './package.ts'
import type { Artifacts, Builder, Forge, NewEvent, Router, Runtime, Source } from './ports.ts'
import { createEmbeddedRouter } from './router/embedded/index.ts'
import { movingRuntime } from './runtime/moving.ts'
import { createProcessRuntime } from './runtime/process/runtime.ts'

export interface Adapters {
  builder: Builder & {
    configure(platform: PlatformSpec): void
    /** Calls back when images have come or gone by other hands: look again at every app. Where there are none, absent. */
    onImages?(changed: () => void): void
    /** What is deployed without having been built here. */
    artifacts: Artifacts
    /** The app is gone: what its builds have left for its next one goes too. */
    forget(app: string): Promise<void>
    /** Calls back when the buildpacks of an app have been fetched, or could not be. */
    onPacks(changed: (app: string) => void): void
    /** Sees to it that the platform's registry has this app's image. Where there can be none, absent. */
    publish?(app: string, key: string): void
    onRegistry?(tell: (event: NewEvent) => void): void
  }
  runtime: Runtime
  router: Router
}

interface Place {
  platform: PlatformSpec
  source: Source
  now: () => number
}

export async function buildAdapters(chosen: Chosen, place: Place): Promise<Adapters> {
  const runtime = await runtimeOf(chosen.runtime, place)
  return {
    builder: await builderOf(chosen.runtime, place),
    runtime: chosen.former ? movingRuntime(runtime, await runtimeOf(chosen.former, place)) : runtime,
    router: await routerOf(chosen.router, chosen.runtime, place),
  }
}

/** The API of the host that this app's repository is on; null: none is known. Throws ConfigInvalid for an address that names no project there. */
export function forgeOf(app: AppSpec, git: GitSpec): Forge | null {
  const spec = forgeFor(app, git)
  return spec && createForge(spec, app.repo)
}

/** `broken` is called where a build broke, before what is left of it goes. */
export async function builderOf(
  runtime: ChosenRuntime,
  { platform, source, now, broken }: Place & Pick<BuilderOptions, 'broken'>,
): Promise<Adapters['builder']> {
  const { state, builds, git, artifacts, bases, registries, registry, secrets, stack } = platform
  const buildpacksDir = `${packageRoot}buildpacks`
  const options = { state, source, builds, git, artifacts, buildpacksDir, now, ...(broken && { broken }) }
  if (runtime.kind === 'process') return createHostBuilder(options)
  const { createContainerBuilder } = await import('./build/container/builder.ts')
  const engine = createEngine(runtime.socket)
  const named = { platform: runtime.name, stack: stack.image, registries, secrets, bases, ...(registry && { registry }) }
  return createContainerBuilder({ engine, ...named, ...options })
}

async function runtimeOf(runtime: ChosenRuntime, { platform: { state }, now }: Place): Promise<Runtime> {
  if (runtime.kind === 'process') return createProcessRuntime({ state, ports: runtime.ports, now })
  const { createDockerRuntime } = await import('./runtime/docker/runtime.ts')
  const { socket, name, network, subnet } = runtime
  return createDockerRuntime({
    engine: createEngine(socket),
    platform: name,
    state,
    now,
    ...(network !== undefined && { network }),
    ...(subnet !== undefined && { subnet }),
  })
}

async function routerOf(router: RouterSpec, runtime: ChosenRuntime, { platform: { state }, now }: Place): Promise<Router> {
  if (router.kind === 'embedded') return createEmbeddedRouter({ state, listen: router.listen, now })
  const { createTraefikRouter } = await import('./router/traefik/router.ts')
  const docker: ChosenDocker | null = runtime.kind === 'docker' ? runtime : null
  const { network: name, subnet } = docker ?? {}
  return createTraefikRouter({
    state,
    spec: router,
    platform: platformName(docker?.name, state),
    ...(docker && { engine: createEngine(docker.socket) }),
    network: { ...(name !== undefined && { name }), ...(subnet !== undefined && { subnet }) },
    now,
  })
}

/** A router of another kind, of before, gives up its address; what it still has in hand it finishes first. True: there was one. */
export async function endFormerRouter(before: Chosen | null, chosen: Chosen, place: Place): Promise<boolean> {
  const kindOf = ({ router }: Chosen) => (router.kind === 'traefik' ? `traefik ${router.run.by}` : router.kind)
  if (!before || kindOf(before) === kindOf(chosen)) return false
  const former = await routerOf(before.router, before.runtime, place)
  await former.stop()
  await former.close()
  return true
}
