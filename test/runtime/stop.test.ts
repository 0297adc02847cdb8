import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createWorld, exited, isRunning, kill, one, printed, specOf, until } from './world.ts'

/** Says what it gets, and ends in its own time. */
const POLITE = `
process.on('SIGTERM', () => { console.log('got SIGTERM'); setTimeout(() => process.exit(5), 30) })
process.on('SIGINT', () => { console.log('got SIGINT'); process.exit(6) })
setInterval(() => {}, 1000); console.log('ready')`
const STUBBORN = `process.on('SIGTERM', () => console.log('no')); setInterval(() => {}, 1000); console.log('ready')`
/** A parent that ends at SIGTERM, with a grandchild that does not. */
const FAMILY = `(trap '' TERM; echo grandchild $BASHPID; while :; do sleep 1000; done) & wait`

const stop = (timeoutMs: number, signal = 'SIGTERM') => ({ signal, timeoutMs })
const NAME = 'shop.web.v1.1'

function pidsIn(lines: string[], word: string): number[] {
  return lines.flatMap((line) => (line.startsWith(word) ? [Number(line.slice(word.length))] : []))
}

describe('stop', () => {
  it.each([
    ['SIGTERM', 5],
    ['INT', 6],
  ])('sends %s and lets the app end by itself', async (signal, code) => {
    const world = createWorld()
    const runtime = world.runtime()
    const spec = specOf(world.slug({ 'app.js': POLITE }), 'node app.js')
    await runtime.start(spec, [])
    await printed(runtime, spec, 'ready')
    await runtime.stop(NAME, stop(10_000, signal))
    await runtime.stop(NAME, stop(10_000, signal))
    expect((await one(runtime, spec))?.state).not.toBe('running')
    expect((await exited(runtime, spec)).code).toBe(code)
    const got = (await runtime.tail('shop', NAME, 10)).filter((line) => line.startsWith('got'))
    expect(got).toHaveLength(1)
    await runtime.stop(NAME, stop(10_000))
    await runtime.stop('shop.web.v9.9', stop(10_000))
  })

  it('kills what does not end in its time, and knows how it ended', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const spec = specOf(world.slug({ 'app.js': STUBBORN }), 'node app.js')
    await runtime.start(spec, [])
    await printed(runtime, spec, 'ready')
    const begin = performance.now()
    await runtime.stop(NAME, stop(300))
    expect(await exited(runtime, spec)).toMatchObject({ code: 137, signal: 'SIGKILL' })
    expect(performance.now() - begin).toBeGreaterThan(290)
    expect(await runtime.tail('shop', NAME, 1)).toEqual(['no'])
    expect(world.processes()).toEqual([])
  })

  it('asked again with less time, takes less', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const spec = specOf(world.slug({ 'app.js': STUBBORN }), 'node app.js')
    await runtime.start(spec, [])
    await printed(runtime, spec, 'ready')
    await runtime.stop(NAME, stop(600_000))
    await printed(runtime, spec, 'no')
    await runtime.stop(NAME, stop(50))
    expect((await exited(runtime, spec)).code).toBe(137)
    expect((await runtime.tail('shop', NAME, 10)).filter((line) => line === 'no')).toHaveLength(1)
  })

  it('is stopping until the whole group has ended, and kills the rest of it when the time is up', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const spec = specOf(world.slug(), FAMILY)
    const { pid = 0 } = await runtime.start(spec, [])
    const [grandchild = 0] = pidsIn(await printed(runtime, spec, 'grandchild'), 'grandchild ')
    await runtime.stop(NAME, stop(400))
    await until(() => !isRunning(pid))
    expect([(await one(runtime, spec))?.state, isRunning(grandchild)]).toEqual(['stopping', true])
    expect((await exited(runtime, spec)).code).toBe(143)
    expect(world.processes()).toEqual([])
  })

  it('ends an instance that was started a moment ago, whatever it was doing', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const slug = world.slug({ '.profile.d/slow.sh': 'for i in {1..200}; do :; done' })
    for (let release = 1; release <= 40; release++) {
      const spec = specOf(slug, 'sleep 1000', { release })
      await runtime.start(spec, [])
      await new Promise((resolve) => setTimeout(resolve, release / 4))
      await runtime.stop(`shop.web.v${release}.1`, stop(20_000))
    }
    for (let release = 1; release <= 40; release++) await exited(runtime, specOf(slug, '', { release }))
    expect(world.processes()).toEqual([])
  })

  it('goes on when its marker cannot be written', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const spec = specOf(world.slug({ 'app.js': STUBBORN }), 'node app.js')
    await runtime.start(spec, [])
    await printed(runtime, spec, 'ready')
    mkdirSync(join(world.dir(spec), 'stopping.tmp')) // what cannot be written, for whichever reason
    await runtime.stop(NAME, stop(50))
    expect((await exited(runtime, spec)).code).toBe(137)
  })
})

