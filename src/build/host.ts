import { mkdirSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { PlatformSpec } from '../domain.ts'
import type { Builder, BuildPlan, BuildState, Source } from '../ports.ts'
import { type Builtin, readBuiltins } from './builtins.ts'
import { removeTree } from './files.ts'
import { BuildLogs } from './logs.ts'
import { endOrphans } from './orphans.ts'
import { performBuild, type Site } from './perform.ts'
import { Planner } from './planner.ts'
import { Scheduler } from './scheduler.ts'
import { Slugs } from './slugs.ts'
import { type FreeBytes, freeBytes } from './space.ts'

export interface HostBuilderOptions {
  /** Absolute path of the state directory. */
  state: string
  source: Source
  builds: PlatformSpec['builds']
  /** The built-in buildpacks: a folder each. */
  buildpacksDir: string
  now?: () => number
  /** From SIGTERM to SIGKILL when a build is ended. */
  graceMs?: number
  free?: FreeBytes
}

/** Builds on the host; `configure` takes over a changed platform.yaml while it runs. */
export interface HostBuilder extends Builder {
  configure(builds: PlatformSpec['builds']): void
}

/** What a build left behind is looked for among all processes: not while its app is just being started. */
const LATER_MS = 1_000

/**
 * A Builder that runs buildpacks in folders of the state directory, as the user that trimtab runs as.
 * The image's `ref` is the app's folder, `<state>/slugs/<key>/app`. One builder owns a state directory at a time.
 */
export function createHostBuilder(options: HostBuilderOptions): HostBuilder {
  const { state, source, now = Date.now, graceMs = 3000, free = freeBytes } = options
  const folder = join(state, 'builds')
  const slugs = new Slugs(join(state, 'slugs'))
  const logs = new BuildLogs(folder, (key) => slugs.log(key))
  const listeners: Array<(plan: BuildPlan, state: BuildState) => void> = []
  const tidying = new Set<Promise<void>>()
  const closing = new AbortController()
  let builds = options.builds
  let packs: Promise<Builtin[]> | undefined
  const builtins = () => {
    packs ??= readBuiltins(options.buildpacksDir).catch((error) => {
      packs = undefined
      throw error
    })
    return packs
  }
  const planner = new Planner(source, builtins)

  const later = (work: () => Promise<unknown>) => {
    const settled = pause(LATER_MS, undefined, { signal: closing.signal })
      .catch(() => {})
      .then(work)
      .then(
        () => {},
        () => {}, // left-overs are removed at the next start
      )
    tidying.add(settled)
    void settled.then(() => tidying.delete(settled))
  }

  mkdirSync(folder, { recursive: true, mode: 0o700 })
  mkdirSync(slugs.root, { recursive: true, mode: 0o700 })
  const choose = async (plan: BuildPlan) => (await planner.resolve(plan, builds.env)).choice
  const site: Site = { state, folder, source, builtins, choose, slugs, logs, now, free, graceMs, later }
  const scheduler = new Scheduler({
    concurrency: () => builds.concurrency,
    run: (plan, signal) => performBuild(site, plan, builds, signal),
    exists: (key) => slugs.exists(key),
    now,
    // Whatever may be in the way of a build will fail that build, in its own words.
    ready: clearAway(folder, slugs).catch(() => {}),
    changed(plan, changed) {
      if (changed.state === 'queued') logs.live(plan.key)
      if (changed.state === 'none') logs.end(plan.key)
      for (const listener of listeners) listener(plan, changed)
    },
  })

  return {
    plan: async (request) => (await planner.resolve(request, builds.env)).plan,
    find: (key) => slugs.find(key),
    want: (app, plan, again) => scheduler.want(app, plan, again),
    state: (key) => scheduler.state(key),
    log: (key) => logs.read(key),
    followLog: (key, signal) => logs.follow(key, signal),
    onChange: (changed) => void listeners.push(changed),
    async prune(keep) {
      const atFirst = keep()
      const isWhole = (key: string, among: Set<string>) => among.has(key) && slugs.exists(key)
      for (const key of await slugs.keys()) {
        if (isWhole(key, atFirst) || isWhole(key, keep()) || scheduler.inUse().has(key)) continue
        await slugs.remove(key)
      }
      scheduler.forget(keep())
      await logs.prune(new Set([...keep(), ...scheduler.inUse()]))
    },
    configure(next) {
      builds = next
      scheduler.pump()
    },
    async close() {
      await scheduler.close()
      closing.abort()
      await Promise.all(tidying)
    },
  }
}

/** After a crash: ends what was being built, then removes what it left. */
async function clearAway(folder: string, slugs: Slugs): Promise<void> {
  await endOrphans(folder)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(folder, entry.name))
  }
  for (const key of await slugs.keys()) if (!slugs.exists(key)) await slugs.remove(key)
}
