/** The ports, side by side: all that a pass can see and touch. */
import type { Prober } from './apply/prober.ts'
import type { AppSpec, PlatformSpec } from './domain.ts'
import type { Builder, Router, Runtime, Source, Store } from './ports.ts'

export interface World {
  /** The operator's file as it is in force now. */
  platform(): PlatformSpec
  source: Source
  builder: Builder
  runtime: Runtime
  router: Router
  store: Store
  prober: Prober
  now(): number
  /** When this trimtab started. */
  began: number
}

/** The app as the operator declares it; null: no longer declared. */
export function declared(world: World, app: string): AppSpec | null {
  return world.platform().apps.find((spec) => spec.name === app) ?? null
}
