import { describe, expect, it } from 'vitest'
import { LABEL } from '../../../src/engine/labels.ts'
import { createWorld, exited, one, printed, specOf, until } from './world.ts'

/** Says what it gets, and ends in its own time. */
const POLITE = `exec node -e "
process.on('SIGTERM', () => { console.log('got SIGTERM'); setTimeout(() => process.exit(5), 30) })
process.on('SIGINT', () => { console.log('got SIGINT'); process.exit(6) })
setInterval(() => {}, 1000); console.log('ready')"`
const STUBBORN = `exec node -e "process.on('SIGTERM', () => console.log('no')); setInterval(() => {}, 1000); console.log('ready')"`

const stop = (timeoutMs: number, signal = 'SIGTERM') => ({ signal, timeoutMs })
const NAME = 'shop.web.v1.1'

describe('stop', () => {
  it.for([
    ['SIGTERM', 'SIGTERM', 5],
    ['INT', 'INT', 6],
    ['SIGTERM', 'INT', 6],
  ] as const)('made with %s, sends %s and lets the app end by itself', async ([made, signal, code], context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const spec = specOf(world, POLITE, { stop: stop(10_000, made) })
    await runtime.start(spec, [])
    await printed(runtime, spec, 'ready')
    await runtime.stop(NAME, stop(10_000, signal))
    await runtime.stop(NAME, stop(10_000, signal))
    expect((await one(runtime, spec))?.state).not.toBe('running')
    expect((await exited(runtime, spec)).code).toBe(code)
    expect((await runtime.tail('shop', NAME, 10)).filter((line) => line.startsWith('got'))).toHaveLength(1)
    await runtime.stop(NAME, stop(10_000))
    await runtime.stop('shop.web.v9.9', stop(10_000))
  })

  it('kills what does not end in its time, and knows how it ended', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const spec = specOf(world, STUBBORN)
    await runtime.start(spec, [])
    await printed(runtime, spec, 'ready')
    const begin = performance.now()
    await runtime.stop(NAME, stop(300))
    expect(await exited(runtime, spec)).toMatchObject({ code: 137, signal: 'SIGKILL' })
    expect(performance.now() - begin).toBeGreaterThan(290)
    expect(await runtime.tail('shop', NAME, 1)).toEqual(['no'])
  })

  it('asked again with less time, takes less, and says nothing twice', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const spec = specOf(world, STUBBORN)
    await runtime.start(spec, [])
    await printed(runtime, spec, 'ready')
    await runtime.stop(NAME, stop(600_000))
    await printed(runtime, spec, 'no')
    await runtime.stop(NAME, stop(50))
    expect((await exited(runtime, spec)).code).toBe(137)
    expect((await runtime.tail('shop', NAME, 10)).filter((line) => line === 'no')).toHaveLength(1)
  })

  it('reaches every process of a command', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const child = `node -e "process.on('SIGTERM', () => { console.log('child got it'); process.exit() }); setInterval(() => {}, 1000); console.log('ready')"`
    const spec = specOf(world, `trap 'wait; exit 4' TERM; ${child} & wait; echo never`)
    await runtime.start(spec, [])
    await printed(runtime, spec, 'ready')
    await runtime.stop(NAME, stop(10_000))
    expect((await exited(runtime, spec)).code).toBe(4)
    expect(await runtime.tail('shop', NAME, 10)).toEqual(['ready', 'child got it'])
  })

  it('is seen by another runtime at once, which sees to it that it ends', async (context) => {
    const world = await createWorld(context)
    const first = world.runtime()
    const spec = specOf(world, STUBBORN, { stop: stop(1_000) })
    await first.start(spec, [])
    await printed(first, spec, 'ready')
    // As trimtab leaves it when it is killed between the mark and the signal.
    await first.close()
    await (await world.container(spec)).rename({ name: `${NAME}.${world.platform}.stopping` })
    const second = world.runtime()
    expect((await one(second, spec))?.state).toBe('stopping')
    expect((await exited(second, spec)).code).toBe(137)
    expect(await second.tail('shop', NAME, 10)).toEqual(['ready', 'no'])
  })

  it('goes on when the platform is gone', async (context) => {
    const world = await createWorld(context)
    const first = world.runtime()
    const spec = specOf(world, STUBBORN)
    await first.start(spec, [])
    await printed(first, spec, 'ready')
    await first.stop(NAME, stop(1_000))
    await printed(first, spec, 'no')
    await first.close()
    await until(async () => !(await world.inspect(spec)).State.Running)
  })

  it('is not taken for a crash by the engine, which leaves it ended', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const spec = specOf(world, POLITE)
    await runtime.start(spec, [])
    await printed(runtime, spec, 'ready')
    await runtime.stop(NAME, stop(10_000))
    await exited(runtime, spec)
    expect(await world.inspect(spec)).toMatchObject({ RestartCount: 0, State: { Restarting: false } })
  })
})

