import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join, posix } from 'node:path'
import { Readable } from 'node:stream'
import type { ArtifactSettings, Image } from '../../domain.ts'
import { type Engine, isMissing } from '../../engine/engine.ts'
import { imageRef } from '../../engine/labels.ts'
import { TrimtabError } from '../../errors.ts'
import type { Surroundings } from '../artifact/command.ts'
import { layArtifact } from '../artifact/lay.ts'
import { removeTree } from '../files.ts'
import type { Work } from '../workshop.ts'
import { archive, type PlainFile } from './archive.ts'
import type { Base } from './bases.ts'
import { commit } from './commit.ts'
import { APP_USER, INSIDE } from './driver.ts'
import { imageOf, labelsOf } from './label.ts'
import { imageConfig, ownFiles, timeOf } from './seal.ts'
import { buildName } from './spec.ts'
import type { Yard } from './yard.ts'

/** A large archive on a slow disk. */
const COPY_MS = 10 * 60_000

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Makes an image of an artifact: its base, and one layer above it, /app. Nothing runs for that, of the artifact's or the base's. */
export async function takeArtifact(yard: Yard, work: Work, artifact: ArtifactSettings): Promise<Image> {
  const { engine, platform, folder, shelf, containers } = yard
  const { key } = work.plan
  const base = await yard.bases.get(artifact.base)
  const scratch = join(folder, `${key}.${randomBytes(8).toString('hex')}`)
  const tree = join(scratch, 'app')
  mkdirSync(tree, { recursive: true, mode: 0o700 })
  try {
    // In a container that is never started, only looked into, filled and committed.
    return await containers.borrow(base.id, ['/'], buildName(platform, key), async (container) => {
      const around = insideOf(engine, container, base)
      if (!(await around.hasFile('/bin/bash'))) throw unfit(around)
      const bill = await layArtifact(yard.artifacts, work, artifact, tree, around, yard.now)
      const files = filesOf(ownFiles(null, bill))
      const time = new Date(Number(timeOf(key)) * 1000)
      const content = archive([{ from: tree, to: INSIDE.app.slice(1), owner: APP_USER }], files, undefined, time)
      await engine.ask((docker) => docker.getContainer(container).putArchive(Readable.from(content), { path: '/' }), COPY_MS)
      work.signal.throwIfAborted()
      const labels = labelsOf(platform, key, { ...bill, stack: base.id })
      await commit(engine, container, imageRef(platform, key), imageConfig(base, labels))
      const image = imageOf(platform, key, labels)
      if (!image) throw new TypeError('labels that tell of no image')
      shelf.add(image)
      return image
    })
  } finally {
    await removeTree(scratch).catch(() => {})
  }
}

/** trimtab's own files belong to root: nothing of the app's may change how it is started. */
function filesOf(own: Array<[name: string, content: string]>): PlainFile[] {
  const root = posix.join(INSIDE.app.slice(1), '.trimtab')
  const folders = [root, `${root}/processes`, `${root}/config`].map((to): PlainFile => ({ to, content: null }))
  return [...folders, ...own.map(([name, content]) => ({ to: `${root}/${name}`, content }))]
}

/** What is in the base, as far as it can be seen without running anything. */
function insideOf(engine: Engine, container: string, { env, reference }: Base): Surroundings {
  const hasFile = async (path: string) => {
    try {
      await engine.ask((docker) => docker.getContainer(container).infoArchive({ path }))
      return true
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  }
  const [, path = ''] = /^PATH=(.*)$/.exec(env.find((pair) => pair.startsWith('PATH=')) ?? PATH) ?? []
  return {
    name: reference === null ? 'the stack' : `the base image ${reference}`,
    remedy:
      reference === null
        ? 'Make a stack that has it (trimtab stack build), or name a base: bases: {…} in platform.yaml'
        : 'Name another base in platform.yaml',
    hasFile,
    async hasProgram(name) {
      for (const dir of path.split(':')) if (dir.startsWith('/') && (await hasFile(posix.join(dir, name)))) return true
      return false
    },
  }
}

function unfit({ name }: Surroundings): TrimtabError {
  const message = `In ${name} there is no /bin/bash, which starts what runs there. Name another base in platform.yaml (bases).`
  return new TrimtabError('BuildFailed', message)
}
