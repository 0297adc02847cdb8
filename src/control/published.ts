/** What serves is also in the platform's registry: at the start, and after every rollout. */
import type { World } from '../world.ts'

/** Gives the end of it. `publish` is idempotent, and waits for nothing. */
export function keepPublished({ store, platform }: World, publish: (app: string, key: string) => void): () => void {
  const look = (app: string) => {
    const key = store.read(app).serving?.content.image.key
    if (key !== undefined) publish(app, key)
  }
  const all = () => {
    for (const { name } of platform().apps) look(name)
  }
  all()
  return store.onEvent(({ app, type }) => {
    if (type === 'RolloutSucceeded') look(app)
    // It may name another registry.
    if (type === 'ConfigChanged') all()
  })
}
