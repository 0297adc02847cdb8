import type { PlatformSpec } from '../../domain.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Artifacts, Builder, NewEvent } from '../../ports.ts'
import { ArtifactStore } from '../artifact/store.ts'
import { type BuilderOptions, buildsFolder, createBuilder, rememberBuiltins } from '../builder.ts'
import { type FreeBytes, freeBytes } from '../space.ts'
import { Tidying } from '../tidying.ts'
import { Bases } from './bases.ts'
import { Containers } from './containers.ts'
import { Digests } from './digests.ts'
import { Layers } from './layers.ts'
import { Ready } from './ready.ts'
import { ImageRegistry, type RegistrySettings } from './registry/registry.ts'
import { Shelf } from './shelf.ts'
import { Stacks } from './stack.ts'
import { containerWorkshop } from './workshop.ts'
import type { Yard } from './yard.ts'

export interface ContainerBuilderOptions extends BuilderOptions {
  engine: Engine
  /** Which platform this is, on an engine that may have several. */
  platform: string
  /** Reference of the image that builds begin from. */
  stack: string
  registries: PlatformSpec['registries']
  registry?: PlatformSpec['registry']
  /** What Dockerfiles may mount; none where nothing is said. */
  secrets?: PlatformSpec['secrets']
  /** What artifacts may be laid over, besides the stack. */
  bases?: PlatformSpec['bases']
  free?: FreeBytes
}

export interface ContainerBuilder extends Builder {
  /** What is absent stays as it was. */
  configure(
    platform: Pick<PlatformSpec, 'builds'> & RegistrySettings & Partial<Pick<PlatformSpec, 'secrets' | 'bases' | 'artifacts'>>,
  ): void
  /** Called with an app whose buildpacks have been fetched, or could not be: look again. */
  onPacks(changed: (app: string) => void): void
  /** Called when an image, or the stack, has come or gone without the builder's doing: look again at every app. */
  onImages(changed: () => void): void
  artifacts: Artifacts
  /** The app is gone: what its builds have left for its next one goes too. */
  forget(app: string): Promise<void>
  /** Sees to it that the platform's registry, where it has one, has this app's image. Idempotent; nothing waits for it. */
  publish(app: string, key: string): void
  /** Called with what there is to tell of the registry. */
  onRegistry(tell: (event: NewEvent) => void): void
}

/**
 * A Builder that runs buildpacks in containers, has the engine build Dockerfiles, and takes ready-made images. The image's `ref` is
 * a reference on the engine, `trimtab/<platform>:<key>`.
 */
export function createContainerBuilder(options: ContainerBuilderOptions): ContainerBuilder {
  const { engine, platform, source, now = Date.now, free = freeBytes } = options
  let { stack, registries, secrets = {}, bases: images = {} } = options
  let { concurrency } = options.builds
  let changed = () => {}
  const builtins = rememberBuiltins(options.buildpacksDir)
  const shelf = new Shelf({ engine, platform, stack: () => stack, now, changed: () => changed() })
  const settings = (of: RegistrySettings) => ({
    registries: of.registries,
    stack: of.stack,
    ...(of.registry && { registry: of.registry }),
  })
  const { registry: kept } = options
  const registry = new ImageRegistry(
    () => yard,
    settings({ registries, stack: { image: stack }, ...(kept && { registry: kept }) }),
  )
  const stacks = new Stacks({ engine, shelf, reference: () => stack, registries: () => registries, registry })
  const bases = new Bases({ engine, stacks, images: () => images, registries: () => registries, now, changed: () => changed() })
  const artifacts = new ArtifactStore({ state: options.state, settings: options.artifacts, now, free })
  const containers = new Containers(engine, platform)
  const ready = new Ready(containers, platform, () => concurrency)
  const folder = buildsFolder(options.state)
  const layers = new Layers(folder, engine)
  const parts = {
    shelf,
    stacks,
    bases,
    artifacts,
    containers,
    ready,
    layers,
    digests: new Digests(folder),
    registry,
    tidying: new Tidying(),
    registries: () => registries,
    secrets: () => secrets,
  }
  const yard: Yard = { engine, platform, folder, source, builtins, now, broken: options.broken, ...parts }
  const builder = createBuilder(containerWorkshop(yard, options.state, free), builtins, options)
  return {
    ...builder,
    onImages(listener) {
      changed = listener
    },
    publish: (app, key) => registry.publish(app, key),
    onRegistry: (tell) => registry.onEvent(tell),
    configure(next) {
      stack = next.stack.image
      registries = next.registries
      secrets = next.secrets ?? secrets
      images = next.bases ?? images
      concurrency = next.builds.concurrency
      shelf.forget()
      registry.configure(settings(next))
      builder.configure(next)
    },
  }
}
