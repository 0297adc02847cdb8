/** One pass over one app, as far as its steps are concerned. */
import type { Desired, Observed } from '../plan/world.ts'
import type { BuildPlan } from '../ports.ts'
import type { World } from '../world.ts'

/** What a step may need to know beyond itself: the values it was planned from. */
export interface Pass {
  app: string
  desired: Desired
  observed: Observed
  build: BuildPlan | null
  world: World
}
