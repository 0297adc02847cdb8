import { createHash, randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PlatformSpec } from '../domain.ts'
import { asTrimtabError, TrimtabError } from '../errors.ts'
import type { BuildPlan, Source } from '../ports.ts'
import { openBench } from './bench.ts'
import type { Builtin } from './builtins.ts'
import type { Choice } from './choose.ts'
import { buildEnvironment } from './environment.ts'
import { removeTree } from './files.ts'
import { build, type Job } from './job.ts'
import type { BuildLogs } from './logs.ts'
import { BuildTrack } from './orphans.ts'
import type { BuildEnd } from './scheduler.ts'
import type { Slugs } from './slugs.ts'
import { type FreeBytes, requireSpace } from './space.ts'
import { runStep } from './step.ts'

/** What every build of this state directory shares. */
export interface Site {
  state: string
  /** `<state>/builds`: scratch folders, logs, and the records of running builds. */
  folder: string
  source: Source
  builtins: () => Promise<Builtin[]>
  choose: (plan: BuildPlan) => Promise<Choice>
  slugs: Slugs
  logs: BuildLogs
  now: () => number
  free: FreeBytes
  graceMs: number
  /** Tidying that nobody has to wait for, but close(). */
  later: (work: () => Promise<unknown>) => void
}

/** Performs one build and tells how it ended. Never throws, and leaves only a whole slug or nothing, and the log. */
export async function performBuild(
  site: Site,
  plan: BuildPlan,
  builds: PlatformSpec['builds'],
  cancel: AbortSignal,
): Promise<BuildEnd> {
  const started = site.now()
  const found = await site.slugs.find(plan.key)
  if (found !== null) {
    site.logs.end(plan.key)
    return { state: 'succeeded', image: found, durationMs: 0 }
  }
  const log = site.logs.live(plan.key)
  const late = new AbortController()
  const limit = plan.settings.timeoutMs ?? builds.timeoutMs
  const timer = setTimeout(() => late.abort(tooLong(limit)), limit)
  const signal = AbortSignal.any([cancel, late.signal])
  // The nonce keeps a build apart from the tidying of an earlier one of the same key.
  const nonce = randomBytes(8).toString('hex')
  const scratch = join(site.folder, `${plan.key}.${nonce}`)
  let track: BuildTrack | undefined
  try {
    log.open()
    await requireSpace(site.state, site.free)
    const cookie = `${createHash('sha256').update(site.state).digest('hex').slice(0, 16)}-${plan.key}-${nonce}`
    track = new BuildTrack(`${scratch}.track`, cookie)
    const image = await build(await prepare(site, plan, builds, { scratch, cookie, track, signal }))
    log.end()
    log.move(site.slugs.log(plan.key))
    const made = track
    site.later(() => Promise.all([made.finish(), removeTree(scratch)]))
    return { state: 'succeeded', image, durationMs: site.now() - started }
  } catch (thrown) {
    const error = asTrimtabError(signal.aborted ? signal.reason : thrown)
    log.line(` !     ${error.message.split('\n')[0]}`)
    // What cannot be removed now is removed at the next start; it must not hide why the build failed.
    await track?.finish().catch(() => {})
    await Promise.all([removeTree(scratch), site.slugs.remove(plan.key)]).catch(() => {})
    return { state: 'failed', failure: error.failure, retry: error.retry, durationMs: site.now() - started }
  } finally {
    clearTimeout(timer)
    site.logs.end(plan.key)
  }
}

interface Run {
  scratch: string
  cookie: string
  track: BuildTrack
  signal: AbortSignal
}

async function prepare(site: Site, plan: BuildPlan, builds: PlatformSpec['builds'], run: Run): Promise<Job> {
  const { app, commit, settings } = plan
  const [bench, appDir, builtins, choice] = await Promise.all([
    openBench(run.scratch, join(site.state, 'cache'), app.name, settings.env),
    site.slugs.begin(plan.key),
    site.builtins(),
    site.choose(plan),
  ])
  const log = site.logs.live(plan.key)
  const write = (chunk: Buffer) => log.write(chunk)
  const env = buildEnvironment(
    builds,
    { home: bench.home, tmp: bench.tmp, cookie: run.cookie },
    process.env.PATH ?? '/usr/bin:/bin',
  )
  return {
    plan,
    choice,
    builtins,
    appDir,
    bench,
    log,
    signal: run.signal,
    now: site.now,
    exportApp: (dir) => site.source.export(app, commit, app.path, dir, { omit: ['app.yaml'] }),
    exportPack: async (path, dir) => {
      await mkdir(dir)
      await site.source.export(app, commit, path, dir)
    },
    finish: (meta) => site.slugs.finish(plan.key, meta),
    async run(step, { out = write, record = false } = {}) {
      const started = record ? (pid: number) => run.track.started(pid) : () => {}
      const options = { out, err: write, started, signal: run.signal, graceMs: site.graceMs }
      const end = await runStep({ ...step, cwd: appDir, env }, options)
      run.signal.throwIfAborted()
      return end
    },
  }
}

function tooLong(limit: number): TrimtabError {
  const text = limit >= 60_000 ? `${Math.round(limit / 6000) / 10} min` : `${limit / 1000} s`
  return new TrimtabError(
    'BuildTimeout',
    `The build took longer than ${text} and was ended. If it needs more, set build.timeout in app.yaml, or builds.timeout in platform.yaml.`,
  )
}
