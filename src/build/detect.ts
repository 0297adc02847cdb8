import { accessSync, constants, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommitId } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { Builtin } from './builtins.ts'
import type { Pack } from './choose.ts'
import type { Declared } from './declared.ts'
import type { Job } from './job.ts'
import { type Way, wayOf } from './packs/programs.ts'
import { sceneOf } from './packs/run.ts'
import { staged } from './packs/stage.ts'
import { describeEnd } from './step.ts'

/** A pack that is ready to compile. */
export interface ReadyPack {
  /** For messages: `nodejs`, `./packs/ours`. */
  name: string
  /** What its bin/detect called the app: `Node.js`. */
  detected: string
  /** As the steps see it. */
  dir: string
  way: Way
  /** It has a bin/supply. */
  supplies: boolean
  /** It has a bin/release. */
  releases: boolean
  /** One of ours: known not to open /dev/stderr and the like, so it needs no true pipes, which cost a process each. */
  builtin: boolean
  /** Of one that was fetched. */
  commit?: CommitId
}

/** Takes the app's own pack, or else the first built-in one that fits; all are asked, so that a second match is told. */
export async function detectPack(job: Job): Promise<ReadyPack> {
  if (carriesOwn(job.tree)) return preparePack(job, { kind: 'own', name: './' }, [], true)
  const fits = await askBuiltins(job)
  const [first, ...others] = fits
  if (first === undefined) throw await noBuildpack(job)
  const { pack } = first
  const dir = await job.place.layOut({ kind: 'builtin', name: pack.name, pack }, 0)
  job.log.line(`-----> ${first.detected} app detected`)
  if (others.length > 0) {
    job.log.line(`       It also looks like ${others.map((one) => one.detected).join(', ')}; ${first.detected} comes first.`)
    job.log.line(`       To choose otherwise: build: {buildpacks: [${others[0]?.pack.name}]} in app.yaml.`)
  }
  return { name: pack.name, detected: first.detected, dir, ...BY_COMPILE, releases: hasRelease(pack), builtin: true }
}

/** Where a build step of Node.js has made pages, and the app says of nothing that it serves them, the static pack does. */
export async function detectSite(job: Job, before: ReadyPack[], declared: Declared[]): Promise<ReadyPack | null> {
  const serves = declared.some(({ processTypes }) => processTypes.web !== undefined)
  if (serves || before.length !== 1 || !before[0]?.builtin || before[0].name !== 'nodejs') return null
  const [found] = await askBuiltins(
    job,
    job.builtins.filter(({ name }) => name === 'static'),
  )
  if (found === undefined) return null
  const { pack, detected } = found
  const dir = await job.place.layOut({ kind: 'builtin', name: pack.name, pack }, before.length)
  job.log.line(`-----> ${detected} in what was built`)
  return { name: pack.name, detected, dir, ...BY_COMPILE, releases: hasRelease(pack), builtin: true }
}

const BY_COMPILE = { way: 'compile', supplies: false } as const

/** Lays out a pack that was named, and asks it whether it fits. Cloud Foundry does not ask: there, a name is an order. */
export async function preparePack(job: Job, pack: Pack, before: ReadyPack[], last: boolean): Promise<ReadyPack> {
  if (pack.kind === 'own' && !carriesOwn(job.tree)) {
    throw new TrimtabError('NoBuildpack', 'The app has no executable bin/detect, bin/compile and bin/release of its own.')
  }
  const dir = pack.kind === 'own' ? job.place.app : await job.place.layOut(pack, before.length)
  const { name } = pack
  const ready = { name, detected: name, dir, builtin: pack.kind === 'builtin' }
  if (pack.kind === 'fetched') tellFetched(job, name, pack.commit)
  const foreign = pack.kind === 'repository' || pack.kind === 'fetched' ? pack.programs : null
  const way = foreign && wayOf(foreign, last)
  const of = { ...(pack.kind === 'fetched' && { commit: pack.commit }) }
  if (foreign && (way === 'supply' || way === 'finalize')) {
    if (pack.kind !== 'fetched') job.log.line(`-----> ${name}`)
    return { ...ready, ...of, way, supplies: foreign.supply, releases: way === 'finalize' && foreign.release }
  }
  const detected = await ask(job, pack, dir, before)
  job.log.line(`-----> ${detected} app detected`)
  const releases = pack.kind === 'builtin' ? hasRelease(pack.pack) : (foreign?.release ?? true)
  return { ...ready, ...of, ...BY_COMPILE, detected, releases }
}

