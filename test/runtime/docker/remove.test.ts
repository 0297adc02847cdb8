import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createEngine, type Engine } from '../../../src/engine/engine.ts'
import { createWorld, exited, specOf, until } from './world.ts'

const NAME = 'shop.web.v1.1'

/** An engine that, while `isBusy`, cannot remove what it has ended. */
function busy(engine: Engine, isBusy: () => boolean): Engine {
  const refuse = async () => {
    throw Object.assign(new Error('busy'), { statusCode: 500, json: { message: 'device or resource busy' } })
  }
  return {
    ...engine,
    ask: (work, limit) =>
      engine.ask((docker, signal) => {
        const get = (of: typeof docker, key: string | symbol) => {
          if (key !== 'getContainer' || !isBusy()) return Reflect.get(of, key)
          return (id: string) => Object.assign(of.getContainer(id), { remove: refuse })
        }
        return work(new Proxy(docker, { get }), signal)
      }, limit),
  }
}

describe('what the engine cannot remove yet', () => {
  it('counts as gone, and is removed when it can be', async (context) => {
    const world = await createWorld(context)
    // Somebody has the name that it would have.
    const { Id } = await world.docker
      .createContainer({ name: NAME, Image: world.image, HostConfig: { NetworkMode: 'none' } })
      .then(
        (made) => ({ Id: made.id }),
        () => ({ Id: null }), // a test that runs at the same time
      )
    if (Id) world.after(() => world.docker.getContainer(Id).remove())
    let isBusy = true
    const runtime = world.runtime({ engine: busy(createEngine(world.socket), () => isBusy) })
    const spec = specOf(world, 'echo first; exit 1', { oneOff: true })
    await runtime.start(spec, [])
    await exited(runtime, spec)
    await runtime.remove(NAME)
    expect([await runtime.list('shop'), await runtime.apps(), (await world.containers()).length]).toEqual([[], [], 1])
    expect((await runtime.start({ ...spec, command: 'exec sleep 1000' }, [])).state).toBe('running')
    isBusy = false
    await until(async () => (await world.containers()).length === 1)
    expect((await runtime.list('shop')).map(({ state }) => state)).toEqual(['running'])
  })
})

describe('the log of a removed instance', () => {
  it('is kept, of twenty of them, for its owner alone, and bounded', async (context) => {
    const world = await createWorld(context)
    const dir = join(world.state, 'logs', 'shop')
    mkdirSync(dir, { recursive: true })
    for (let index = 2; index <= 30; index++) writeFileSync(join(dir, `shop.web.v${index}.1.log`), 'x\n')
    const runtime = world.runtime()
    const spec = specOf(world, 'seq 1 3000; echo last', { oneOff: true })
    await runtime.start(spec, [])
    await exited(runtime, spec)
    await runtime.remove(NAME)
    const kept = Array.from({ length: 30 }, (_, at) => existsSync(join(dir, `shop.web.v${at + 1}.1.log`))).filter(Boolean)
    expect(kept.length).toBe(20)
    expect(readFileSync(join(dir, `${NAME}.log`), 'utf8').split('\n')).toHaveLength(1_001)
    expect(await runtime.tail('shop', NAME, 2)).toEqual(['3000', 'last'])
    expect((await runtime.tail('shop', NAME, 5_000)).length).toBe(1_000)
  })

  it('that cannot be written is no reason to keep the instance', async (context) => {
    const world = await createWorld(context)
    mkdirSync(world.state, { recursive: true })
    writeFileSync(join(world.state, 'logs'), 'in the way')
    const runtime = world.runtime()
    const spec = specOf(world, 'exit 1', { oneOff: true })
    await runtime.start(spec, [])
    await exited(runtime, spec)
    await runtime.remove(NAME)
    expect([await world.containers(), await runtime.tail('shop', NAME, 5)]).toEqual([[], []])
  })
})
