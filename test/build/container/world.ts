import { randomBytes } from 'node:crypto'
import { mkdtemp, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, type TestContext } from 'vitest'
import {
  type ContainerBuilder,
  type ContainerBuilderOptions,
  createContainerBuilder,
} from '../../../src/build/container/builder.ts'
import { removeTree } from '../../../src/build/files.ts'
import type { BuildSettings, BuildsSpec, DockerfileSettings } from '../../../src/domain.ts'
import { createEngine, type Engine } from '../../../src/engine/engine.ts'
import { ours } from '../../../src/engine/labels.ts'
import type { BuildPlan, BuildState } from '../../../src/ports.ts'
import { DirSource, type Tree } from '../../support/dirsource.ts'
import { sharedEngine, stackImage } from '../../support/docker.ts'
import { appSpec, BUILDPACKS } from '../world.ts'

type Ended = Extract<BuildState, { state: 'succeeded' | 'failed' }>

/** A platform of its own on the shared engine, and a builder; everything of it is removed with the test. */
export interface World {
  root: string
  engine: Engine
  platform: string
  stack: string
  source: DirSource
  builder: ContainerBuilder
  plan(tree: Tree | string, options?: { app?: string; path?: string; settings?: Partial<BuildSettings> }): Promise<BuildPlan>
  build(plan: BuildPlan, again?: boolean): Promise<Ended>
  until(plan: BuildPlan, ok: (state: BuildState) => boolean): Promise<BuildState>
  log(plan: BuildPlan): Promise<string>
  /** A second builder on the same state, as after a restart. */
  restart(options?: Partial<ContainerBuilderOptions>): ContainerBuilder
  /** Names of the platform's containers, running or not. */
  containers(): Promise<string[]>
}

export async function world(context: TestContext, options: Partial<ContainerBuilderOptions> = {}): Promise<World> {
  const { socket } = await sharedEngine(context)
  const engine = options.engine ?? createEngine(socket)
  const stack = options.stack ?? (await stackImage(socket))
  const platform = `t-${randomBytes(6).toString('hex')}`
  const root = await realpath(await mkdtemp(join(tmpdir(), 'trimtab-build-')))
  const source = new DirSource(join(root, 'source'))
  const builds: BuildsSpec = { concurrency: 2, timeoutMs: 60_000, env: {} }
  const builders: ContainerBuilder[] = []
  const restart = (more: Partial<ContainerBuilderOptions> = {}) => {
    const place = { state: join(root, 'state'), source, buildpacksDir: BUILDPACKS }
    const builder = createContainerBuilder({ engine, platform, stack, registries: {}, builds, ...place, ...options, ...more })
    builders.push(builder)
    return builder
  }
  const builder = restart()
  onTestFinished(async () => {
    for (const one of builders) await one.close()
    await removeTree(root)
    await removeAll(createEngine(socket), platform)
  })
  const until = (plan: BuildPlan, ok: (state: BuildState) => boolean) =>
    new Promise<BuildState>((resolve) => {
      const look = () => {
        const state = builder.state(plan.key)
        if (ok(state)) resolve(state)
      }
      builder.onChange(() => look())
      look()
    })
  return {
    root,
    engine,
    platform,
    stack,
    source,
    builder,
    restart,
    until,
    async plan(tree, { app = 'shop', path = '', settings = {} } = {}) {
      const commit = typeof tree === 'string' ? tree : await source.commit(tree)
      return builder.plan({ app: appSpec(app, path), commit, settings: { env: {}, ...settings } })
    },
    async build(plan, again) {
      builder.want(plan.app.name, plan, again)
      return (await until(plan, (state) => state.state === 'succeeded' || state.state === 'failed')) as Ended
    },
    log: async (plan) => (await builder.log(plan.key)) ?? '',
    async containers() {
      const list = await engine.docker.listContainers({ all: true, filters: ours(platform) })
      return list.map(({ Names }) => (Names[0] ?? '').slice(1)).sort()
    },
  }
}

/** `build.dockerfile`, with what is not said as app.yaml would have it. */
export function dockerfile(path: string, more: Partial<DockerfileSettings> = {}): DockerfileSettings {
  return { path, args: {}, secrets: [], ...more }
}

/** Whatever is still there of a platform. */
async function removeAll({ docker }: Engine, platform: string): Promise<void> {
  const filters = ours(platform)
  for (const { Id } of await docker.listContainers({ all: true, filters })) {
    await docker
      .getContainer(Id)
      .remove({ force: true, v: true })
      .catch(() => {})
  }
  const reference = [`trimtab/${platform}`]
  for (const { RepoTags } of await docker.listImages({ filters: { reference } })) {
    for (const tag of RepoTags ?? []) await docker.getImage(tag).remove({ force: true })
  }
  for (const { Id } of await docker.listImages({ filters: { ...filters, dangling: ['true'] } })) {
    await docker
      .getImage(Id)
      .remove({ force: true })
      .catch(() => {})
  }
  for (const { Name } of (await docker.listVolumes({ filters })).Volumes) await docker.getVolume(Name).remove()
  for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove()
}
