/** Steps about routes. */
import type { Step } from '../plan/steps.ts'
import { target } from '../plan/steps.ts'
import type { Pass } from './pass.ts'

export async function write(step: Extract<Step, { action: 'write-routes' }>, { app, world, observed }: Pass): Promise<void> {
  await world.router.write(step.table)
  const release = observed.pending ?? observed.serving
  const message = `${target(step)} (${step.reason})`
  world.store.event({ app, type: 'RoutesWritten', commit: release?.commit ?? null, release: release?.version ?? null, message })
}

export async function remove(step: Extract<Step, { action: 'remove-routes' }>, { app, world }: Pass): Promise<void> {
  await world.router.remove(app)
  world.store.event({ app, type: 'RoutesWritten', message: `none any more: ${step.reason}` })
}
