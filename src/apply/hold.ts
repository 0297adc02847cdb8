/** Steps about commits that wait: noted once, so that they are told once. */
import type { Step } from '../plan/steps.ts'
import { shortCommit } from '../text.ts'
import type { Pass } from './pass.ts'

type Of<A extends Step['action']> = Extract<Step, { action: A }>

export function hold({ commit, kind, reason }: Of<'hold'>, { app, world, observed }: Pass): void {
  world.store.hold(app, { commit, kind })
  const before = observed.held?.kind === kind ? observed.held.kind : null
  if (kind === 'app.yaml' && before === null) {
    const message = `app.yaml at ${shortCommit(commit)} says "suspend: true": no commit is deployed until one without it; what runs stays`
    world.store.event({ app, type: 'Suspended', commit, message })
    return
  }
  world.store.event({ app, type: 'CommitHeld', commit, message: reason })
}

export function lift({ kind }: Of<'lift'>, { app, world, desired }: Pass): void {
  world.store.hold(app, null)
  // The others are told as what they come to: the commit is seen, or was resumed by somebody.
  if (kind !== 'app.yaml') return
  const commit = desired.target.kind === 'commit' ? desired.target.commit : null
  world.store.event({ app, type: 'Resumed', commit, message: 'app.yaml suspends it no more' })
}
