import type { PlatformSpec } from '../../domain.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Builder } from '../../ports.ts'
import { type BuilderOptions, buildsFolder, createBuilder, rememberBuiltins } from '../builder.ts'
import { type FreeBytes, freeBytes } from '../space.ts'
import { Tidying } from '../tidying.ts'
import { Containers } from './containers.ts'
import { Layers } from './layers.ts'
import { Ready } from './ready.ts'
import { Shelf } from './shelf.ts'
import { Stacks } from './stack.ts'
import { containerWorkshop } from './workshop.ts'

export interface ContainerBuilderOptions extends BuilderOptions {
  engine: Engine
  /** Which platform this is, on an engine that may have several. */
  platform: string
  /** Reference of the image that builds begin from. */
  stack: string
  registries: PlatformSpec['registries']
  free?: FreeBytes
}

export interface ContainerBuilder extends Builder {
  configure(platform: Pick<PlatformSpec, 'builds' | 'stack' | 'registries'>): void
  /** Called when an image, or the stack, has come or gone without the builder's doing: look again at every app. */
  onImages(changed: () => void): void
}

/**
 * A Builder that runs buildpacks in containers, has the engine build Dockerfiles, and takes ready-made images. The image's `ref` is
 * a reference on the engine, `trimtab/<platform>:<key>`.
 */
export function createContainerBuilder(options: ContainerBuilderOptions): ContainerBuilder {
  const { engine, platform, source, now = Date.now, free = freeBytes } = options
  let { stack, registries } = options
  let { concurrency } = options.builds
  let changed = () => {}
  const builtins = rememberBuiltins(options.buildpacksDir)
  const shelf = new Shelf({ engine, platform, stack: () => stack, now, changed: () => changed() })
  const stacks = new Stacks({ engine, shelf, reference: () => stack, registries: () => registries })
  const containers = new Containers(engine, platform)
  const ready = new Ready(containers, platform, () => concurrency)
  const folder = buildsFolder(options.state)
  const layers = new Layers(folder, engine)
  const parts = { shelf, stacks, containers, ready, layers, tidying: new Tidying(), registries: () => registries }
  const yard = { engine, platform, folder, source, builtins, now, broken: options.broken, ...parts }
  const builder = createBuilder(containerWorkshop(yard, options.state, free), builtins, options)
  return {
    ...builder,
    onImages(listener) {
      changed = listener
    },
    configure(next) {
      stack = next.stack.image
      registries = next.registries
      concurrency = next.builds.concurrency
      shelf.forget()
      builder.configure(next)
    },
  }
}
