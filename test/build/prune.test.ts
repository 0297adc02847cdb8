import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { failureOf, HELLO, imageOf, pack, world } from './world.ts'

test('prune keeps what is asked for, wanted or being built, and removes the rest', async () => {
  const { root, build, plan, builder, until } = await world()
  const [old, kept, wanted] = [
    await plan({ ...HELLO, n: '1' }),
    await plan({ ...HELLO, n: '2' }),
    await plan({ ...HELLO, n: '3' }),
  ]
  for (const one of [old, kept, wanted]) imageOf(await build(one))
  const running = await plan(pack(`until [ -e ${root}/go ]; do sleep 0.02; done`), { app: 'other' })
  builder.want('other', running)
  await until(running, (state) => state.state === 'running')
  const leftOver = join(root, 'state/slugs', 'e'.repeat(40))
  await mkdir(join(leftOver, 'app'), { recursive: true })

  await builder.prune(() => new Set([kept.key]))
  expect(await builder.find(old.key)).toBeNull()
  expect(await builder.find(kept.key)).not.toBeNull()
  expect(await builder.find(wanted.key)).not.toBeNull()
  expect(existsSync(leftOver)).toBe(false)
  await writeFile(join(root, 'go'), '')
  expect((await until(running, (state) => state.state !== 'running')).state).toBe('succeeded')
  await builder.prune(() => new Set())
  expect((await readdir(join(root, 'state/slugs'))).sort()).toEqual([wanted.key, running.key].sort())
})

test('what is released of while prune looks around is kept', async () => {
  const { build, plan, builder } = await world()
  const one = await plan({ ...HELLO, n: '1' })
  imageOf(await build(one))
  const keep = new Set<string>()
  const pruning = builder.prune(() => keep)
  // As a pass does it when it makes a release: from then on the image is the release's, and nobody's wish.
  keep.add(one.key)
  builder.want('shop', null)
  await pruning
  expect(await builder.find(one.key)).not.toBeNull()
})

test('a slug with read-only folders is removed as well', async () => {
  const { build, plan, builder } = await world()
  const one = await plan(pack('mkdir -p "$1/ro/deep"; touch "$1/ro/deep/f"; chmod -R a-w "$1/ro"'))
  imageOf(await build(one))
  builder.want('shop', null)
  await builder.prune(() => new Set())
  expect(await builder.find(one.key)).toBeNull()
})

test('logs of failed builds are kept for a while, not for ever', async () => {
  const { root, build, plan, builder } = await world()
  for (let i = 0; i < 25; i += 1) failureOf(await build(await plan({ n: String(i) })))
  await builder.prune(() => new Set())
  const logs = (await readdir(join(root, 'state/builds'))).filter((name) => name.endsWith('.log'))
  expect(logs.length).toBe(21) // the last one is still wanted
})
