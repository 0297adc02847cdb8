import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ArtifactsSpec, BuildsSpec, GitSpec, PlatformSpec } from '../domain.ts'
import type { Artifacts, Builder, BuildPlan, BuildRequest, BuildState, Source } from '../ports.ts'
import type { Broken } from './broken.ts'
import { type Builtin, readBuiltins } from './builtins.ts'
import { fetchImage } from './fetch.ts'
import { buildsFor, forkMark } from './fork.ts'
import { BuildLogs } from './logs.ts'
import { Memory } from './packs/memory.ts'
import { Pins } from './packs/pins.ts'
import { performBuild } from './perform.ts'
import { Planner } from './planner.ts'
import { Scheduler } from './scheduler.ts'
import type { Workshop } from './workshop.ts'

/** A builder that takes over a changed platform.yaml while it runs. */
export interface ConfiguredBuilder extends Builder {
  configure(platform: Pick<PlatformSpec, 'builds'> & Partial<Pick<PlatformSpec, 'git' | 'artifacts'>>): void
  artifacts: Artifacts
  /** The app is gone: what its builds have left for its next one goes too. */
  forget(app: string): Promise<void>
  /** Called with an app whose buildpacks have been fetched, or could not be: look again. */
  onPacks(changed: (app: string) => void): void
}

export interface BuilderOptions {
  /** Absolute path of the state directory. */
  state: string
  source: Source
  builds: BuildsSpec
  /** How far a repository may reach for buildpacks. Default: https and ssh. */
  git?: Pick<GitSpec, 'allow'>
  /** The built-in buildpacks: a folder each. */
  buildpacksDir: string
  now?: () => number
  /** What artifacts may be. Default: fetched over https, from elsewhere, 1 GiB. */
  artifacts?: ArtifactsSpec
  /** Called where a build with buildpacks broke, before what is left of it goes; that waits for its end. */
  broken?: (what: Broken) => Promise<void>
}

/** Reads the built-in buildpacks once; again only after it failed. */
export function rememberBuiltins(dir: string): () => Promise<Builtin[]> {
  let packs: Promise<Builtin[]> | undefined
  return () => {
    packs ??= readBuiltins(dir).catch((error) => {
      packs = undefined
      throw error
    })
    return packs
  }
}

/** `<state>/builds`: scratch folders, logs, and the records of running builds. */
export function buildsFolder(state: string): string {
  const folder = join(state, 'builds')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

/** A Builder around a workshop. One builder owns a state directory at a time. */
export function createBuilder(shop: Workshop, builtins: () => Promise<Builtin[]>, options: BuilderOptions): ConfiguredBuilder {
  const { source, now = Date.now } = options
  const logs = new BuildLogs(buildsFolder(options.state), (key) => shop.log(key))
  const listeners: Array<(plan: BuildPlan, state: BuildState) => void> = []
  let { builds, git = { allow: ['https', 'ssh'] } } = options
  const pins = new Pins({ packs: source.packs, memory: new Memory(join(options.state, 'packs')), now })
  const planner = new Planner(source, builtins, { pins, allow: () => git.allow })

  const resolve = async (request: BuildRequest) =>
    planner.resolve(request, buildsFor(request.app, builds).env, [...(await shop.base(request)), ...forkMark(request.app)])
  const scheduler = new Scheduler({
    concurrency: () => builds.concurrency,
    ...(shop.fetch && { fetch: (plan, signal) => fetchImage({ shop, logs, now }, plan, signal) }),
    run: (plan, signal) => performBuild({ shop, logs, resolve, now }, plan, buildsFor(plan.app, builds), signal),
    exists: (key) => shop.exists(key),
    step: (key) => logs.topic(key),
    now,
    // Whatever may be in the way of a build will fail that build, in its own words.
    ready: shop.clearAway().catch(() => {}),
    changed(plan, changed) {
      if (changed.state === 'queued') logs.live(plan.key)
      if (changed.state === 'none') logs.end(plan.key)
      for (const listener of listeners) listener(plan, changed)
    },
  })

  /** Where nothing has come of buildpacks that were fetched, somebody may have mended one: the next plan may be another. */
  const replans = (key: string) => {
    const ended = scheduler.state(key)
    if (ended.state !== 'failed' || ended.retry || !planner.renew(key)) return false
    scheduler.forgetFailure(key)
    return true
  }

  return {
    plan: async (request) => (await resolve(request)).plan,
    find: (key) => shop.find(key),
    want(app, plan, again) {
      if (plan?.draft && again) pins.again(plan.key)
      const isAnother = plan !== null && again === true && replans(plan.key)
      scheduler.want(app, plan?.draft || isAnother ? null : plan, again)
    },
    artifacts: {
      put: (name, content) => shop.artifacts.put(name, content),
      list: () => shop.artifacts.list(),
      remove: (sha256, keep) => shop.artifacts.remove(sha256, new Set([...keep, ...scheduler.inUse()])),
    },
    state: (key) => pins.state(key) ?? scheduler.state(key),
    log: (key) => logs.read(key),
    followLog: (key, signal) => logs.follow(key, signal),
    onChange: (changed) => void listeners.push(changed),
    onPacks: (changed) => pins.onChange(changed),
    forget: (app) => shop.forget(app),
    async prune(keep) {
      const atFirst = keep()
      const isWhole = (key: string, among: Set<string>) => among.has(key) && shop.exists(key)
      for (const key of await shop.keys()) {
        if (isWhole(key, atFirst) || isWhole(key, keep()) || scheduler.inUse().has(key)) continue
        await shop.remove(key)
      }
      await shop.tidy(() => scheduler.inUse(), keep)
      scheduler.forget(keep())
      await logs.prune(new Set([...keep(), ...scheduler.inUse()]))
      await shop.artifacts.prune(() => new Set([...keep(), ...scheduler.inUse()]))
    },
    configure(platform) {
      builds = platform.builds
      git = platform.git ?? git
      if (platform.artifacts) shop.artifacts.configure(platform.artifacts)
      scheduler.pump()
    },
    async close() {
      await scheduler.close()
      await shop.close()
    },
  }
}
