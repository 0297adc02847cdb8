import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import type { Image } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { BuildPlan } from '../ports.ts'
import type { Bench } from './bench.ts'
import type { Builtin } from './builtins.ts'
import type { Choice } from './choose.ts'
import { type Declared, mergeDeclared, parseRelease, RELEASE_LIMIT } from './declared.ts'
import { collect, detectPack, preparePack, type ReadyPack } from './detect.ts'
import { readPlainFile } from './files.ts'
import type { BuildLog } from './log.ts'
import { applySlugignore } from './slugignore.ts'
import type { SlugMeta } from './slugs.ts'
import { diskFull, saysDiskFull } from './space.ts'
import { describeEnd, piped, pipedApart, type Step, type StepEnd } from './step.ts'

/** One build on the host, with all it needs. */
export interface Job {
  plan: BuildPlan
  choice: Choice
  builtins: Builtin[]
  /** Where the app is built, and where it will run. */
  appDir: string
  bench: Bench
  log: BuildLog
  /** Aborted with the reason (BuildCancelled, BuildTimeout). */
  signal: AbortSignal
  now: () => number
  exportApp: (dir: string) => Promise<void>
  exportPack: (path: string, dir: string) => Promise<void>
  /** Runs one step in the build's environment; its output goes to the log unless `out` takes it. `record`: as the one to end after a crash. */
  run: (step: Pick<Step, 'program' | 'args'>, options?: { out?: (chunk: Buffer) => void; record?: boolean }) => Promise<StepEnd>
  finish: (meta: SlugMeta) => Promise<Image>
}

/** The story of one build, from a commit's tree to a slug. */
export async function build(job: Job): Promise<Image> {
  const started = job.now()
  await job.exportApp(job.appDir)
  job.signal.throwIfAborted()
  const ignored = await applySlugignore(job.appDir)
  if (ignored > 0) job.log.line(`-----> Deleting ${ignored} files matching .slugignore patterns.`)
  const procfile = readPlainFile(join(job.appDir, 'Procfile'), 64 * 1024)

  const packs: ReadyPack[] = []
  const declared: Declared[] = []
  for (const named of job.choice ?? [null]) {
    const pack = named === null ? await detectPack(job) : await preparePack(job, named, packs.length)
    await compile(job, pack, packs)
    declared.push(await release(job, pack))
    packs.push(pack)
  }

  const stat = lstatSync(job.appDir)
  if (!stat.isDirectory()) throw new TrimtabError('BuildFailed', "The build replaced the app's folder by something else.")
  const result = mergeDeclared(declared)
  tellProcessTypes(job.log, procfile, packs.at(-1)?.detected ?? '', result)
  const durationMs = job.now() - started
  job.log.line(`-----> Build succeeded in ${(durationMs / 1000).toFixed(durationMs < 1000 ? 2 : 1)}s`)
  return job.finish({
    ...result,
    app: job.plan.app.name,
    commit: job.plan.commit,
    packs: packs.map(({ name, detected }) => ({ name, detected })),
    builtAt: new Date(job.now()).toISOString(),
    durationMs,
  })
}

async function compile(job: Job, pack: ReadyPack, before: ReadyPack[]): Promise<void> {
  const args = [job.appDir, job.bench.cache, job.bench.env]
  const exports = before.map((one) => join(one.dir, 'export'))
  const program = join(pack.dir, 'bin/compile')
  const step = pack.builtin && exports.length === 0 ? { program, args } : piped(program, args, exports)
  const end = await job.run(step, { record: true })
  if (end.code !== 0) throw stepFailed(job, pack, 'bin/compile', end)
}

/** bin/release may be missing: many packs leave the process types to the Procfile. */
async function release(job: Job, pack: ReadyPack): Promise<Declared> {
  const program = join(pack.dir, 'bin/release')
  if (!lstatSync(program, { throwIfNoEntry: false })) return { processTypes: {}, configVars: {} }
  const said: Buffer[] = []
  const step = pack.builtin ? { program, args: [job.appDir] } : pipedApart(program, [job.appDir])
  const end = await job.run(step, { out: collect(said, RELEASE_LIMIT + 1), record: true })
  if (end.code !== 0) throw stepFailed(job, pack, 'bin/release', end)
  return parseRelease(Buffer.concat(said).toString('utf8'), pack.name)
}

function stepFailed(job: Job, pack: ReadyPack, program: string, end: StepEnd): TrimtabError {
  const last = job.log.lastLines(20)
  if (job.log.diskFull || saysDiskFull(last)) return diskFull(`the ${pack.name} buildpack ran out of room`)
  return new TrimtabError(
    'BuildFailed',
    `The ${pack.name} buildpack failed: ${program} ${describeEnd(end)}. The end of its log:\n${last}`,
  )
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
