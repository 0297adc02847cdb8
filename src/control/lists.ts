/** The lists of apps in git, as the command line may ask of them; and what is left of apps that are on none of them. */
import type { Fleets } from '../fleet/fleets.ts'
import type { Control } from '../ports.ts'
import type { World } from '../world.ts'

/** Previews come and go by the hundred: what is kept of them is nobody's loss. */
const PREVIEW = /-pr-\d+$/

export function listsControl(world: World, fleets: Pick<Fleets, 'status'>, refused: () => string | null): Pick<Control, 'lists'> {
  return {
    async lists() {
      const there = new Set([...world.platform().apps.map(({ name }) => name), ...(await world.runtime.apps())])
      const orphans = world.store.histories().filter(({ app }) => !there.has(app) && !PREVIEW.test(app))
      return {
        refused: refused(),
        fleets: fleets.status(),
        orphans: orphans.map(({ app, releases, lastAt }) => ({ app, releases, lastAt: new Date(lastAt).toISOString() })),
      }
    },
  }
}
