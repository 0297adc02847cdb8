import { constants } from 'node:os'
import { join, posix } from 'node:path'
import { imageRef } from '../../engine/labels.ts'
import { TrimtabError } from '../../errors.ts'
import type { Choice } from '../choose.ts'
import { readPlainFile } from '../files.ts'
import type { Place } from '../place.ts'
import { diskFull, saysDiskFull } from '../space.ts'
import type { StepEnd } from '../step.ts'
import type { Work } from '../workshop.ts'
import { archive } from './archive.ts'
import type { BuildContainer } from './containers.ts'
import { contentOf, packFolder } from './content.ts'
import { INSIDE, TOOLS } from './driver.ts'
import { containerEnvironment } from './environment.ts'
import { imageOf, labelsOf } from './label.ts'
import { DISK_BYTES, shortOf, tellShort } from './limits.ts'
import { imageConfig, ownFiles, timeOf } from './seal.ts'
import type { Stack } from './stack.ts'
import { straysIn } from './strays.ts'
import { ENGINE_DISK } from './trouble.ts'
import type { Yard } from './yard.ts'

interface Inside {
  choice: Choice
  stack: Stack
  scratch: string
  /** The exported tree. */
  tree: string
  container: Promise<BuildContainer>
}

/** The steps of a build in a container, and the image that is made of it. */
export function containerPlace(yard: Yard, work: Work, inside: Inside): Place {
  const { plan, builds, log, signal } = work
  const { choice, stack, tree } = inside
  const write = (chunk: Buffer) => log.write(chunk)

  const ask = async (verb: string, args: string[], out = write, content?: AsyncIterable<Buffer>) => {
    const { session } = await inside.container
    const status = await session.ask(verb, args, { out, err: write }, content)
    signal.throwIfAborted()
    return status
  }

  const tellLimits = async () => {
    const said: Buffer[] = []
    await ask('short', [], (chunk) => void said.push(Buffer.from(chunk)))
    const short = shortOf(Buffer.concat(said).toString('utf8'))
    for (const line of tellShort(short, builds)) log.line(line)
    // It may be what took the room; and it may be empty at any time.
    if (short.has('disk')) await ask('discard', [])
    if (short.has('full')) throw diskFull(ENGINE_DISK, 'the build has taken what there was')
  }

  return {
    disk: ENGINE_DISK,
    app: INSIDE.app,
    cache: INSIDE.cache,
    env: INSIDE.env,
    builtin: (pack) => posix.join(INSIDE.packs, pack.name),
    async open() {
      const { trees, files } = await contentOf(yard, work, inside)
      const missing: string[] = []
      await ask('missing', Object.keys(TOOLS), (names) => void missing.push(...names.toString().trim().split('\n')))
      if (missing.length > 0) throw unfit(missing)
      const status = await ask('unpack', [], write, archive(trees, files))
      if (status !== 0 && saysDiskFull(log.lastLines(20))) throw diskFull(ENGINE_DISK, 'the app does not fit on it')
      if (status !== 0)
        throw new TrimtabError('BuildFailed', `The app could not be unpacked in the container:\n${log.lastLines(20)}`)
      await ask('environment', containerEnvironment(builds, stack))
      await ask('limit', [String(Math.floor((builds.diskBytes ?? DISK_BYTES) / 1024))])
    },
    layOut: async (pack, index) => packFolder(choice, pack, index),
    async run({ program, args }, { out = write } = {}) {
      const end = endOf(await ask('step', [program, ...args], out))
      if (end.code !== 0) await tellLimits()
      return end
    },
    async finish(bill) {
      const strays = await straysIn(stack.id, yard.folder, ask)
      if (strays.length > 0) throw astray(strays)
      const procfile = readPlainFile(join(tree, 'Procfile'), 64 * 1024)
      if ((await ask('seal', [timeOf(plan.key), ...ownFiles(procfile, bill).flat()])) !== 0)
        throw diskFull(ENGINE_DISK, 'the image cannot be finished')
      const labels = labelsOf(yard.platform, plan.key, { ...bill, stack: stack.id })
      await (await inside.container).commit(imageRef(yard.platform, plan.key), imageConfig(stack, labels))
      const image = imageOf(yard.platform, plan.key, labels)
      if (!image) throw new TypeError('labels that tell of no image')
      yard.shelf.add(image)
      return image
    },
  }
}

/** A shell reports a signal as 128 and its number; a program that exits so by itself means the same. */
function endOf(status: number): StepEnd {
  const name = Object.entries(constants.signals).find(([, number]) => status === 128 + number)?.[0]
  return name === undefined ? { code: status, signal: null } : { code: null, signal: name as NodeJS.Signals }
}

function unfit(missing: string[]): TrimtabError {
  const names = missing.map((tool) => `${tool} (of ${TOOLS[tool] ?? 'some package'})`).join(', ')
  return new TrimtabError(
    'BuildFailed',
    `The stack image lacks what a build needs: ${names}. Add it, or name another stack in platform.yaml.`,
  )
}

function astray(paths: string[]): TrimtabError {
  const shown = paths.slice(0, 20).map((path) => `  ${JSON.stringify(path).slice(1, -1)}`)
  const more = paths.length > 20 ? [`  and ${paths.length - 20} more`] : []
  const first = `The build wrote outside of ${INSIDE.app}, and nothing but that becomes the image:`
  return new TrimtabError(
    'BuildFailed',
    [first, ...shown, ...more, `What is not for the image belongs into ${INSIDE.tmp}.`].join('\n'),
  )
}
