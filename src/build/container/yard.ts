import type { PlatformSpec } from '../../domain.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Source } from '../../ports.ts'
import type { ArtifactStore } from '../artifact/store.ts'
import type { Broken } from '../broken.ts'
import type { Builtin } from '../builtins.ts'
import type { Tidying } from '../tidying.ts'
import type { Bases } from './bases.ts'
import type { Containers } from './containers.ts'
import type { Digests } from './digests.ts'
import type { Layers } from './layers.ts'
import type { Ready } from './ready.ts'
import type { ImageRegistry } from './registry/registry.ts'
import type { Shelf } from './shelf.ts'
import type { Stacks } from './stack.ts'

/** What all builds on one engine share. */
export interface Yard {
  engine: Engine
  platform: string
  /** `<state>/builds`. */
  folder: string
  source: Source
  builtins: () => Promise<Builtin[]>
  shelf: Shelf
  stacks: Stacks
  bases: Bases
  artifacts: ArtifactStore
  containers: Containers
  ready: Ready
  layers: Layers
  digests: Digests
  registry: ImageRegistry
  tidying: Tidying
  registries: () => PlatformSpec['registries']
  secrets: () => PlatformSpec['secrets']
  now: () => number
  broken: ((what: Broken) => Promise<void>) | undefined
}
