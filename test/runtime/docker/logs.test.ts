import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { LogLine, Runtime } from '../../../src/ports.ts'
import { createWorld, exited, printed, specOf, until } from './world.ts'

const NAME = 'shop.web.v1.1'

async function collect(lines: AsyncIterable<LogLine>): Promise<LogLine[]> {
  const all: LogLine[] = []
  for await (const line of lines) all.push(line)
  return all
}

/** Follows in the background; `lines` grows. */
function follow(runtime: Runtime, options: { process?: string; lines?: number } = {}) {
  const end = new AbortController()
  const lines: LogLine[] = []
  const done = (async () => {
    for await (const line of runtime.logs('shop', { lines: 100, follow: true, signal: end.signal, ...options })) lines.push(line)
  })()
  return {
    lines,
    texts: () => lines.map(({ line }) => line),
    async end() {
      end.abort()
      await done
    },
  }
}

describe('tail', () => {
  it('gives the last lines of both outputs, long ones whole or cut, controls made harmless', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const program = `
      process.stdout.write('x'.repeat(40000) + '\\n' + 'y'.repeat(200000) + '\\n')
      process.stdout.write('10%\\r20%\\r30%\\n' + 'title \\x1b]0;evil\\x07\\n')
      setTimeout(() => { console.error('to stderr'); setTimeout(() => process.stdout.write('no end'), 100) }, 100)`
    const spec = specOf(world, `exec node -e "$PROGRAM"`, { env: { PROGRAM: program }, oneOff: true })
    await runtime.start(spec, [])
    await exited(runtime, spec)
    const lines = await runtime.tail('shop', NAME, 100)
    expect(lines.map((line) => line.length)).toEqual([40_000, 64 * 1024 + 7, 3, 15, 9, 6])
    expect(lines.slice(2)).toEqual(['30%', 'title �]0;evil�', 'to stderr', 'no end'])
    expect(await runtime.tail('shop', NAME, 1)).toEqual(['no end'])
    expect(await runtime.tail('shop', NAME, 0)).toEqual([])
    expect(await runtime.tail('shop', 'shop.web.v9.9', 5)).toEqual([])
  })
})

describe('logs', () => {
  it('gives the last lines of each instance in the order of their times, of one process if asked', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const web = specOf(world, 'echo w1; echo w2; echo w3', { oneOff: true })
    const worker = specOf(world, 'echo k1', { process: 'worker', oneOff: true })
    await runtime.start(web, [])
    await exited(runtime, web)
    await runtime.start(worker, [])
    await exited(runtime, worker)
    const { signal } = new AbortController()
    const at = expect.any(Number)
    expect(await collect(runtime.logs('shop', { lines: 2, follow: false, signal }))).toEqual([
      { at, instance: NAME, line: 'w2' },
      { at, instance: NAME, line: 'w3' },
      { at, instance: 'shop.worker.v1.1', line: 'k1' },
    ])
    expect(await collect(runtime.logs('shop', { process: 'worker', lines: 2, follow: false, signal }))).toHaveLength(1)
    expect(await collect(runtime.logs('other', { lines: 2, follow: false, signal }))).toEqual([])
  })

  it('shows what an earlier bearer of the name said last', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const spec = specOf(world, 'echo crashed; exit 1', { oneOff: true })
    await runtime.start(spec, [])
    await exited(runtime, spec)
    await runtime.remove(NAME)
    await runtime.start({ ...spec, command: 'echo again; exec sleep 1000' }, [])
    await printed(runtime, spec, 'again')
    const { signal } = new AbortController()
    const lines = await collect(runtime.logs('shop', { lines: 5, follow: false, signal }))
    expect(lines.map(({ line }) => line)).toEqual(['crashed', 'again'])
  })

  it('follows what comes, new instances, restarted ones, and the last words of removed ones', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const following = follow(runtime)
    const first = specOf(world, 'echo a1; sleep 0.1; printf "a2 without end"', { oneOff: true })
    await runtime.start(first, [])
    await exited(runtime, first)
    await runtime.remove(NAME)
    await until(() => following.texts().includes('a2 without end'))
    await runtime.start({ ...first, command: 'echo b1; exec sleep 1000' }, [])
    await runtime.start(specOf(world, 'echo c1; exec sleep 1000', { process: 'worker' }), [])
    await until(() => following.texts().includes('b1') && following.texts().includes('c1'))
    await (await world.container(first)).restart({ t: 0 })
    await until(() => following.texts().filter((line) => line === 'b1').length === 2)
    await following.end()
    expect(following.texts().sort()).toEqual(['a1', 'a2 without end', 'b1', 'b1', 'c1'])
    expect(following.lines.every(({ at }) => typeof at === 'number')).toBe(true)
  })

  it('follows from now on where no lines are asked for', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const program = `process.on('SIGUSR2', () => console.log('new')); setInterval(() => {}, 1000); console.log('old')`
    const spec = specOf(world, `exec node -e "${program}"`)
    await runtime.start(spec, [])
    await printed(runtime, spec, 'old')
    const following = follow(runtime, { lines: 0 })
    await until(async () => {
      await (await world.container(spec)).kill({ signal: 'USR2' })
      return following.lines.length > 0
    })
    await following.end()
    expect(new Set(following.texts())).toEqual(new Set(['new']))
  })

  it('waits for a slow reader, and loses nothing of what the engine keeps', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const spec = specOf(world, 'until [[ -e /tmp/go ]]; do echo ready; sleep 0.05; done; seq 1 20000; exec sleep 1000')
    await runtime.start(spec, [])
    const end = new AbortController()
    const go = { stdin: null, stdout: new PassThrough(), stderr: new PassThrough(), signal: end.signal }
    const seen: number[] = []
    let isAsked = false
    for await (const { line } of runtime.logs('shop', { lines: 0, follow: true, signal: end.signal })) {
      if (!isAsked) void runtime.exec('shop', NAME, ['touch', '/tmp/go'], go)
      isAsked = true
      if (line === 'ready') continue
      if (seen.push(Number(line)) % 5_000 === 0) await new Promise((resolve) => setTimeout(resolve, 50))
      if (line === '20000') end.abort()
    }
    expect(seen).toEqual(Array.from({ length: 20_000 }, (_, at) => at + 1))
  })

  it('ends with the runtime', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    await runtime.start(specOf(world, 'exec sleep 1000'), [])
    const following = follow(runtime)
    await runtime.close()
    await following.end()
  })
})
