/** Somebody's hands on the engine: seen within seconds, told as what it is, and safe to be put right. */
import { describe, expect, it } from 'vitest'
import type { Instance, InstanceSpec } from '../../../src/domain.ts'
import { createEngine } from '../../../src/engine/engine.ts'
import { LABEL } from '../../../src/engine/labels.ts'
import { TrimtabError } from '../../../src/errors.ts'
import type { Runtime } from '../../../src/ports.ts'
import { createWorld, exited, one, printed, specOf, until, type World } from './world.ts'

const SLEEP = 'echo up; exec sleep 1000'
const NAME = 'shop.web.v1.1'

interface Running {
  runtime: Runtime
  spec: InstanceSpec
  instance: Instance
  id: string
  changes(): number
}

/** `id`: the container's; its name may be another's, in a test that runs at the same time. */
async function running(world: World): Promise<Running> {
  const runtime = world.runtime({ network: undefined })
  const spec = specOf(world, SLEEP)
  const instance = await runtime.start(spec, [])
  await printed(runtime, spec, 'up')
  await runtime.list('shop')
  let count = 0
  runtime.onChange((app) => {
    if (app === 'shop') count++
  })
  return { runtime, spec, instance, id: (await world.inspect(spec)).Id, changes: () => count }
}

describe('seen at once:', () => {
  it('docker rm -f', async (context) => {
    const world = await createWorld(context)
    const { runtime, spec, changes } = await running(world)
    await (await world.container(spec)).remove({ force: true })
    await until(() => changes() > 0)
    expect(await runtime.list('shop')).toEqual([])
    await runtime.start(spec, [])
    expect((await one(runtime, spec))?.state).toBe('running')
  })

  it('docker stop', async (context) => {
    const world = await createWorld(context)
    const { runtime, spec, changes } = await running(world)
    await (await world.container(spec)).stop({ t: 5 })
    await until(() => changes() > 0)
    expect(await exited(runtime, spec)).toMatchObject({ code: 143, signal: 'SIGTERM' })
    await runtime.remove(NAME)
  })

  it('docker kill', async (context) => {
    const world = await createWorld(context)
    const { runtime, spec, changes } = await running(world)
    await (await world.container(spec)).kill()
    await until(() => changes() > 0)
    expect(await exited(runtime, spec)).toMatchObject({ code: 137, signal: 'SIGKILL' })
  })

  it('docker network disconnect', async (context) => {
    const world = await createWorld(context)
    const { runtime, spec, id, changes } = await running(world)
    await world.docker.getNetwork(`trimtab-${world.platform}`).disconnect({ Container: id })
    await until(() => changes() > 0)
    const exit = await exited(runtime, spec)
    expect(exit).toMatchObject({ code: null, signal: null, why: 'it was disconnected from its network' })
    expect((await one(runtime, spec))?.exit).toEqual(exit)
    await runtime.remove(NAME)
    expect(await world.containers()).toEqual([])
  })

  it('docker network connect with another address, and back again', async (context) => {
    const world = await createWorld(context)
    const { runtime, spec, id, instance } = await running(world)
    const network = world.docker.getNetwork(`trimtab-${world.platform}`)
    await network.disconnect({ Container: id })
    await network.connect({ Container: id })
    expect((await exited(runtime, spec)).why).toBe('it was disconnected from its network')
    await network.disconnect({ Container: id })
    await network.connect({ Container: id, EndpointConfig: { IPAMConfig: { IPv4Address: instance.address?.host } } })
    await until(async () => (await one(runtime, spec))?.state === 'running')
  })

  it('docker network rm', async (context) => {
    const world = await createWorld(context)
    const { runtime, spec, id, changes } = await running(world)
    const network = world.docker.getNetwork(`trimtab-${world.platform}`)
    await network.disconnect({ Container: id, Force: true })
    await network.remove()
    await until(() => changes() > 0)
    await exited(runtime, spec)
    await runtime.remove(NAME)
    expect((await runtime.start(spec, [])).state).toBe('running')
    expect((await world.docker.getNetwork(`trimtab-${world.platform}`).inspect()).Name).toContain(world.platform)
  })

  it('docker rmi -f', async (context) => {
    const world = await createWorld(context)
    const labels = { [LABEL.platform]: world.platform, [LABEL.key]: 'k' }
    const image = await world.derive('true', { Labels: labels })
    const { runtime, spec, changes } = await running({ ...world, image })
    await world.docker.getImage(image).remove({ force: true })
    await until(() => changes() > 0)
    expect((await one(runtime, spec))?.state).toBe('running')
    const next = runtime.start(specOf({ image }, SLEEP, { index: 2 }), [])
    await expect(next).rejects.toMatchObject({ code: 'StartFailed', retry: true })
  })

  it('docker rename, pause and unpause, which change nothing', async (context) => {
    const world = await createWorld(context)
    const { runtime, spec, changes } = await running(world)
    const container = await world.container(spec)
    await container.rename({ name: `renamed-${world.platform}` })
    await until(() => changes() > 0)
    await container.pause()
    expect(await one(runtime, spec)).toMatchObject({ name: NAME, state: 'running' })
    await runtime.stop(NAME, { signal: 'SIGTERM', timeoutMs: 5_000 })
    expect((await exited(runtime, spec)).code).toBe(143)
  })
})

