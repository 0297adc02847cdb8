import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, type TestContext } from 'vitest'
import type { Listen } from '../../../src/domain.ts'
import { createEngine } from '../../../src/engine/engine.ts'
import { addressOf, ensureNetwork, numberOf } from '../../../src/engine/network.ts'
import { createWorld, exited, one, printed, specOf, until, type World } from './world.ts'

const SLEEP = 'exec sleep 1000'
const host = ({ address }: { address?: Listen }) => address?.host ?? ''

/** A world on a small network of its own: 16 addresses, of which .4 to .14 are for instances. */
async function small(context: TestContext): Promise<World & { base: number; own: { network: string } }> {
  const world = await createWorld(context)
  const own = { network: `trimtab-${world.platform}` }
  // Some free /20 of the engine's; the last 16 addresses of it.
  const engine = createEngine(world.socket)
  const network = { platform: world.platform, name: own.network }
  for (let tries = 1; ; tries++) {
    const { subnet } = await ensureNetwork(engine, network)
    await world.docker.getNetwork(own.network).remove()
    const base = numberOf(subnet.split('/')[0] ?? '')
    try {
      await ensureNetwork(engine, { ...network, subnet: `${addressOf(base)}/28` })
      return { ...world, base, own }
    } catch (error) {
      // Another test on the same engine was quicker.
      if (tries === 5) throw error
    }
  }
}

/** Somebody else's container on the same network, made and not started. */
async function stranger(world: World & { own: { network: string } }, address: string) {
  const container = await world.docker.createContainer({
    Image: world.image,
    Entrypoint: ['sleep', '1000'],
    HostConfig: { NetworkMode: world.own.network },
    NetworkingConfig: { EndpointsConfig: { [world.own.network]: { IPAMConfig: { IPv4Address: address } } } },
  })
  world.after(() => container.remove({ force: true }))
  return container
}

describe('addresses', () => {
  it('rotate, are never the same at once, and never one that a route names', async (context) => {
    const world = await small(context)
    const runtime = world.runtime(world.own)
    const specs = [1, 2, 3].map((index) => specOf(world, SLEEP, { index }))
    const first = await Promise.all(specs.map((spec) => runtime.start(spec, [])))
    expect(new Set(first.map(host)).size).toBe(3)
    await (await world.container(specOf(world, SLEEP, { index: 3 }))).remove({ force: true })
    const next = await runtime.start(specOf(world, SLEEP, { index: 4 }), [{ host: addressOf(world.base + 7), port: 5000 }])
    expect(host(next)).toBe(addressOf(world.base + 8))
    await runtime.close()

    const again = world.runtime(world.own)
    expect(host(await again.start(specOf(world, SLEEP, { index: 5 }), []))).toBe(addressOf(world.base + 9))
  })

  it('are not given while any container claims them, running or not, ours or not', async (context) => {
    const world = await small(context)
    await stranger(world, addressOf(world.base + 5))
    const runtime = world.runtime(world.own)
    const ended = specOf(world, 'true')
    expect(host(await runtime.start(ended, []))).toBe(addressOf(world.base + 4))
    await exited(runtime, ended)
    rmSync(join(world.state, 'docker/last-address'))
    const other = world.runtime(world.own)
    expect(host(await other.start(specOf(world, SLEEP, { index: 2 }), []))).toBe(addressOf(world.base + 6))
  })

  it('that are all taken are NoPort, until one is free', async (context) => {
    const world = await small(context)
    const runtime = world.runtime(world.own)
    const avoid = Array.from({ length: 11 }, (_, at) => ({ host: addressOf(world.base + 4 + at), port: 5000 }))
    const spec = specOf(world, SLEEP)
    await expect(runtime.start(spec, avoid)).rejects.toMatchObject({
      code: 'NoPort',
      retry: true,
      message: expect.stringMatching(/of 11, 0 belong to containers and 11 are still named by routes. Widen `runtime.subnet`/),
    })
    expect(await world.containers()).toEqual([])
    expect(host(await runtime.start(spec, avoid.slice(1)))).toBe(addressOf(world.base + 4))
  })

  it('are tried on where somebody was quicker', async (context) => {
    const world = await small(context)
    const engine = createEngine(world.socket)
    let lists = 0
    const racing = {
      ...engine,
      async ask<T>(work: Parameters<typeof engine.ask<T>>[0], limit?: number): Promise<T> {
        const answer = await engine.ask(work, limit)
        // The first list is of the platform's containers, the second of what is on the network: right after it, somebody is.
        if (Array.isArray(answer) && ++lists === 2) await (await stranger(world, addressOf(world.base + 4))).start()
        return answer
      },
    }
    expect(host(await world.runtime({ ...world.own, engine: racing }).start(specOf(world, SLEEP), []))).toBe(
      addressOf(world.base + 5),
    )
    expect((await world.containers()).length).toBe(1)
  })

  it('stay through a restart of the container', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const spec = specOf(world, `echo up; ${SLEEP}`)
    const before = await runtime.start(spec, [])
    await printed(runtime, spec, 'up')
    await (await world.container(spec)).restart({ t: 0 })
    const after = await until(async () => (await runtime.tail('shop', before.name, 5)).length === 2 && (await one(runtime, spec)))
    expect(after).toMatchObject({ state: 'running', address: before.address })
  })
})

