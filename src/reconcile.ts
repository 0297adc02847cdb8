/**
 * One pass over one app. Everything trimtab does happens in here:
 *
 *   look at git → desired      look at the runtime, the router and the store → observed
 *   perform what plan(desired, observed) says, and look again, until there is nothing left to do
 */
import { perform } from './apply/perform.ts'
import { desire } from './desire.ts'
import { observe } from './observe.ts'
import { plan } from './plan/plan.ts'
import type { World } from './world.ts'

/** Look again after so many milliseconds (0: at once); null: when something happens. Throws a TrimtabError: look again later. */
export async function reconcile(app: string, world: World): Promise<number | null> {
  const [{ desired, build }, observed] = await Promise.all([desire(app, world), observe(app, world)])
  const { steps, again } = plan(desired, observed)
  for (const step of steps) await perform(step, { app, desired, observed, build, world })
  return again
}