describe('two platforms on one engine', () => {
  it('do not see each other, and both get their names', async (context) => {
    const [mine, theirs] = [await createWorld(context), await createWorld(context)]
    const [here, there] = [mine.runtime(), theirs.runtime()]
    const spec = specOf(mine, SLEEP)
    const seen: string[] = []
    there.onChange((app) => seen.push(app))
    const first = await here.start(spec, [])
    expect([await there.list('shop'), await there.apps(), await there.tail('shop', NAME, 5)]).toEqual([[], [], []])
    await there.stop(NAME, { signal: 'SIGTERM', timeoutMs: 0 })
    await there.remove(NAME)
    const second = await there.start(spec, [])
    expect(second.name).toBe(first.name)
    expect(second.address?.host).not.toBe(first.address?.host)
    expect((await theirs.inspect(spec)).Name).toBe(`/${NAME}.${theirs.platform}`)
    await there.stop(NAME, { signal: 'SIGKILL', timeoutMs: 0 })
    await exited(there, spec)
    await there.remove(NAME)
    expect((await one(here, spec))?.state).toBe('running')
    await here.stop(NAME, { signal: 'SIGTERM', timeoutMs: 5_000 })
    await exited(here, spec)
  })
})

describe('a start that was cut short', () => {
  it('between making the container and starting it is cleared away, and done anew', async (context) => {
    const world = await createWorld(context)
    const first = world.runtime()
    const spec = specOf(world, SLEEP)
    await first.start(spec, [])
    const { Config, HostConfig } = await world.inspect(spec)
    await (await world.container(spec)).remove({ force: true })
    await first.close()
    const half = { name: `${NAME}.${world.platform}`, ...Config, HostConfig } as unknown as Parameters<
      typeof world.docker.createContainer
    >[0]

    await world.docker.createContainer(half)
    const second = world.runtime()
    const instance = await second.start(spec, [])
    expect([instance.state, (await world.containers()).length]).toEqual(['running', 1])
    await (await world.container(spec)).remove({ force: true })

    await world.docker.createContainer(half)
    expect([await second.list('shop'), await second.apps()]).toEqual([[], []])
    await until(async () => (await world.containers()).length === 0)
  })

  it('anywhere, converges', async (context) => {
    const world = await createWorld(context)
    const spec = specOf(world, SLEEP)
    for (let after = 1; after <= 6; after++) {
      const cut = cutAfter(world, after)
      const runtime = world.runtime({ engine: cut })
      await runtime.start(spec, []).catch((error) => expect(error.code).toBe('RuntimeUnavailable'))
      await runtime.close()
    }
    const runtime = world.runtime()
    await runtime.start(spec, [])
    await until(async () => (await world.containers()).length === 1)
    expect((await one(runtime, spec))?.state).toBe('running')
  })
})

/** An engine that is gone after so many questions: the last of them reaches it, but its answer reaches nobody. */
function cutAfter(world: World, questions: number) {
  const engine = createEngine(world.socket)
  let asked = 0
  return {
    ...engine,
    async ask<T>(work: Parameters<typeof engine.ask<T>>[0], limit?: number): Promise<T> {
      if (++asked > questions) throw new TrimtabError('RuntimeUnavailable', 'cut', { retry: true })
      const answer = await engine.ask(work, limit)
      if (asked === questions) throw new TrimtabError('RuntimeUnavailable', 'cut', { retry: true })
      return answer
    },
  }
}
