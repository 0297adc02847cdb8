/**
 * Cloud Native Buildpacks: the lifecycle of a builder image, run in a container of that image as every build is, phase by phase. The
 * lifecycle's own exporter wants the engine's socket or a registry; so the image is made here, of the run image and one layer.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BuildSettings, Image } from '../../../domain.ts'
import { TrimtabError } from '../../../errors.ts'
import { collect } from '../../detect.ts'
import { diagnosis } from '../../diagnosis.ts'
import { caVariables } from '../../environment.ts'
import { removeTree } from '../../files.ts'
import { describeEnd } from '../../step.ts'
import type { Work } from '../../workshop.ts'
import type { BuildContainer } from '../containers.ts'
import { INSIDE } from '../driver.ts'
import { containerPlace } from '../place.ts'
import type { Yard } from '../yard.ts'
import { type Builder, builderOf } from './builder.ts'
import { imageFor } from './images.ts'
import { type Layers, layersOf } from './layers.ts'
import { CNB } from './places.ts'
import { FINISH, KEEP, PREPARE, TELL } from './scripts.ts'
import { sealCnb } from './seal.ts'

type Place = ReturnType<typeof containerPlace>

/** trimtab's own files and the lifecycle's are in there. */
const OMITTED = ['app.yaml', '.trimtab', '.cnb']
/** What buildpacks may say of their layers. */
const TOLD_BYTES = 16 * 1024 * 1024

export async function buildWithLifecycle(yard: Yard, work: Work, cnb: NonNullable<BuildSettings['cnb']>): Promise<Image> {
  const { plan, builds, log, signal } = work
  const { app, commit, key } = plan
  const started = yard.now()
  log.line(`-----> Building with the buildpacks of ${cnb.builder}`)
  const builderImage = await imageFor(yard, work, cnb.builder)
  const builder = builderOf(builderImage.Config.Labels)
  if (!builder) throw notOne(cnb.builder)
  const runReference = cnb.run ?? builder.run
  if (runReference === null) throw noRun(cnb.builder)
  const runImage = await imageFor(yard, work, runReference)

  const scratch = join(yard.folder, `${key}.${randomBytes(8).toString('hex')}`)
  const tree = join(scratch, 'app')
  mkdirSync(tree, { recursive: true, mode: 0o700 })
  const { memoryBytes, cpus } = builds
  const limits = { ...(memoryBytes !== undefined && { memoryBytes }), ...(cpus !== undefined && { cpus }) }
  const stack = { id: builderImage.Id, env: builderImage.Config.Env ?? [] }
  const opening = yard.ready.take({ app: app.name, stack: stack.id, limits }, key)
  const end = async () => (await opening.catch(() => null))?.end()
  const stop = () => void end().catch(() => {})
  signal.addEventListener('abort', stop, { once: true })
  try {
    await yard.source.export(app, commit, app.path, tree, { omit: OMITTED })
    const place = containerPlace(yard, work, { choice: [], stack, scratch, tree, container: opening })
    await place.open()
    const layers = await phases(place, work, builder)
    const container: BuildContainer = await opening
    const builtAt = new Date(yard.now()).toISOString()
    const bill = {
      processTypes: Object.fromEntries(layers.processes.map((type) => [type, `${CNB.process}/${type}`])),
      configVars: {},
      app: app.name,
      commit,
      packs: layers.packs,
      versions: {},
      builtAt,
      durationMs: yard.now() - started,
    }
    const digest = builderImage.RepoDigests?.[0]
    const from = { reference: cnb.builder, ...(digest !== undefined && { digest }) }
    const image = await sealCnb(yard, work, { container, bill, from, run: runImage, api: builder.api })
    log.line(`-----> Build succeeded in ${((yard.now() - started) / 1000).toFixed(1)}s`)
    return image
  } finally {
    signal.removeEventListener('abort', stop)
    await Promise.all([end(), removeTree(scratch)]).catch(() => {})
  }
}

async function phases(place: Place, { builds, log }: Work, { api }: Builder): Promise<Layers> {
  const script = async (name: string, program: string, args: string[], out?: (chunk: Buffer) => void) => {
    const end = await place.run({ program: 'bash', args: ['-c', program, name, ...args] }, out ? { out } : {})
    if (end.code !== 0)
      throw new TrimtabError('BuildFailed', `The build could not ${name}: it ${describeEnd(end)}.\n${log.lastLines(20)}`)
  }
  const phase = async (name: string, topic: string, args: string[]) => {
    log.line(`-----> ${topic}`)
    const program = `${CNB.lifecycle}/${name}`
    const common = ['-app', INSIDE.app, '-layers', CNB.layers, '-platform', CNB.platform, '-group', `${CNB.layers}/group.toml`]
    const end = await place.run({
      program: 'env',
      args: [`CNB_PLATFORM_API=${api}`, program, ...common, '-plan', `${CNB.layers}/plan.toml`, '-no-color', ...args],
    })
    if (end.code === 0) return
    const last = log.lastLines(20)
    // The codes are the specification's: 20 none fits, 21 a detection failed.
    if (name === 'detector' && end.code === 20)
      throw new TrimtabError('NoBuildpack', `None of the builder's buildpacks fits this app.\n${last}`)
    const why = diagnosis(last.slice(last.lastIndexOf('-----> '))) ?? `its ${name} ${describeEnd(end)}.`
    throw new TrimtabError('BuildFailed', `The builder's lifecycle failed: ${why} The end of its log:\n${last}`)
  }

  const names = [...Object.keys(caVariables(builds.ca === undefined ? undefined : INSIDE.ca)), ...Object.keys(builds.env)]
  await script('prepare', PREPARE, names)
  await phase('detector', 'Detecting', ['-order', '/cnb/order.toml'])
  await phase('builder', 'Building', [])
  const said: Buffer[] = []
  await script('tell of its layers', TELL, [], collect(said, TOLD_BYTES))
  const layers = layersOf(pairs(Buffer.concat(said).toString('utf8')))
  await script(
    'keep its cache',
    KEEP,
    layers.cached.flatMap(({ path, toml }) => [path, toml]),
  )
  await script('finish', FINISH, [String(layers.unneeded.length), ...layers.unneeded, ...layers.processes])
  return layers
}

function pairs(text: string): Map<string, string> {
  const parts = text.split('\0')
  const files = new Map<string, string>()
  for (let at = 0; at + 1 < parts.length; at += 2) files.set(parts[at] ?? '', parts[at + 1] ?? '')
  return files
}

function notOne(reference: string): TrimtabError {
  const message = `${reference} is no builder, or its lifecycle is too old or too new: it names no platform interface that is known here.`
  return new TrimtabError('BuildFailed', message)
}

function noRun(reference: string): TrimtabError {
  const message = `The builder ${reference} does not say what its apps run on. Say it: build: {cnb: {builder: …, run: …}}.`
  return new TrimtabError('BuildFailed', message)
}
