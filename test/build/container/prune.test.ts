import { expect, test, vi } from 'vitest'
import { imageRef, ours } from '../../../src/engine/labels.ts'
import { HELLO, imageOf, pack } from '../world.ts'
import { run } from './run.ts'
import { world } from './world.ts'

test('prune keeps what is asked for, wanted, or used by a container, and removes the rest; caches and strangers stay', async (context) => {
  const w = await world(context)
  const [old, kept, used, wanted] = await Promise.all(['1', '2', '3', '4'].map((n) => w.plan({ ...HELLO, n })))
  if (!old || !kept || !used || !wanted) throw new Error('four plans')
  for (const one of [old, kept, used, wanted]) imageOf(await w.build(one))
  await run(w, imageOf(await w.build(used)), ['-c', 'sleep 600'])
  imageOf(await w.build(wanted))
  const { docker } = w.engine
  await docker.createVolume({ Name: `${w.platform}-data`, Labels: { 'trimtab.platform': w.platform, 'trimtab.app': 'shop' } })
  // What an earlier trimtab left: a container of a build, and an image that a newer one of its key took the name of.
  const labels = { 'trimtab.platform': w.platform, 'trimtab.role': 'build' }
  const left = await docker.createContainer({
    Image: w.stack,
    Cmd: ['sleep', '600'],
    Labels: labels,
    HostConfig: { NetworkMode: 'none' },
  })
  await left.start()
  const nameless = await left.commit({ _query: { container: left.id }, _body: { Labels: labels } })
  const stranger = await docker.createContainer({
    Image: w.stack,
    Cmd: ['true'],
    Labels: { 'trimtab.platform': 'another', 'trimtab.role': 'build' },
  })

  await w.builder.prune(() => new Set([kept.key]))
  const found = await Promise.all([old, kept, used, wanted].map(({ key }) => w.builder.find(key)))
  expect(found.map((image) => image !== null)).toEqual([false, true, true, true])
  await expect(left.inspect()).rejects.toMatchObject({ statusCode: 404 })
  await expect(docker.getImage(nameless.Id).inspect()).rejects.toMatchObject({ statusCode: 404 })
  await expect(stranger.inspect()).resolves.toBeDefined()
  await stranger.remove()
  const { Volumes } = await docker.listVolumes({ filters: ours(w.platform) })
  expect(Volumes.map(({ Name }) => Name).sort()).toEqual([`${w.platform}-data`, `trimtab-${w.platform}-cache-shop`])
})

test('a build that runs, and the container that waits for the next, are no left-overs', async (context) => {
  const w = await world(context)
  imageOf(await w.build(await w.plan(HELLO, { app: 'first' })))
  const ready = `trimtab-${w.platform}-ready-first`
  await vi.waitFor(async () => expect(await w.containers()).toEqual([ready]), 20_000)
  const plan = await w.plan(pack('until [ -e "$2/go" ]; do sleep 0.05; [ "$SECONDS" -lt 5 ] || touch "$2/go"; done'))
  w.builder.want('shop', plan)
  await vi.waitFor(async () => expect(await w.containers()).toHaveLength(2), 20_000)
  await w.builder.prune(() => new Set())
  expect(await w.containers()).toEqual([`trimtab-${w.platform}-build-${plan.key.slice(0, 12)}`, ready])
  expect((await w.until(plan, ({ state }) => state !== 'running')).state).toBe('succeeded')
  await expect(w.engine.docker.getImage(imageRef(w.platform, plan.key)).inspect()).resolves.toBeDefined()
})

test('builds of an app in quick succession, with pruning between: none takes another’s container away', async (context) => {
  const w = await world(context)
  const pruning = setInterval(() => void w.builder.prune(() => new Set()).catch(() => {}), 100)
  try {
    for (let n = 0; n < 8; n += 1) {
      imageOf(await w.build(await w.plan(pack(`sleep 0.${n}`))))
      // Where the next one meets what the former has left to be done.
      await new Promise((resolve) => setTimeout(resolve, (n % 4) * 150))
    }
  } finally {
    clearInterval(pruning)
  }
  await vi.waitFor(async () => expect(await w.containers()).toHaveLength(1), 20_000)
  await w.builder.close()
  expect(await w.containers()).toEqual([])
}, 60_000)