describe('when the command ends by itself', () => {
  it('what it left in its group, its session or as a daemon is killed before it counts as exited', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const slug = world.slug({
      'app.sh': `
        (trap '' TERM HUP; echo group $BASHPID; while :; do sleep 1000; done) &
        set -m; (trap '' TERM HUP; echo session $BASHPID; while :; do sleep 1000; done) & set +m
        setsid bash -c 'echo daemon $$; while :; do sleep 1000; done' &
        while [ "$(grep -cE 'group|session|daemon' "$1")" -lt 3 ]; do sleep 0.01; done
        exit 4`,
    })
    const spec = specOf(slug, `bash app.sh ${join(world.state, 'logs', 'shop', `${NAME}.log`)}`)
    await runtime.start(spec, [])
    expect(await exited(runtime, spec)).toMatchObject({ code: 4 })
    const lines = await runtime.tail('shop', NAME, 10)
    const left = ['group ', 'session ', 'daemon '].flatMap((word) => pidsIn(lines, word))
    expect([left.length, left.filter(isRunning), world.processes()]).toEqual([3, [], []])
  })

  it('and nobody looks, its group ends all the same', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const spec = specOf(
      world.slug(),
      `(trap '' TERM HUP; while :; do sleep 1000; done) & echo ready; read < <(sleep 0.2); exit 4`,
    )
    await runtime.start(spec, [])
    await printed(runtime, spec, 'ready')
    await runtime.close()
    await until(() => world.processes().length === 0)
    expect(readFileSync(join(world.dir(spec), 'exit'), 'utf8')).toBe('4\n')
    expect(await one(world.runtime(), spec)).toMatchObject({ state: 'exited', exit: { code: 4 } })
  })

  it('says so', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const changed: string[] = []
    runtime.onChange((app) => changed.push(app))
    await runtime.start(specOf(world.slug(), 'read < <(sleep 0.05); exit 1'), [])
    await until(() => changed.length > 0)
    expect([changed, (await runtime.list('shop'))[0]?.state]).toEqual([['shop'], 'exited'])
  })
})

describe('when the launcher alone is killed', () => {
  it.each([true, false])('the rest of its group is ended, and the end is unknown (own child: %s)', async (isOwn) => {
    const world = createWorld()
    const first = world.runtime()
    const spec = specOf(world.slug(), `trap '' TERM; echo ready; while :; do sleep 1000; done`)
    const { pid = 0 } = await first.start(spec, [])
    await printed(first, spec, 'ready')
    if (!isOwn) await first.close()
    const runtime = isOwn ? first : world.runtime()
    const changed: string[] = []
    runtime.onChange((app) => changed.push(app))
    kill(pid)
    await until(() => changed.length > 0, 'the change to be noticed')
    expect(await exited(runtime, spec)).toMatchObject({ code: null, signal: null })
    expect(world.processes()).toEqual([])
  })

  it('also while nobody looked', async () => {
    const world = createWorld()
    const first = world.runtime()
    const spec = specOf(world.slug(), `echo ready; while :; do sleep 1000; done`)
    const { pid = 0 } = await first.start(spec, [])
    await printed(first, spec, 'ready')
    await first.close()
    kill(pid)
    expect(await exited(world.runtime(), spec)).toMatchObject({ code: null })
    expect(world.processes()).toEqual([])
  })
})
