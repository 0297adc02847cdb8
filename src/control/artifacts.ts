/** Artifacts, as the command line may ask of them. */
import { TrimtabError } from '../errors.ts'
import type { Artifacts, Control, StoredArtifact } from '../ports.ts'
import type { World } from '../world.ts'
import { keptKeys } from './upkeep.ts'

interface Parts {
  world: World
  artifacts: Artifacts
  trigger(app: string): void
}

type ArtifactControl = Pick<Control, 'putArtifact' | 'artifacts' | 'removeArtifact'>

export function artifactControl({ world, artifacts, trigger }: Parts): ArtifactControl {
  return {
    async putArtifact(name, content) {
      const stored = await artifacts.put(name, content)
      for (const { name: app } of world.platform().apps) {
        // What failed for want of it is no verdict any more.
        const { attempt } = world.store.read(app)
        if (!attempt?.failure?.message.includes(stored.sha256)) continue
        world.store.again(app)
        trigger(app)
      }
      return stored
    },
    artifacts: () => artifacts.list(),
    async removeArtifact(sha256) {
      const found = only(await artifacts.list(), sha256)
      await artifacts.remove(found.sha256, (await keptKeys(world))())
      return found
    },
  }
}

function only(all: StoredArtifact[], start: string): StoredArtifact {
  const [found, ...others] = all.filter(({ sha256 }) => sha256.startsWith(start))
  if (found === undefined) {
    throw new TrimtabError('NotFound', `There is no artifact ${start}. trimtab artifact list shows those that there are.`)
  }
  if (others.length > 0) throw new TrimtabError('Usage', `${others.length + 1} artifacts begin with ${start}; name more of it.`)
  return found
}