describe('the network', () => {
  it('that somebody has removed is made again, with the same addresses', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime({ network: undefined })
    const before = await runtime.start(specOf(world, SLEEP), [])
    const name = `trimtab-${world.platform}`
    const { IPAM } = await world.docker.getNetwork(name).inspect()
    await world.docker.getNetwork(name).disconnect({ Container: (await world.inspect(specOf(world, SLEEP))).Id, Force: true })
    await world.docker.getNetwork(name).remove()
    const after = await runtime.start(specOf(world, SLEEP, { index: 2 }), [])
    expect((await world.docker.getNetwork(name).inspect()).IPAM?.Config).toEqual(IPAM?.Config)
    expect(numberOf(host(after))).toBe(numberOf(host(before)) + 1)

    const oneOff = specOf(world, 'true', { index: 3, oneOff: true })
    await world.docker
      .getNetwork(name)
      .disconnect({ Container: (await world.inspect(specOf(world, SLEEP, { index: 2 }))).Id, Force: true })
    await world.docker.getNetwork(name).remove()
    await runtime.start(oneOff, [])
    expect((await exited(runtime, oneOff)).code).toBe(0)
  })

  it('that was left half made is made anew', async (context) => {
    const world = await createWorld(context)
    await world.docker.createNetwork({ Name: `trimtab-${world.platform}`, Labels: { 'trimtab.platform': world.platform } })
    expect((await world.runtime({ network: undefined }).start(specOf(world, SLEEP), [])).state).toBe('running')
  })

  it('is given the subnet that the operator names, also later, unless something is on it', async (context) => {
    const world = await small(context)
    const engine = createEngine(world.socket)
    const at = (size: number) => `${addressOf(world.base)}/${size}`
    const wanted = (subnet: string) => ensureNetwork(engine, { platform: world.platform, name: world.own.network, subnet })
    expect((await wanted(at(27))).subnet).toBe(at(27))
    await world.runtime(world.own).start(specOf(world, SLEEP), [])
    expect((await wanted(at(26))).subnet).toBe(at(27))
  })

  it('whose subnet is taken meanwhile gets another, and damaged memory does no harm', async (context) => {
    const world = await createWorld(context)
    const others = await small(context)
    mkdirSync(join(world.state, 'docker'), { recursive: true })
    writeFileSync(join(world.state, 'docker/subnet'), `${addressOf(others.base)}/28`)
    writeFileSync(join(world.state, 'docker/last-address'), 'nonsense')
    expect((await world.runtime({ network: undefined }).start(specOf(world, SLEEP), [])).state).toBe('running')
    writeFileSync(join(world.state, 'docker/subnet'), '999.1/;')
    expect((await world.runtime({ network: undefined }).start(specOf(world, SLEEP, { index: 2 }), [])).state).toBe('running')
  })

  it('that cannot be used is told as the reason why nothing can be started', async (context) => {
    const world = await createWorld(context)
    const others = await small(context)
    const runtime = world.runtime({ network: undefined, subnet: `${addressOf(others.base)}/28` })
    await expect(runtime.start(specOf(world, SLEEP), [])).rejects.toMatchObject({
      code: 'RuntimeUnavailable',
      retry: true,
      message: expect.stringMatching(/cannot be made: .*overlap.*platform\.yaml/s),
    })
  })
})
