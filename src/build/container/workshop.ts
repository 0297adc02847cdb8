import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing, Refusal } from '../../engine/engine.ts'
import { LABEL, ours } from '../../engine/labels.ts'
import { removeTree } from '../files.ts'
import { isFork } from '../fork.ts'
import { recipeOf } from '../recipe.ts'
import { type FreeBytes, requireSpace } from '../space.ts'
import type { Workshop } from '../workshop.ts'
import { takeArtifact } from './artifact.ts'
import { buildWithLifecycle } from './cnb/build.ts'
import { buildDockerfile } from './dockerfile.ts'
import { takeImage } from './foreign.ts'
import { buildWithPacks } from './packs.ts'
import { dataRoot } from './space.ts'
import { cacheVolume } from './spec.ts'
import { ENGINE_DISK, explained } from './trouble.ts'
import type { Yard } from './yard.ts'

/** The tree on its way, and the log: what a build makes is on the engine's disk. */
const PASSING = 32 * 1024 * 1024

/** Builds in containers, into images that the engine keeps. */
export function containerWorkshop(yard: Yard, state: string, free: FreeBytes): Workshop {
  /** What a fork begins from is what everybody can pull, and no secret is there for its RUN lines. */
  const closed: Yard = { ...yard, registries: () => ({}), secrets: () => ({}) }
  const { shelf, stacks, containers, ready, tidying, folder, engine, platform, registry } = yard
  return {
    artifacts: yard.artifacts,
    async base({ settings }) {
      const recipe = recipeOf(settings)
      if (recipe?.kind === 'artifact') return ['artifact', (await yard.bases.get(recipe.artifact.base)).id]
      return recipe === null ? ['container', (await stacks.get()).id] : [recipe.kind, process.arch]
    },
    find: (key) => shelf.find(key),
    exists: (key) => shelf.exists(key),
    keys: () => shelf.keys(),
    remove: (key) => shelf.remove(key),
    log: (key) => join(folder, `${key}.log`),
    async requireSpace() {
      await requireSpace('the state directory', state, free, PASSING)
      const root = await dataRoot(engine)
      if (root !== null) await requireSpace(ENGINE_DISK, root, free)
    },
    fetch: (plan, signal) => registry.fetch(plan, signal),
    async make(work) {
      const { recipe, plan } = work
      const inside = isFork(plan.app) ? closed : yard
      try {
        if (recipe.kind === 'buildpacks') return await buildWithPacks(inside, work, recipe.choice)
        if (recipe.kind === 'cnb') return await buildWithLifecycle(inside, work, recipe.cnb)
        if (recipe.kind === 'dockerfile') return await buildDockerfile(inside, work, recipe.dockerfile)
        if (recipe.kind === 'artifact') return await takeArtifact(inside, work, recipe.artifact)
        return await takeImage(inside, work, recipe.reference)
      } catch (error) {
        work.signal.throwIfAborted()
        throw await explained(error, engine)
      }
    },
    async forget(app) {
      await ready.forget(app)
      await dropVolume(cacheVolume(platform, app))
    },
    async clearAway() {
      for (const entry of await readdir(folder, { withFileTypes: true })) {
        if (entry.isDirectory()) await removeTree(join(folder, entry.name))
      }
      await containers.sweep()
    },
    async tidy(inUse, keep) {
      await containers.sweep()
      await registry.tidy()
      await removeDangling(inUse())
      yard.digests.prune(new Set([...keep(), ...inUse()]))
    },
    async close() {
      await registry.close()
      await ready.close()
      await tidying.close()
      stacks.close()
      yard.bases.close()
      shelf.close()
    },
  }

  /** One that is not there is no trouble. A container that has ended has its volumes for a moment more. */
  async function dropVolume(name: string): Promise<void> {
    for (let tries = 0; tries < 20; tries++) {
      try {
        return await engine.ask((docker) => docker.getVolume(name).remove())
      } catch (error) {
        if (!(error instanceof Refusal) || error.status !== 409) return
        await new Promise((resolve) => setTimeout(resolve, 500))
      }
    }
  }

  /** Images that have lost their name to a newer one of the same key, and what a Dockerfile's build that was broken off left. */
  async function removeDangling(inUse: Set<string>): Promise<void> {
    const filters = { ...ours(platform), dangling: ['true'] }
    const list = await engine.ask((docker, abortSignal) => docker.listImages({ filters, abortSignal }))
    for (const { Id, Labels } of list) {
      if (inUse.has(Labels?.[LABEL.key] ?? '')) continue
      try {
        await engine.ask((docker) => docker.getImage(Id).remove())
      } catch (error) {
        const isUsed = error instanceof Refusal && error.status === 409
        if (!isUsed && !isMissing(error)) throw error
      }
    }
  }
}
