/** A build of a working directory, for trying before committing: the same builder, on a state directory of its own. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { builderOf } from '../adapters.ts'
import type { Broken } from '../build/broken.ts'
import { settledPlan } from '../build/packs/settled.ts'
import { type ChosenRuntime, choose, readChosen } from '../chosen.ts'
import type { AppSpec, Image, PlatformSpec } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { parseManifest } from '../manifest/manifest.ts'
import type { Builder, BuildPlan, BuildState } from '../ports.ts'
import { requireAbilities } from '../release/abilities.ts'
import { createGitSource } from '../source/source.ts'
import { lockState } from '../store/lock.ts'
import { commitTree, type Place, placeOf } from './worktree.ts'

export interface TrialOptions {
  /** Absolute path of the app's folder. */
  dir: string
  /** What platform.yaml says. */
  platform: PlatformSpec
  env: NodeJS.ProcessEnv
  /** The log, as it comes. */
  log: (text: string) => void
  /** Called where the build broke, before what is left of it goes. */
  broken?: (what: Broken) => Promise<void>
  signal: AbortSignal
}

export type Trial = { image: Image; durationMs: number; reused: boolean; kind: ChosenRuntime['kind'] }

/** Builds it. Throws what a commit of it would fail with. */
export async function tryBuild({ dir, platform, env, log, broken, signal }: TrialOptions): Promise<Trial> {
  const place = await placeOf(dir)
  const state = stateFor(place, env)
  const unlock = lockState(state)
  try {
    const { runtime } = await choose({ ...platform, state }, readChosen(platform.state), env)
    const manifest = parseManifest({ appYaml: read(join(dir, 'app.yaml')), procfile: read(join(dir, 'Procfile')) })
    requireAbilities(manifest, platform.runtime.kind === 'auto' ? { ...platform, runtime } : platform)
    const repo = join(state, 'tree.git')
    await commitTree(place.root, repo)
    const app: AppSpec = { name: nameOf(dir), repo, branch: 'main', path: place.path }
    const source = createGitSource({ state })
    const builder = await builderOf(runtime, {
      platform: { ...platform, state },
      source,
      now: Date.now,
      ...(broken && { broken }),
    })
    try {
      const { commit } = await source.look(app)
      const plan = await settledPlan(builder, { app, commit, settings: manifest.build }, signal)
      const known = await builder.find(plan.key)
      const end = known ? null : await built(builder, plan, log, signal)
      const image = known ?? end?.image
      if (!image) throw new TrimtabError('BuildCancelled', 'The build was ended.')
      await builder.prune(() => new Set([plan.key]))
      return { image, durationMs: end?.durationMs ?? 0, reused: known !== null, kind: runtime.kind }
    } finally {
      await builder.close()
      await source.close()
    }
  } finally {
    unlock()
  }
}

type Ended = Extract<BuildState, { state: 'succeeded' }>

async function built(builder: Builder, plan: BuildPlan, log: (text: string) => void, signal: AbortSignal): Promise<Ended> {
  const ended = new Promise<BuildState>((resolve) => {
    builder.onChange((of, state) => {
      if (of.key === plan.key && (state.state === 'succeeded' || state.state === 'failed')) resolve(state)
    })
    signal.addEventListener('abort', () => resolve({ state: 'none' }), { once: true })
  })
  builder.want(plan.app.name, plan)
  const stop = new AbortController()
  const told = (async () => {
    for await (const text of builder.followLog(plan.key, stop.signal)) log(text)
  })()
  const state = await ended
  // A log ends with its build; one that was broken off may have none.
  if (state.state === 'none') stop.abort()
  await told
  if (state.state === 'succeeded') return state
  if (state.state === 'failed') throw new TrimtabError(state.failure.code, state.failure.message)
  throw new TrimtabError('BuildCancelled', 'The build was ended.')
}

/** Caches are worth keeping from one try to the next; platforms know nothing of them. */
function stateFor({ root, path }: Place, env: NodeJS.ProcessEnv): string {
  const cache = env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache')
  const state = join(cache, 'trimtab', 'trial', createHash('sha256').update(`${root}\0${path}`).digest('hex').slice(0, 16))
  mkdirSync(state, { recursive: true, mode: 0o700 })
  return state
}

function nameOf(dir: string): string {
  const name = basename(dir)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  return name.slice(0, 40) || 'app'
}

function read(file: string): Buffer | null {
  try {
    return readFileSync(file)
  } catch {
    return null
  }
}
