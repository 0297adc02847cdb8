import { existsSync } from 'node:fs'
import type { Engine } from '../../engine/engine.ts'

/** Where each engine keeps its images: asked once, it takes a while to collect all else that it says of itself. */
const roots = new WeakMap<Engine, string | null>()

/** The engine's data root, if it can be seen from here: trimtab may be in a container itself. */
export async function dataRoot(engine: Engine): Promise<string | null> {
  const known = roots.get(engine)
  if (known !== undefined) return known
  const { DockerRootDir } = (await engine.ask((docker) => docker.info())) as { DockerRootDir?: string }
  const root = DockerRootDir !== undefined && existsSync(DockerRootDir) ? DockerRootDir : null
  roots.set(engine, root)
  return root
}
