/** Apps whose first release waits for others: looked at again when one of those is live. */
import type { EventType } from '../domain.ts'
import type { World } from '../world.ts'

const CAME_UP: EventType[] = ['RolloutSucceeded', 'Adopted', 'Restarted']

/** Gives its end. */
export function wakeDependents({ store }: World, trigger: (app: string) => void): () => void {
  return store.onEvent(({ type }) => {
    if (CAME_UP.includes(type)) for (const app of store.waitingForOthers()) trigger(app)
  })
}
