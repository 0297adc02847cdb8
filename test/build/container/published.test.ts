/** The platform's own registry: what is made goes there, and what the engine has lost comes back from there. */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, type TestContext, test, vi } from 'vitest'
import { createEngine } from '../../../src/engine/engine.ts'
import type { BuildPlan, BuildState, NewEvent } from '../../../src/ports.ts'
import { sharedEngine, stackImage } from '../../support/docker.ts'
import { tinyStack } from '../../support/tinyStack.ts'
import { imageOf, pack } from '../world.ts'
import { LOGIN, type OwnRegistry, ownRegistry } from './imageRegistry.ts'
import { run } from './run.ts'
import { type World, world } from './world.ts'

interface Kept extends World {
  events: NewEvent[]
  told(type: NewEvent['type']): string[]
  /** Whether anything was built since. */
  states: BuildState['state'][]
  publish(plan: BuildPlan): Promise<void>
}

/** A world on a stack of its own that is small, and nowhere else to be had. */
async function kept(context: TestContext, registry: OwnRegistry, { prefix = '', auth = true } = {}): Promise<Kept> {
  const engine = createEngine((await sharedEngine(context)).socket)
  const stack = await tinyStack(engine, await stackImage(engine.socket), `trimtab/tiny-${randomBytes(4).toString('hex')}:1`)
  onTestFinished(async () => {
    await engine.docker
      .getImage(stack)
      .remove({ force: true })
      .catch(() => {})
  })
  const w = await world(context, {
    stack,
    registry: { address: registry.host + prefix, ...(auth && { auth: LOGIN }) },
  })
  const events: NewEvent[] = []
  const states: BuildState['state'][] = []
  w.builder.onRegistry((event) => events.push(event))
  w.builder.onChange((_, { state }) => states.push(state))
  const told = (type: NewEvent['type']) => events.filter((event) => event.type === type).map(({ message }) => message)
  return {
    ...w,
    events,
    states,
    told,
    async publish({ app, key }) {
      w.builder.publish(app.name, key)
      await vi.waitFor(() => expect(told('ImagePushed').join()).toContain(`/${app.name}:${key}`), 30_000)
    },
  }
}

const names = async ({ engine }: World) => (await engine.docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? [])

/** With a pack of its own, which it names: no other counts. */
const OWN = { ...pack('echo made > "$1/made"'), Procfile: 'web: cat made; id -u\n' }
const NAMED = { settings: { buildpacks: ['./'] } }

test('what went live is pushed, with the stack it stands on; an engine that lost all of it gets it back, and nothing is built', async (context) => {
  const registry = await ownRegistry(context)
  const w = await kept(context, registry, { prefix: '/house' })
  const plan = await w.plan(OWN, NAMED)
  const image = imageOf(await w.build(plan))
  expect(w.states).toEqual(['queued', 'running', 'succeeded'])
  await w.publish(plan)
  expect(await registry.tags('house/shop')).toEqual([plan.key])
  await vi.waitFor(async () => expect(await registry.tags(`house/${w.stack.replace(/:.*/, '')}`)).toEqual(['1']), 30_000)
  expect((await names(w)).filter((name) => name.startsWith(registry.host))).toEqual([])
  // What one that was killed has left.
  await w.engine.docker.getImage(image.ref).tag({ repo: `${registry.host}/house/shop`, tag: plan.key })
  await w.builder.prune(() => new Set([plan.key]))
  expect((await names(w)).filter((name) => name.startsWith(registry.host))).toEqual([])
  expect(await w.builder.find(plan.key)).toEqual(image)
  // Once is enough.
  w.builder.publish('shop', plan.key)
  expect(w.told('ImagePushed')).toHaveLength(1)

  // The engine's disk is another one.
  const { docker } = w.engine
  await w.builder.close()
  await docker.getImage(image.ref).remove({ force: true })
  await docker.getImage(w.stack).remove({ force: true })
  const next = w.restart()
  const events: NewEvent[] = []
  const states: BuildState[] = []
  next.onRegistry((event) => events.push(event))
  next.onChange((_, state) => states.push(state))
  const again = await vi.waitFor(() => next.plan(plan), 20_000)
  expect(again.key).toBe(plan.key)
  next.want('shop', again)
  await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ state: 'succeeded' }), 20_000)
  expect(states.map(({ state }) => state)).toEqual(['queued', 'succeeded'])
  expect(states.at(-1)).toMatchObject({ image, pulled: { from: `${registry.host}/house/shop:${plan.key}` } })
  expect(await next.find(plan.key)).toEqual(image)
  const ran = await run(w, image, ['web'])
  expect([await ran.exit, ran.output()]).toEqual([0, 'made\n1000\n'])
  expect((await names(w)).filter((name) => name.startsWith(registry.host))).toEqual([])
  // The log of the build is the one that was kept.
  expect(await next.log(plan.key)).toContain('-----> Build succeeded')
  expect(events).toEqual([])
  expect(JSON.stringify([states, await next.log(plan.key)])).not.toContain(LOGIN.password)
}, 120_000)

