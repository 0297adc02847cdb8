import { mkdtemp, readFile, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { removeTree } from '../../src/build/files.ts'
import { createHostBuilder } from '../../src/build/host.ts'
import type { BuildPlan, BuildState } from '../../src/ports.ts'
import { createGitSource } from '../../src/source/source.ts'
import { makeRepo } from '../support/repo.ts'
import { BUILDPACKS } from './world.ts'

test('from a true repository: links and executable bits hold, a shared pack lies beside the app, a revert builds nothing', async () => {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'trimtab-build-git-')))
  const source = createGitSource({ state: join(root, 'state') })
  const builds = { concurrency: 1, timeoutMs: 60_000, env: {} }
  const builder = createHostBuilder({ state: join(root, 'state'), source, builds, buildpacksDir: BUILDPACKS })
  onTestFinished(async () => {
    await builder.close()
    await source.close()
    await removeTree(root)
  })
  const ended: string[] = []
  builder.onChange((plan, state) => state.state !== 'queued' && ended.push(`${plan.key.slice(0, 4)} ${state.state}`))

  const repo = makeRepo(join(root, 'repo')).write({
    'packs/ours/bin/detect': { executable: '#!/bin/sh\necho Ours\n' },
    'packs/ours/bin/compile': { link: '../lib/compile' },
    'packs/ours/lib/compile': { executable: '#!/bin/sh\necho compiled > "$1/made"\n' },
    'shop/app.yaml': 'env: {A: b}\n',
    'shop/text': 'one\n',
    'shop/link': { link: 'text' },
  })
  const first = repo.commit()
  const second = repo.write({ 'shop/text': 'two\n' }).commit()
  const third = repo.revert()
  const app = { name: 'shop', repo: repo.dir, path: 'shop' }
  await source.look(app)

  const plan = (commit: string) => builder.plan({ app, commit, settings: { env: {}, buildpacks: ['./packs/ours'] } })
  const build = async (one: BuildPlan) => {
    builder.want('shop', one)
    const done = (state: BuildState) => state.state === 'succeeded' || state.state === 'failed'
    if (!done(builder.state(one.key))) {
      await new Promise<void>((resolve) => builder.onChange((_, state) => done(state) && resolve()))
    }
    return builder.find(one.key)
  }
  const plans = [await plan(first), await plan(second), await plan(third)] as const
  const one = await build(plans[0])
  await build(plans[1])
  const again = await build(plans[2])
  expect(plans[2].key).toBe(plans[0].key)
  expect(again).toEqual(one)
  expect(ended.filter((line) => line.endsWith('running')).length).toBe(2)
  expect(await readFile(join(one?.ref ?? '', 'link'), 'utf8')).toBe('one\n')
  expect(await readFile(join(one?.ref ?? '', 'made'), 'utf8')).toBe('compiled\n')
  await expect(readFile(join(one?.ref ?? '', 'app.yaml'))).rejects.toThrow()
})
