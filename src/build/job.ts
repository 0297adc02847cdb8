import { join } from 'node:path'
import type { Image } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { BuildPlan } from '../ports.ts'
import type { Builtin } from './builtins.ts'
import type { Choice } from './choose.ts'
import { type Declared, mergeDeclared, NOTHING, parseRelease, RELEASE_LIMIT } from './declared.ts'
import { collect, detectPack, detectSite, preparePack, type ReadyPack } from './detect.ts'
import { diagnosis } from './diagnosis.ts'
import { readPlainFile } from './files.ts'
import type { BuildLog } from './log.ts'
import { sceneOf, stepsOf } from './packs/run.ts'
import { staged } from './packs/stage.ts'
import type { Place } from './place.ts'
import { applySlugignore } from './slugignore.ts'
import { diskFull, saysDiskFull } from './space.ts'
import { describeEnd, type StepEnd } from './step.ts'

/** One build with buildpacks, with all it needs. */
export interface Job {
  plan: BuildPlan
  choice: Choice
  builtins: Builtin[]
  /** Where trimtab reads what is in the app's tree. */
  tree: string
  place: Place
  log: BuildLog
  /** Aborted with the reason (BuildCancelled, BuildTimeout). */
  signal: AbortSignal
  now: () => number
  exportApp: (dir: string) => Promise<void>
}

/** The story of one build, from a commit's tree to an image. */
export async function build(job: Job): Promise<Image> {
  const started = job.now()
  await job.exportApp(job.tree)
  job.signal.throwIfAborted()
  const ignored = await applySlugignore(job.tree)
  if (ignored > 0) job.log.line(`-----> Deleting ${ignored} files matching .slugignore patterns.`)
  const procfile = readPlainFile(join(job.tree, 'Procfile'), 64 * 1024)
  await job.place.open()

  const packs: ReadyPack[] = []
  const declared: Declared[] = []
  const choice = job.choice ?? [null]
  for (const [index, named] of choice.entries()) {
    const last = index === choice.length - 1
    const pack = named === null ? await detectPack(job) : await preparePack(job, named, packs, last)
    declared.push(await perform(job, pack, packs, last))
    packs.push(pack)
  }
  const site = job.choice === null && procfile === null ? await detectSite(job, packs, declared) : null
  if (site !== null) {
    declared.push(await perform(job, site, packs, true))
    packs.push(site)
  }

  const result = mergeDeclared(declared)
  tellProcessTypes(job.log, procfile, packs.at(-1)?.detected ?? '', result)
  const durationMs = job.now() - started
  job.log.line(`-----> Build succeeded in ${(durationMs / 1000).toFixed(durationMs < 1000 ? 2 : 1)}s`)
  return job.place.finish({
    ...result,
    app: job.plan.app.name,
    commit: job.plan.commit,
    packs: packs.map(({ name, detected, commit }) => ({ name, detected, ...(commit !== undefined && { commit }) })),
    builtAt: new Date(job.now()).toISOString(),
    durationMs,
  })
}

async function perform(job: Job, pack: ReadyPack, before: ReadyPack[], last: boolean): Promise<Declared> {
  for (const { program, step } of stepsOf(job, pack, before, last)) {
    const end = await job.place.run(step, { record: true })
    if (end.code !== 0) throw stepFailed(job, pack, program, end)
  }
  return release(job, pack, before)
}

/** bin/release may be missing: many packs leave the process types to the Procfile. */
async function release(job: Job, pack: ReadyPack, before: ReadyPack[]): Promise<Declared> {
  const program = join(pack.dir, 'bin/release')
  if (!pack.releases) return NOTHING
  const said: Buffer[] = []
  const args = [job.place.app]
  const step = pack.builtin ? { program, args } : staged(program, args, sceneOf(job, before), { apart: true })
  const end = await job.place.run(step, { out: collect(said, RELEASE_LIMIT + 1), record: true })
  if (end.code !== 0) throw stepFailed(job, pack, 'bin/release', end)
  return parseRelease(Buffer.concat(said).toString('utf8'), pack.name)
}

function stepFailed(job: Job, pack: ReadyPack, program: string, end: StepEnd): TrimtabError {
  const last = job.log.lastLines(20)
  if (job.log.diskFull || saysDiskFull(last)) return diskFull(job.place.disk, `the ${pack.name} buildpack ran out of room`)
  const why = diagnosis(last)
  const first = `The ${pack.name} buildpack failed: ${why ?? `${program} ${describeEnd(end)}.`}`
  return new TrimtabError('BuildFailed', `${first} The end of its log:\n${last}`)
}

function tellProcessTypes(log: BuildLog, procfile: string | null, detected: string, declared: Declared): void {
  const inProcfile = [...(procfile ?? '').matchAll(/^([A-Za-z0-9_-]+):/gm)].map((match) => match[1])
  const byDefault = Object.keys(declared.processTypes)
  const lines = [
    ['Procfile declares types', inProcfile.join(', ') || '(none)'],
    ...(byDefault.length > 0 ? [[`Default types for ${detected}`, byDefault.join(', ')]] : []),
  ]
  const width = Math.max(...lines.map(([left = '']) => left.length))
  log.line('-----> Discovering process types')
  for (const [left = '', right] of lines) log.line(`       ${left.padEnd(width)} -> ${right}`)
}
