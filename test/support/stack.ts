/**
 * The image that test engines build and run on: the one that `trimtab stack build` makes, made once a machine. Kept as what an
 * engine has on its disk then: an engine that begins with links to that is spared ten seconds of import.
 */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createEngine } from '../../src/engine/engine.ts'
import { buildStack } from '../../src/stack/build.ts'
import { STACK_RECIPE } from '../../src/stack/recipe.ts'
import { cached, cachePath } from './cache.ts'
import { Dockerd } from './dockerd.ts'

const IMAGE = 'trimtab-test/stack:1'

const run = promisify(execFile)

let engine: string | undefined
/** With the engine's version: another may keep its layers in another way. */
function recipe(): unknown {
  engine ??= execFileSync('dockerd', ['--version'], { encoding: 'utf8' })
  return { ...STACK_RECIPE, engine }
}

export function stackMissing(): string | null {
  if (existsSync(cachePath('stack', recipe()))) return null
  return 'no base image in the cache yet; TRIMTAB_REQUIRE=docker npm test makes one (apt-get install mmdebstrap)'
}

/** Makes it, unless it is there: a minute or two. */
export async function makeStack(): Promise<void> {
  await cached('stack', recipe(), async (path) => {
    const dockerd = await Dockerd.start()
    try {
      await buildStack({ engine: createEngine(dockerd.socket), name: IMAGE, recipe: STACK_RECIPE, line: () => {} })
      await dockerd.stop()
      if (!existsSync(join(dockerd.dir, 'data/overlay2'))) throw new Error(`This engine does not use overlay2:\n${dockerd.log()}`)
      mkdirSync(path)
      for (const part of ['image', 'overlay2']) await run('mv', [join(dockerd.dir, 'data', part), path])
    } finally {
      dockerd.end()
    }
  })
}

/** Puts it into the data of an engine that has not been started yet. */
export async function plantStack(data: string): Promise<void> {
  const from = cachePath('stack', recipe())
  mkdirSync(data, { recursive: true, mode: 0o711 })
  await run('cp', ['-a', join(from, 'image'), data])
  // Nothing ever writes into a layer below a container's own, so that links will do; but not from another file system.
  await run('cp', ['-al', join(from, 'overlay2'), data]).catch(() => run('cp', ['-a', join(from, 'overlay2'), data]))
}

/** Its name on an engine that began with it. */
export async function stackOn(socket: string): Promise<string> {
  await createEngine(socket).ask((docker) => docker.getImage(IMAGE).inspect())
  return IMAGE
}
