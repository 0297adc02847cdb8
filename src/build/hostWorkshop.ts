import { createHash, randomBytes } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { ArtifactSettings, Image } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { Surroundings } from './artifact/command.ts'
import { layArtifact } from './artifact/lay.ts'
import { ArtifactStore } from './artifact/store.ts'
import { cacheOf, openBench } from './bench.ts'
import { buildsFolder } from './builder.ts'
import { type Builtin, layOut } from './builtins.ts'
import { buildEnvironment, STACK } from './environment.ts'
import { removeTree } from './files.ts'
import type { HostBuilderOptions } from './host.ts'
import { build, type Job } from './job.ts'
import { BuildTrack, endOrphans } from './orphans.ts'
import { exportPack } from './packs/export.ts'
import type { Place } from './place.ts'
import { Slugs } from './slugs.ts'
import { freeBytes, requireSpace } from './space.ts'
import { runStep } from './step.ts'
import { Tidying } from './tidying.ts'
import type { Work, Workshop } from './workshop.ts'

const DISK = 'the state directory'

/** What an artifact finds where it runs. */
const THIS_MACHINE: Surroundings = {
  name: 'this machine',
  remedy: 'Install it on the host',
  hasProgram: async (name) => (process.env.PATH ?? '').split(delimiter).some((dir) => existsSync(join(dir, name))),
  hasFile: async (path) => existsSync(path),
}

/** Builds on the host itself, each in scratch folders of its own, into slugs. */
export function hostWorkshop(options: HostBuilderOptions, builtins: () => Promise<Builtin[]>): Workshop {
  const { state, source, now = Date.now, graceMs = 3000, free = freeBytes, broken } = options
  const folder = buildsFolder(state)
  const slugs = new Slugs(join(state, 'slugs'))
  mkdirSync(slugs.root, { recursive: true, mode: 0o700 })
  const tidying = new Tidying()
  const artifacts = new ArtifactStore({ state, settings: options.artifacts, now, free })

  return {
    artifacts,
    base: async () => [STACK, process.platform, process.arch],
    find: (key) => slugs.find(key),
    exists: (key) => slugs.exists(key),
    keys: () => slugs.keys(),
    remove: (key) => slugs.remove(key),
    log: (key) => slugs.log(key),
    requireSpace: () => requireSpace(DISK, state, free),
    forget: (app) => removeTree(cacheOf(join(state, 'cache'), app)),
    async make(work) {
      const { key } = work.plan
      if (work.recipe.kind === 'artifact') return makeOfArtifact(work, work.recipe.artifact)
      // The nonce keeps a build apart from the tidying of an earlier one of the same key.
      const nonce = randomBytes(8).toString('hex')
      const scratch = join(folder, `${key}.${nonce}`)
      const cookie = `${createHash('sha256').update(state).digest('hex').slice(0, 16)}-${key}-${nonce}`
      const track = new BuildTrack(`${scratch}.track`, cookie)
      const run: Run = { scratch, cookie, track }
      try {
        const image = await build(await jobOf(work, run))
        tidying.later(() => Promise.all([track.finish(), removeTree(scratch)]))
        return image
      } catch (error) {
        if (run.env && !work.signal.aborted) await broken?.({ kind: 'folder', dir: slugs.app(key), env: run.env }).catch(() => {})
        // What cannot be removed now is removed at the next start; it must not hide why the build failed.
        await track.finish().catch(() => {})
        await Promise.all([removeTree(scratch), slugs.remove(key)]).catch(() => {})
        throw error
      }
    },
    async clearAway() {
      await endOrphans(folder)
      for (const entry of await readdir(folder, { withFileTypes: true })) {
        if (entry.isDirectory()) await removeTree(join(folder, entry.name))
      }
      for (const key of await slugs.keys()) if (!slugs.exists(key)) await slugs.remove(key)
    },
    tidy: async () => {},
    close: () => tidying.close(),
  }

  async function makeOfArtifact(work: Work, artifact: ArtifactSettings): Promise<Image> {
    const { key } = work.plan
    try {
      return await slugs.finish(key, await layArtifact(artifacts, work, artifact, await slugs.begin(key), THIS_MACHINE, now))
    } catch (error) {
      await slugs.remove(key).catch(() => {})
      throw error
    }
  }

  async function jobOf({ plan, recipe, builds, log, signal }: Work, run: Run): Promise<Job> {
    const { app, commit, settings, key } = plan
    if (recipe.kind !== 'buildpacks') throw new TrimtabError('BuildFailed', `A build from a ${recipe.kind} needs containers.`)
    const [bench, tree, packs] = await Promise.all([
      openBench(run.scratch, join(state, 'cache'), app.name, settings.env),
      slugs.begin(key),
      builtins(),
    ])
    const write = (chunk: Buffer) => log.write(chunk)
    const env = buildEnvironment(
      builds,
      { home: bench.home, tmp: bench.tmp, cookie: run.cookie },
      process.env.PATH ?? '/usr/bin:/bin',
    )
    run.env = env
    const place: Place = {
      disk: DISK,
      app: tree,
      cache: bench.cache,
      env: bench.env,
      builtin: (pack) => pack.dir,
      open: async () => {},
      async layOut(pack, index) {
        const dir = join(bench.packs, String(index))
        if (pack.kind === 'builtin') layOut(pack.pack, dir)
        else {
          await mkdir(dir)
          await exportPack(source, app, commit, pack, dir)
        }
        return dir
      },
      async run(step, { out = write, record = false } = {}) {
        const started = record ? (pid: number) => run.track.started(pid) : () => {}
        const end = await runStep({ ...step, cwd: tree, env }, { out, err: write, started, signal, graceMs })
        signal.throwIfAborted()
        return end
      },
      async finish(bill) {
        const isFolder = lstatSync(tree).isDirectory()
        if (!isFolder) throw new TrimtabError('BuildFailed', "The build replaced the app's folder by something else.")
        return slugs.finish(key, bill)
      },
    }
    const exportApp = (dir: string) => source.export(app, commit, app.path, dir, { omit: ['app.yaml'] })
    return { plan, choice: recipe.choice, builtins: packs, tree, place, log, signal, now, exportApp }
  }
}

interface Run {
  scratch: string
  cookie: string
  track: BuildTrack
  /** Of its steps, once it has any. */
  env?: Record<string, string>
}
