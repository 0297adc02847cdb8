import { mkdtemp, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { ConfiguredBuilder } from '../../src/build/builder.ts'
import { removeTree } from '../../src/build/files.ts'
import { createHostBuilder, type HostBuilderOptions } from '../../src/build/host.ts'
import type { AppSpec, BuildSettings, PlatformSpec } from '../../src/domain.ts'
import type { BuildPlan, BuildState } from '../../src/ports.ts'
import { DirSource, type Tree } from '../support/dirsource.ts'

export const BUILDPACKS = join(import.meta.dirname, '../../buildpacks')

type Ended = Extract<BuildState, { state: 'succeeded' | 'failed' }>

/** A state directory, a source and a builder, removed with the test. */
export interface World {
  root: string
  source: DirSource
  builder: ConfiguredBuilder
  /** Plans a tree (or a commit) as this app. */
  plan(tree: Tree | string, options?: { app?: string; path?: string; settings?: Partial<BuildSettings> }): Promise<BuildPlan>
  /** Wants it and waits for its end. */
  build(plan: BuildPlan, again?: boolean): Promise<Ended>
  /** Waits until a build's state satisfies this. */
  until(plan: BuildPlan, ok: (state: BuildState) => boolean): Promise<BuildState>
  log(plan: BuildPlan): Promise<string>
  /** A second builder on the same state, as after a restart. */
  restart(options?: Partial<HostBuilderOptions>): ConfiguredBuilder
}

export async function world(options: Partial<HostBuilderOptions> & { root?: string } = {}): Promise<World> {
  const root = options.root ?? (await realpath(await mkdtemp(join(tmpdir(), 'trimtab-build-'))))
  const source = new DirSource(join(root, 'source'))
  const builds: PlatformSpec['builds'] = { concurrency: 2, timeoutMs: 60_000, env: {} }
  const builders: ConfiguredBuilder[] = []
  const restart = (more: Partial<HostBuilderOptions> = {}) => {
    const defaults = { state: join(root, 'state'), source, builds, buildpacksDir: BUILDPACKS, graceMs: 500 }
    const builder = createHostBuilder({ ...defaults, ...options, ...more })
    builders.push(builder)
    return builder
  }
  const builder = restart()
  onTestFinished(async () => {
    for (const one of builders) await one.close()
    await removeTree(root)
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
  }
}

export function appSpec(name: string, path = ''): AppSpec {
  return { name, repo: '/repo', path }
}

/** The whole of a buildpack, or of an app that carries its own. */
export function pack(compile: string, options: { detect?: string; release?: string; at?: string } = {}): Tree {
  const script = (text: string) => ({ text: `#!/usr/bin/env bash\n${text}\n` })
  const at = options.at ?? ''
  return {
    [`${at}bin/detect`]: script(options.detect ?? 'echo Own'),
    [`${at}bin/compile`]: script(compile),
    [`${at}bin/release`]: script(options.release ?? 'echo "--- {}"'),
  }
}

/** The image of a build that is expected to succeed; says why if it did not. */
export function imageOf(end: Ended) {
  if (end.state === 'failed') throw new Error(`${end.failure.code}: ${end.failure.message}`)
  return end.image
}

/** The failure of a build that is expected to fail. */
export function failureOf(end: Ended) {
  if (end.state !== 'failed') throw new Error('the build succeeded')
  return { ...end.failure, retry: end.retry }
}

export const HELLO: Tree = {
  'package.json': JSON.stringify({ name: 'hello', private: true, scripts: { start: 'node server.js' } }, null, 2),
  'server.js': "require('http').createServer((q, s) => s.end('hello')).listen(process.env.PORT)\n",
}
