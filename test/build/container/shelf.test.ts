import { expect, test, vi } from 'vitest'
import { createEngine, type Engine } from '../../../src/engine/engine.ts'
import { imageRef } from '../../../src/engine/labels.ts'
import { sharedEngine } from '../../support/docker.ts'
import { HELLO, imageOf } from '../world.ts'
import { world } from './world.ts'

/** An engine that counts what it is asked. */
function counting(engine: Engine): { engine: Engine; count: () => number } {
  let questions = 0
  const ask: Engine['ask'] = (work, limit) => {
    questions++
    return engine.ask(work, limit)
  }
  return { engine: { ...engine, ask }, count: () => questions }
}

test('however many apps ask, the engine is asked once', async (context) => {
  const { engine, count } = counting(createEngine((await sharedEngine(context)).socket))
  const w = await world(context, { engine })
  const commit = await w.source.commit(HELLO)
  const plan = await w.plan(commit)
  imageOf(await w.build(plan))
  await vi.waitFor(async () => expect(await w.containers()).toHaveLength(1), 20_000)
  const before = count()
  const apps = Array.from({ length: 300 }, (_, n) => w.plan(commit, { app: `app-${n}` }))
  for (const { key } of await Promise.all(apps)) expect(await w.builder.find(key)).not.toBeNull()
  expect(count() - before).toBeLessThanOrEqual(1)
})

test('what somebody does to images is noticed at once, our own doings are no news', async (context) => {
  const changed = vi.fn()
  const w = await world(context)
  w.builder.onImages(changed)
  const plan = await w.plan(HELLO)
  const { ref } = imageOf(await w.build(plan))
  expect(await w.builder.find(plan.key)).not.toBeNull()
  await w.engine.docker.getImage(ref).tag({ repo: `trimtab/${w.platform}-else`, tag: '1' })
  await vi.waitFor(async () => expect(await w.builder.find(plan.key)).not.toBeNull())
  expect(changed).not.toHaveBeenCalled()

  await w.engine.docker.getImage(ref).remove({ force: true })
  await vi.waitFor(() => expect(changed).toHaveBeenCalled(), 5000)
  expect(await w.builder.find(plan.key)).toBeNull()
  expect(w.builder.state(plan.key)).toEqual({ state: 'none' })
  await w.engine.docker.getImage(`trimtab/${w.platform}-else:1`).remove()
})

test('an image that only has our name is none of ours', async (context) => {
  const w = await world(context)
  const key = 'a'.repeat(40)
  const [repo = '', tag = ''] = imageRef(w.platform, key).split(':')
  await w.engine.docker.getImage(w.stack).tag({ repo, tag })
  expect(await w.builder.find(key)).toBeNull()
  await w.builder.prune(() => new Set([key]))
  await expect(w.engine.docker.getImage(imageRef(w.platform, key)).inspect()).rejects.toMatchObject({ statusCode: 404 })
  await expect(w.engine.docker.getImage(w.stack).inspect()).resolves.toBeDefined()
})
