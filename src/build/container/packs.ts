import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Image } from '../../domain.ts'
import type { Choice } from '../choose.ts'
import { removeTree } from '../files.ts'
import { build } from '../job.ts'
import type { Work } from '../workshop.ts'
import { APP_USER, INSIDE } from './driver.ts'
import { containerEnvironment } from './environment.ts'
import { containerPlace } from './place.ts'
import type { Yard } from './yard.ts'

/** trimtab's own files in an image are in there: what a repository has of that name is left out. */
const OMITTED = ['app.yaml', '.trimtab']

/** Builds with buildpacks, in a container that ends with the build. */
export async function buildWithPacks(yard: Yard, work: Work, choice: Choice): Promise<Image> {
  const { plan, builds, log, signal } = work
  const { app, commit, key } = plan
  const stack = await yard.stacks.get()
  const wish = { app: app.name, stack: stack.id, limits: limitsOf(builds) }
  const scratch = join(yard.folder, `${key}.${randomBytes(8).toString('hex')}`)
  const tree = join(scratch, 'app')
  mkdirSync(tree, { recursive: true, mode: 0o700 })

  // Beside the export of the tree.
  const opening = yard.ready.take(wish, key)
  const end = async () => {
    const container = await opening.catch(() => null)
    await container?.end()
  }
  const stop = () => void end().catch(() => {})
  const lookAround = async () => {
    const container = await opening.catch(() => null)
    const env = [...containerEnvironment(builds, stack)]
    const where = { engine: yard.engine, user: `${APP_USER}:${APP_USER}`, dir: INSIDE.app, env }
    if (container && !container.session.ended)
      await yard.broken?.({ kind: 'container', id: container.id, ...where }).catch(() => {})
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    const image = await build({
      plan,
      choice,
      builtins: await yard.builtins(),
      tree,
      place: containerPlace(yard, work, { choice, stack, scratch, tree, container: opening }),
      log,
      signal,
      now: yard.now,
      exportApp: (dir) => yard.source.export(app, commit, app.path, dir, { omit: OMITTED }),
    })
    yard.tidying.later(async () => {
      await Promise.all([end(), removeTree(scratch)])
      await yard.ready.prepare(wish)
    })
    return image
  } catch (error) {
    if (!signal.aborted) await lookAround()
    // What cannot be removed now is removed at the next start; it must not hide why the build failed.
    await Promise.all([end(), removeTree(scratch)]).catch(() => {})
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function limitsOf({ memoryBytes, cpus, pids }: Work['builds']) {
  return {
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(cpus !== undefined && { cpus }),
    ...(pids !== undefined && { pids }),
  }
}
