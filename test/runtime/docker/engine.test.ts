/** The engine as a stranger that may be slow, away, or asked too much. */
import { describe, expect, it } from 'vitest'
import { createEngine } from '../../../src/engine/engine.ts'
import { LABEL } from '../../../src/engine/labels.ts'
import { createProxy } from './proxy.ts'
import { createWorld, exited, one, printed, specOf, until } from './world.ts'

const SLEEP = 'echo up; exec sleep 1000'

describe('an engine that is away', () => {
  it('is found out by the first question, and nothing is taken for gone', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime({ engine: createEngine('/nowhere/docker.sock') })
    const spec = specOf(world, SLEEP)
    const stop = { signal: 'SIGTERM', timeoutMs: 0 }
    for (const question of [
      () => runtime.list('shop'),
      () => runtime.apps(),
      () => runtime.start(spec, []),
      () => runtime.stop('shop.web.v1.1', stop),
      () => runtime.remove('shop.web.v1.1'),
      () => runtime.usage('shop'),
      () => runtime.tail('shop', 'shop.web.v1.1', 5),
    ]) {
      await expect(question()).rejects.toMatchObject({ code: 'RuntimeUnavailable', retry: true })
    }
  })

  it('and comes back is noticed at once, with all that happened meanwhile', async (context) => {
    const world = await createWorld(context)
    const proxy = await createProxy(world)
    const runtime = world.runtime({ engine: createEngine(proxy.socket) })
    const spec = specOf(world, SLEEP)
    const other = specOf(world, SLEEP, { app: 'other' })
    for (const one of [spec, other]) await runtime.start(one, [])
    await runtime.list('idle')
    await proxy.leave()
    await until(() =>
      runtime.list('shop').then(
        () => false,
        ({ code }) => code === 'RuntimeUnavailable',
      ),
    )
    await (await world.container(spec)).remove({ force: true })
    const changed = new Set<string>()
    runtime.onChange((app) => changed.add(app))
    await proxy.back()
    await until(() => changed.size === 3, 'all apps to be looked at')
    expect([await runtime.list('shop'), (await one(runtime, other))?.state]).toEqual([[], 'running'])
  })

  it('keeps followers of logs waiting, and loses them nothing', async (context) => {
    const world = await createWorld(context)
    const proxy = await createProxy(world)
    const runtime = world.runtime({ engine: createEngine(proxy.socket) })
    const spec = specOf(world, 'for i in {1..1000}; do echo $i; sleep 0.05; done')
    await runtime.start(spec, [])
    await printed(runtime, spec, '1')
    const end = new AbortController()
    const seen: string[] = []
    const done = (async () => {
      for await (const { line } of runtime.logs('shop', { lines: 1000, follow: true, signal: end.signal })) seen.push(line)
    })()
    await until(() => seen.length > 5)
    await proxy.leave()
    const before = seen.length
    await proxy.back()
    await until(() => seen.length > before + 5)
    end.abort()
    await done
    expect(seen).toEqual(Array.from(seen, (_, at) => String(at + 1)))
  })

  it('in the middle of a stop changes nothing of its end', async (context) => {
    const world = await createWorld(context)
    const proxy = await createProxy(world)
    const runtime = world.runtime({ engine: createEngine(proxy.socket) })
    const spec = specOf(world, `trap '' TERM; ${SLEEP}`)
    await runtime.start(spec, [])
    await printed(runtime, spec, 'up')
    await runtime.stop('shop.web.v1.1', { signal: 'SIGTERM', timeoutMs: 1_500 })
    await proxy.leave()
    await proxy.back()
    expect((await exited(runtime, spec)).code).toBe(137)
  })
})

describe('an engine that does not answer', () => {
  it('keeps nobody waiting for ever', async (context) => {
    const world = await createWorld(context)
    const proxy = await createProxy(world)
    const runtime = world.runtime({ engine: createEngine(proxy.socket) })
    const spec = specOf(world, SLEEP)
    await runtime.start(spec, [])
    proxy.pause()
    const changed = new Set<string>()
    const begin = performance.now()
    const answers = await Promise.allSettled([
      runtime.list('shop'),
      runtime.list('other'),
      runtime.apps(),
      runtime.tail('shop', 'shop.web.v1.1', 1),
    ])
    expect(performance.now() - begin).toBeLessThan(25_000)
    for (const answer of answers) expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'RuntimeUnavailable' } })
    runtime.onChange((app) => changed.add(app))
    proxy.resume()
    await until(() => changed.has('shop'))
    expect((await one(runtime, spec))?.state).toBe('running')
  })
})

describe('questions', () => {
  it('do not grow with the number of containers', async (context) => {
    const world = await createWorld(context)
    const proxy = await createProxy(world)
    const apps = Array.from({ length: 40 }, (_, at) => `app${at}`)
    const starter = world.runtime()
    const [first] = apps
    await starter.start(specOf(world, SLEEP, { app: first ?? '' }), [])
    await starter.close()
    // The others only have to be listed: made and labelled by hand, with the first one's as a pattern.
    const { Labels } = (await world.inspect(specOf(world, SLEEP, { app: first ?? '' }))).Config
    for (const app of apps.slice(1)) {
      const named = { ...Labels, [LABEL.app]: app, [LABEL.instance]: `${app}.web.v1.1` }
      const [spec = ''] = [JSON.stringify({ ...JSON.parse(Labels[LABEL.spec] ?? ''), address: null })]
      const HostConfig = { NetworkMode: 'none' }
      const container = await world.docker.createContainer({
        ...{ Image: world.image, Entrypoint: ['sleep', '1000'], HostConfig },
        Labels: { ...named, [LABEL.spec]: spec },
      })
      await container.start()
    }
    const runtime = world.runtime({ engine: createEngine(proxy.socket) })
    await until(() => proxy.asked.includes('GET /events'))

    proxy.asked.length = 0
    const lists = await Promise.all(apps.map((app) => runtime.list(app)))
    expect(lists.flat().map(({ state }) => state)).toEqual(apps.map(() => 'running'))
    expect(await runtime.apps()).toHaveLength(40)
    const lookups = proxy.asked.filter((question) => question !== 'GET /events')
    expect(lookups.length).toBeLessThanOrEqual(3)
    expect(new Set(lookups)).toEqual(new Set(['GET /containers/json']))
  })

  it('about how one has ended are asked once', async (context) => {
    const world = await createWorld(context)
    const proxy = await createProxy(world)
    const runtime = world.runtime({ engine: createEngine(proxy.socket) })
    const spec = specOf(world, 'exit 3', { oneOff: true })
    await runtime.start(spec, [])
    await until(async () => (await world.inspect(spec)).State.Status === 'exited')
    await exited(runtime, spec)
    proxy.asked.length = 0
    for (let times = 0; times < 5; times++) expect((await one(runtime, spec))?.exit?.code).toBe(3)
    expect(proxy.asked.filter((question) => /\/containers\/[0-9a-f]{64}\/json/.test(question))).toEqual([])
  })

  it('of a start are few', async (context) => {
    const world = await createWorld(context)
    const proxy = await createProxy(world)
    const runtime = world.runtime({ engine: createEngine(proxy.socket) })
    await runtime.start(specOf(world, SLEEP), [])
    proxy.asked.length = 0
    await runtime.start(specOf(world, SLEEP, { index: 2 }), [])
    const asked = proxy.asked.filter((question) => question !== 'GET /events')
    expect(asked.length).toBeLessThanOrEqual(5) // one list may be the poll's
    expect(asked).toContain('POST /containers/create')
  })
})