describe('remove', () => {
  it('forgets an exited instance, keeps its log, and refuses one that runs', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const spec = specOf(world, 'echo last words', { oneOff: true })
    await runtime.start(spec, [])
    await exited(runtime, spec)
    await runtime.remove(NAME)
    await runtime.remove(NAME)
    expect([await runtime.list('shop'), await runtime.apps(), await world.containers()]).toEqual([[], [], []])
    expect(await runtime.tail('shop', NAME, 5)).toEqual(['last words'])

    await runtime.start({ ...spec, command: 'echo and more; sleep 1000' }, [])
    await expect(runtime.remove(NAME)).rejects.toThrow('is running and cannot be removed')
    expect(await runtime.apps()).toEqual(['shop'])
    await printed(runtime, spec, 'and more')
    expect(await runtime.tail('shop', NAME, 5)).toEqual(['last words', 'and more'])
    expect(await runtime.tail('shop', NAME, 1)).toEqual(['and more'])
  })

  it('takes what the container alone had, volumes included', async (context) => {
    const world = await createWorld(context)
    const ref = await world.derive('true', { Volumes: { '/data': {} } })
    const runtime = world.runtime()
    const spec = specOf({ image: ref }, 'exit 1')
    await runtime.start(spec, [])
    const volume = (await world.inspect(spec)).Mounts[0]?.Name ?? ''
    expect(volume).not.toBe('')
    await exited(runtime, spec)
    await runtime.remove(NAME)
    await expect(world.docker.getVolume(volume).inspect()).rejects.toMatchObject({ statusCode: 404 })
  })
})

describe('a crash', () => {
  it('is an end: the engine, which would start it again, does not', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const spec = specOf(world, 'echo up; sleep 0.5; [[ -e /tmp/again ]] || { touch /tmp/again; exit 9; }; sleep 1000')
    const changed: string[] = []
    runtime.onChange((app) => changed.push(app))
    await runtime.list('shop')
    await runtime.start(spec, [])
    expect(await exited(runtime, spec)).toMatchObject({ code: 9, signal: null })
    expect(changed).toContain('shop')
    await until(async () => (await world.inspect(spec)).State.Status === 'exited')
    expect((await one(runtime, spec))?.exit).toMatchObject({ code: 9, signal: null })
    await runtime.remove(NAME)
    expect(await world.containers()).toEqual([])
  })

  it('that nobody saw is nothing to another runtime: what runs, runs', async (context) => {
    const world = await createWorld(context)
    const first = world.runtime()
    const spec = specOf(world, 'sleep 0.2; [[ -e /tmp/again ]] || { touch /tmp/again; exit 9; }; sleep 1000')
    await first.start(spec, [])
    await first.close()
    await until(async () => (await world.inspect(spec)).RestartCount === 1)
    await until(async () => (await world.inspect(spec)).State.Status === 'running')
    expect(await one(world.runtime(), spec)).toMatchObject({ state: 'running' })
  })
})

describe('labels', () => {
  it('that are damaged leave a container that is seen, stopped and removed', async (context) => {
    const world = await createWorld(context)
    const labels = { [LABEL.platform]: world.platform, [LABEL.role]: '', [LABEL.app]: 'shop', [LABEL.spec]: '{"half' }
    const container = await world.docker.createContainer({
      name: `odd.worker.v7.2.${world.platform}`,
      Image: world.image,
      Entrypoint: ['sleep', '1000'],
      Labels: labels,
      HostConfig: { NetworkMode: 'none', Init: true },
    })
    await container.start()
    const runtime = world.runtime()
    const [seen] = await runtime.list('shop')
    expect(seen).toMatchObject({ app: 'shop', process: 'worker', release: 7, index: 2, fingerprint: '', state: 'running' })
    await runtime.stop(seen?.name ?? '', stop(5_000))
    await until(async () => (await runtime.list('shop'))[0]?.state === 'exited')
    await runtime.remove(seen?.name ?? '')
    expect(await world.containers()).toEqual([])
  })

  it('that an image passes on to whatever is made of it make no instance', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const ref = await world.derive('true', {
      Labels: { [LABEL.platform]: world.platform, [LABEL.key]: 'k', [LABEL.role]: 'build' },
    })
    const byHand = await world.docker.createContainer({
      Image: ref,
      Entrypoint: ['sleep', '1000'],
      HostConfig: { NetworkMode: 'none' },
    })
    await byHand.start()
    expect([await runtime.apps(), await runtime.list('shop')]).toEqual([[], []])
    const spec = specOf({ image: ref }, 'sleep 1000')
    await runtime.start(spec, [])
    expect((await one(runtime, spec))?.state).toBe('running')
    expect((await byHand.inspect()).State.Running).toBe(true)
  })
})
