/** Builds with buildpacks out of git repositories: a real app's repository, a real git server, a real mirror. */
import { mkdtemp, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { removeTree } from '../../src/build/files.ts'
import { settledPlan } from '../../src/build/packs/settled.ts'
import type { BuildSettings, GitSpec } from '../../src/domain.ts'
import type { Builder, BuildPlan, BuildState, Source } from '../../src/ports.ts'
import { createGitSource, type GitSourceOptions } from '../../src/source/source.ts'
import type { GitHttpOptions } from '../support/githttp.ts'
import { PACKED, type ServedPacks, servePacks } from '../support/packs.ts'
import { type Content, makeRepo, type Repo } from '../support/repo.ts'
import { appSpec } from './world.ts'

type Packing = Builder & { onPacks(changed: (app: string) => void): void }
type Ended = Extract<BuildState, { state: 'succeeded' | 'failed' }>

export interface PackWorld {
  root: string
  packs: ServedPacks
  app: Repo
  builder: Packing
  source: Source
  /** Commits these files of the app; gives the plan of it, once its buildpacks have been fetched. Throws why they could not be. */
  commit(files: Record<string, Content>, settings?: Partial<BuildSettings>): Promise<BuildPlan>
  /** The same of a commit that is there. */
  plan(commit: string, settings?: Partial<BuildSettings>): Promise<BuildPlan>
  build(plan: BuildPlan): Promise<Ended>
  log(plan: BuildPlan): Promise<string>
  /** Another trimtab on the same state. */
  restart(): Promise<void>
}

type Make = (parts: { state: string; source: Source; git: Pick<GitSpec, 'allow'>; root: string }) => Packing

export async function packWorld(
  make: Make,
  options: Partial<GitSourceOptions> = {},
  served: GitHttpOptions = {},
): Promise<PackWorld> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'trimtab-packs-')))
  const state = join(root, 'state')
  const git: Pick<GitSpec, 'allow'> = { allow: ['https', 'ssh', 'http'] }
  const packs = await servePacks(join(root, 'packs'), served)
  const app = makeRepo(join(root, 'app')).write(PACKED)
  const open = () => {
    const source = createGitSource({ state, ...options })
    const builder = make({ state, source, git, root })
    return { source, builder }
  }
  const close = async ({ source, builder }: ReturnType<typeof open>) => {
    await builder.close()
    await source.close()
  }
  const world: PackWorld = {
    root,
    packs,
    app,
    ...open(),
    async commit(files, settings) {
      const commit = app.write(files).commit()
      await world.source.look({ ...appSpec('shop'), repo: app.dir })
      return world.plan(commit, settings)
    },
    async plan(commit, settings = {}) {
      return settledPlan(world.builder, {
        app: { ...appSpec('shop'), repo: app.dir },
        commit,
        settings: { env: {}, ...settings },
      })
    },
    build(plan) {
      const { builder } = world
      return new Promise((resolve) => {
        const look = () => {
          const now = builder.state(plan.key)
          if (now.state === 'succeeded' || now.state === 'failed') resolve(now)
        }
        builder.onChange(look)
        builder.want('shop', plan, true)
        look()
      })
    },
    log: async (plan) => (await world.builder.log(plan.key)) ?? '',
    async restart() {
      await close(world)
      Object.assign(world, open())
    },
  }
  onTestFinished(async () => {
    await close(world)
    await packs.away().catch(() => {})
    await removeTree(root)
  })
  return world
}

/** All four of the fixtures' Heroku kind, by address, as lines. */
export function lines({ packs }: Pick<PackWorld, 'packs'>, ref = ''): string[] {
  return ['toolchain', 'settings', 'server'].map((name) => packs.url(name) + ref)
}