test('a registry that knows everybody, of a platform that had another name; a Dockerfile and a ready-made image come back too', async (context) => {
  const registry = await ownRegistry(context, { open: true })
  const w = await kept(context, registry, { auth: false })
  const { docker } = w.engine
  const dockerfile = { Dockerfile: `FROM ${w.stack}\nRUN echo made > /made\nCMD ["cat", "/made"]\nEXPOSE 80\n` }
  const plans = [
    await w.plan(OWN, { app: 'own', ...NAMED }),
    await w.plan(dockerfile, { app: 'docker', settings: { dockerfile: { path: 'Dockerfile', args: {}, secrets: [] } } }),
    await w.plan({ a: '1' }, { app: 'ready', settings: { image: w.stack } }),
  ]
  const images = []
  for (const plan of plans) {
    images.push(imageOf(await w.build(plan)))
    await w.publish(plan)
  }
  for (const { ref } of images) await docker.getImage(ref).remove({ force: true })
  await vi.waitFor(async () => {
    for (const { key } of plans) expect(await w.builder.find(key)).toBeNull()
  }, 10_000)
  for (const [n, plan] of plans.entries()) {
    expect(await w.build(plan)).toMatchObject({ state: 'succeeded', image: images[n], pulled: {} })
  }
  expect(w.states.filter((state) => state === 'running')).toHaveLength(3)
  const ran = await run(w, images[1] ?? { ref: '' })
  expect([await ran.exit, ran.output()]).toEqual([0, 'made\n'])

  // A new machine, whose state directory lies elsewhere.
  const other = `${w.platform}-2`
  const moved = w.restart({ platform: other, state: join(w.root, 'elsewhere') })
  const states: BuildState[] = []
  moved.onChange((_, state) => states.push(state))
  const [own] = plans
  if (!own) throw new Error('a plan')
  moved.want('own', await moved.plan(own))
  await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ state: 'succeeded', pulled: {} }), 20_000)
  const ref = `trimtab/${other}:${own.key}`
  expect((await docker.getImage(ref).inspect()).Config.Labels).toMatchObject({
    'trimtab.platform': other,
    'trimtab.key': own.key,
  })
  expect(await moved.log(own.key)).toContain(
    `-----> No build: the image of these inputs is in the registry\n       ${registry.host}/own`,
  )
  expect(await moved.find(own.key)).toMatchObject({ ref })
  await docker.getImage(ref).remove({ force: true })
}, 120_000)

test('a registry that is away, refuses, or has something broken: told once, and built; what was to be sent gets there later', async (context) => {
  const registry = await ownRegistry(context)
  const w = await kept(context, registry)
  const { docker } = w.engine
  await registry.stop()
  const plan = await w.plan(OWN, NAMED)
  const image = imageOf(await w.build(plan))
  expect(w.states).toEqual(['queued', 'running', 'succeeded'])
  expect(w.told('RegistryFailed')).toEqual([expect.stringMatching(/connection refused.*It is built instead/)])
  w.builder.publish('shop', plan.key)
  await vi.waitFor(() => expect(w.told('RegistryFailed')).toHaveLength(2), 10_000)
  expect(w.told('RegistryFailed')[1]).toMatch(/connection refused.*Nothing waits for it/)
  await registry.start()
  await vi.waitFor(() => expect(w.told('ImagePushed')).toHaveLength(1), 30_000)
  expect(w.told('RegistryRecovered')).toHaveLength(1)
  expect(w.told('RegistryFailed')).toHaveLength(2)
  expect(await registry.tags('shop')).toEqual([plan.key])

  // A blob that is not what it was.
  await w.builder.close()
  for (const dir of readdirSync(join(registry.data, 'docker/registry/v2/blobs/sha256'), { recursive: true, encoding: 'utf8' })) {
    if (!dir.endsWith('/data')) continue
    const path = join(registry.data, 'docker/registry/v2/blobs/sha256', dir)
    const content = readFileSync(path)
    // Manifests and configurations are JSON; layers are not.
    if (content[0] !== 0x7b) writeFileSync(path, content.fill(0, content.length >> 1))
  }
  await docker.getImage(image.ref).remove({ force: true })
  const stack = await docker.getImage(w.stack).inspect()
  const second = w.restart()
  const events: NewEvent[] = []
  second.onRegistry((event) => events.push(event))
  const build = async () => {
    const done = new Promise<BuildState>((resolve) =>
      second.onChange((_, state) => ['succeeded', 'failed'].includes(state.state) && resolve(state)),
    )
    second.want('shop', await second.plan(plan), true)
    return done
  }
  expect(await build()).toMatchObject({ state: 'succeeded', image })
  expect((await docker.getImage(w.stack).inspect()).Id).toBe(stack.Id)
  expect(events).toEqual([
    expect.objectContaining({ type: 'RegistryFailed', message: expect.stringContaining('It is built instead') }),
  ])

  // Somebody has changed the password.
  const wrong = { ...LOGIN, password: 'no-longer-this' }
  second.configure({
    builds: { concurrency: 1, timeoutMs: 60_000, env: {} },
    registries: {},
    stack: { image: w.stack },
    registry: { address: registry.host, auth: wrong },
  })
  second.publish('shop', plan.key)
  await vi.waitFor(() => expect(events).toHaveLength(2), 10_000)
  expect(events[1]?.message).toMatch(/unauthorized.*registry: \{url: …, auth:/)
  expect(JSON.stringify(events)).not.toContain(wrong.password)
}, 180_000)