/** What its bin/detect calls the app. Throws where it says that it does not fit. */
async function ask(job: Job, pack: Pack, dir: string, before: ReadyPack[]): Promise<string> {
  const said: Buffer[] = []
  const step = staged(join(dir, 'bin/detect'), [job.place.app], sceneOf(job, before), { apart: true })
  const end = await job.place.run(step, { out: collect(said, 4096), record: true })
  if (end.code === 0) return firstLine(said) || pack.name
  if (said.length > 0) job.log.write(Buffer.concat(said))
  throw new TrimtabError('NoBuildpack', `The buildpack ${pack.name} does not fit this app: its bin/detect ${describeEnd(end)}.`)
}

function tellFetched(job: Job, name: string, commit: CommitId): void {
  job.log.line(`-----> Buildpack ${name}`)
  job.log.line(`       at commit ${commit}`)
}

/** Each bin/detect in a subshell of one shell: they are small and in plain sh, and a process each would take longer than all they do. */
const ASK = [
  'app=$1; shift; n=0',
  'for pack; do',
  '  if said=$(set -- "$app"; . "$pack/bin/detect"); then printf "%s %s\\n" "$n" "$said"; fi',
  '  n=$((n + 1))',
  'done',
].join('\n')

/** The built-in packs that fit, in their order. */
async function askBuiltins(job: Job, builtins = job.builtins): Promise<Array<{ pack: Builtin; detected: string }>> {
  const said: Buffer[] = []
  const args = ['-c', ASK, 'detect', job.place.app, ...builtins.map((pack) => job.place.builtin(pack))]
  const end = await job.place.run({ program: '/bin/sh', args }, { out: collect(said, 4096) })
  if (end.code !== 0) throw new TrimtabError('BuildFailed', `The built-in buildpacks could not be asked: it ${describeEnd(end)}.`)
  const answers = Buffer.concat(said).toString('utf8').split('\n')
  return answers.flatMap((line) => {
    const [, at, detected] = /^(\d+) (.*)$/.exec(line) ?? []
    const pack = builtins[Number(at)]
    return pack ? [{ pack, detected: detected?.slice(0, 80) || pack.name }] : []
  })
}

function hasRelease(pack: Builtin): boolean {
  return pack.files.some((file) => file.path === 'bin/release')
}

/** All three, executable: then the app is its own buildpack. */
function carriesOwn(dir: string): boolean {
  return ['detect', 'compile', 'release'].every((name) => {
    try {
      accessSync(join(dir, 'bin', name), constants.X_OK)
      return statSync(join(dir, 'bin', name)).isFile()
    } catch {
      return false
    }
  })
}

async function noBuildpack(job: Job): Promise<TrimtabError> {
  const names = (await readdir(job.tree)).sort()
  const seen = names
    .slice(0, 20)
    .map((name) => JSON.stringify(name).slice(1, -1))
    .join(', ')
  return new TrimtabError(
    'NoBuildpack',
    [
      'No buildpack fits this app. Looked for:',
      '  its own: bin/detect, bin/compile and bin/release, all executable',
      ...job.builtins.map((pack) => `  ${pack.name}: ${pack.looksFor}`),
      names.length === 0 ? 'The folder is empty.' : `Found: ${seen}${names.length > 20 ? ` and ${names.length - 20} more` : ''}.`,
      'Name one in app.yaml (build: {buildpacks: [nodejs]}), or add what it looks for.',
    ].join('\n'),
  )
}

/** Keeps the first bytes of an output that is hostile in length too. */
export function collect(into: Buffer[], limit: number): (chunk: Buffer) => void {
  let room = limit
  return (chunk) => {
    if (room > 0) into.push(chunk.subarray(0, room))
    room -= chunk.length
  }
}

function firstLine(said: Buffer[]): string {
  const [line = ''] = Buffer.concat(said).toString('utf8').trim().split('\n')
  return line.trim().slice(0, 80)
}
