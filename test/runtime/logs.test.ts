import { closeSync, existsSync, mkdirSync, openSync, statSync, symlinkSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { LogLine, Runtime } from '../../src/ports.ts'
import { cleanLine, createSplitter, LINE_LIMIT, linesOf } from '../../src/runtime/lines.ts'
import { createWorld, exited, printed, specOf, until } from './world.ts'

const NAME = 'shop.web.v1.1'

function logOf(world: ReturnType<typeof createWorld>, name = NAME): string {
  mkdirSync(join(world.state, 'logs', 'shop'), { recursive: true })
  return join(world.state, 'logs', 'shop', `${name}.log`)
}

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
  it('gives the last lines, across rotated files, a line torn by the cut whole', async () => {
    const world = createWorld()
    const log = logOf(world)
    writeFileSync(`${log}.2`, 'one\ntwo\n')
    writeFileSync(`${log}.1`, 'three\nfo')
    writeFileSync(log, 'ur\nfive')
    const runtime = world.runtime()
    expect(await runtime.tail('shop', NAME, 4)).toEqual(['two', 'three', 'four', 'five'])
    expect(await runtime.tail('shop', NAME, 100)).toEqual(['one', 'two', 'three', 'four', 'five'])
    expect(await runtime.tail('shop', NAME, 1)).toEqual(['five'])
    expect(await runtime.tail('shop', NAME, 0)).toEqual([])
    expect(await runtime.tail('shop', 'shop.web.v9.9', 5)).toEqual([])
  })

  it('of a log of 100 MB is quick', async () => {
    const world = createWorld()
    const fd = openSync(logOf(world), 'w')
    const block = Buffer.from(`${'x'.repeat(99)}\n`.repeat(10_486))
    for (let written = 0; written < 100; written++) writeSync(fd, block)
    writeSync(fd, 'the end\n')
    closeSync(fd)
    const runtime = world.runtime()
    const begin = performance.now()
    const lines = await runtime.tail('shop', NAME, 50)
    const took = performance.now() - begin
    expect([lines.length, lines.at(-1)]).toEqual([50, 'the end'])
    expect(took).toBeLessThan(1_000) // a few ms; reading all of it would take longer than that
  })

  it('of a log without any newline reads a bounded part and cuts it', async () => {
    const world = createWorld()
    writeFileSync(logOf(world), Buffer.alloc(40 * 1024 * 1024, 'x'))
    const [line = ''] = await world.runtime().tail('shop', NAME, 3)
    expect(line.length).toBeLessThan(LINE_LIMIT + 20)
  })
})

describe('lines', () => {
  it.each([
    ['plain', 'plain'],
    ['windows\r', 'windows'],
    ['10%\r20%\r30%', '30%'],
    ['10%\r20%\r', '20%'],
    ['\r', ''],
    ['tab\tand \x1b[31mred\x1b[0m', 'tab\tand \x1b[31mred\x1b[0m'],
    ['title \x1b]0;evil\x07 \x1b[2J', 'title �]0;evil� �[2J'],
    ['nul\0bell\x07 c1\u009b', 'nul�bell� c1�'],
    ['grüße 🙂', 'grüße 🙂'],
  ])('%j is shown as %j', (raw, shown) => {
    expect(cleanLine(Buffer.from(raw))).toBe(shown)
  })

  it('are the same however the bytes arrive', () => {
    const bytes = Buffer.from('eins\nzwöi 🙂\n\n10%\r20%\nlast')
    const whole = linesOf(bytes)
    for (let size = 1; size < bytes.length; size++) {
      const splitter = createSplitter()
      const lines: string[] = []
      for (let at = 0; at < bytes.length; at += size) lines.push(...splitter.push(bytes.subarray(at, at + size)))
      expect([...lines, ...splitter.rest()]).toEqual(whole)
    }
    expect(whole).toEqual(['eins', 'zwöi 🙂', '', '20%', 'last'])
  })

  it('without an end are held in bounded memory', () => {
    const splitter = createSplitter()
    for (let chunk = 0; chunk < 100; chunk++) splitter.push(Buffer.alloc(100_000, 'y'))
    const [line = ''] = splitter.push(Buffer.from('\n'))
    expect([line.length, line.endsWith('… (cut)')]).toEqual([LINE_LIMIT + 7, true])
    for (let chunk = 0; chunk < 100_000; chunk++) splitter.push(Buffer.from(`\r${chunk}%`))
    expect(splitter.push(Buffer.from('\n'))).toEqual(['99999%'])
  })

  it('of random bytes do no harm', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const spec = specOf(world.slug(), 'head -c 300000 /dev/urandom; echo; echo after')
    await runtime.start(spec, [])
    const lines = await printed(runtime, spec, 'after')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may be left
    expect(lines.filter((line) => /[\0-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]/.test(line))).toEqual([])
  })
})

describe('logs', () => {
  it('gives the last lines of each instance, oldest instance first, of one process if asked', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const slug = world.slug()
    const web = specOf(slug, 'echo w1; echo w2; echo w3')
    const worker = specOf(slug, 'echo k1', { process: 'worker' })
    await runtime.start(web, [])
    await exited(runtime, web)
    await runtime.start(worker, [])
    await exited(runtime, worker)
    const signal = new AbortController().signal
    const all = await collect(runtime.logs('shop', { lines: 2, follow: false, signal }))
    expect(all).toEqual([
      { at: null, instance: 'shop.web.v1.1', line: 'w2' },
      { at: null, instance: 'shop.web.v1.1', line: 'w3' },
      { at: null, instance: 'shop.worker.v1.1', line: 'k1' },
    ])
    expect(await collect(runtime.logs('shop', { process: 'worker', lines: 2, follow: false, signal }))).toHaveLength(1)
    expect(await collect(runtime.logs('other', { lines: 2, follow: false, signal }))).toEqual([])
  })

  it('follows what comes, new instances, restarted ones, and the last words of removed ones', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const slug = world.slug()
    const following = follow(runtime)
    const first = specOf(slug, 'echo a1; read < <(sleep 0.1); printf "a2 without end"')
    await runtime.start(first, [])
    await exited(runtime, first)
    await runtime.remove(NAME)
    await until(() => following.texts().includes('a2 without end'))
    await runtime.start({ ...first, command: 'echo b1' }, [])
    await runtime.start(specOf(slug, 'echo c1', { process: 'worker' }), [])
    await until(() => following.texts().includes('b1') && following.texts().includes('c1'))
    await following.end()
    expect(following.texts().sort()).toEqual(['a1', 'a2 without end', 'b1', 'c1'])
    expect(following.lines.every(({ at }) => typeof at === 'number')).toBe(true)
  })

  it('does not tear a line that is being written', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const gate = join(world.slug(), 'gate')
    const spec = specOf(
      world.slug(),
      `printf 'first half, '; until [[ -e ${gate} ]]; do sleep 0.01; done; echo second half; sleep 1000`,
    )
    await runtime.start(spec, [])
    await printed(runtime, spec, 'first half')
    const following = follow(runtime)
    writeFileSync(gate, '')
    await until(() => following.lines.length > 0)
    await following.end()
    expect(following.texts()).toEqual(['first half, second half'])
  })

  it('ends with the runtime', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const following = follow(runtime)
    await runtime.close()
    await following.end()
  })
})

describe('rotation', () => {
  /** Writes numbered lines, in bursts that let the platform breathe, until told to stop. */
  const WRITER = `
    const fs = require('fs'); let n = 0
    const burst = () => {
      if (fs.existsSync('stop')) { fs.writeSync(1, 'end ' + n + '\\n'); return }
      for (let i = 0; i < 200; i++) fs.writeSync(1, 'line ' + (++n) + ' ' + 'x'.repeat(80) + '\\n')
      setTimeout(burst, 2)
    }
    burst()`
  const LIMITS = { bytes: 256 * 1024, keep: 3 }

  it('keeps files small while they are written, and a follower misses next to nothing', async () => {
    const world = createWorld()
    const slug = world.slug({ 'app.js': WRITER })
    const runtime = world.runtime({ logs: LIMITS })
    const following = follow(runtime, { lines: 0 })
    const spec = specOf(slug, 'node app.js')
    await runtime.start(spec, [])
    const log = logOf(world)
    await until(() => existsSync(`${log}.3`), 'three rotations')
    writeFileSync(join(slug, 'stop'), '')
    await exited(runtime, spec)
    const last = await until(() => following.texts().find((line) => line.startsWith('end ')))
    await following.end()

    const written = Number(last.slice(4))
    const numbers = following
      .texts()
      .flatMap((line) => /^line (\d+) x{80}$/.exec(line)?.[1] ?? [])
      .map(Number)
    const lost = written - numbers.length
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
    expect(lost).toBeLessThanOrEqual(20)
    expect([`${log}.4`, `${log}.tmp`].some(existsSync)).toBe(false)
    expect(statSync(log).size).toBeLessThan(40 * LIMITS.bytes)
  })

  it('on a full disk gives up old output, and then goes on', async () => {
    const world = createWorld()
    const slug = world.slug({ 'app.js': WRITER })
    const log = logOf(world)
    writeFileSync(`${log}.1`, 'newer')
    writeFileSync(`${log}.2`, 'older')
    symlinkSync('/dev/full', `${log}.tmp`)
    const runtime = world.runtime({ logs: LIMITS })
    const spec = specOf(slug, 'node app.js')
    await runtime.start(spec, [])
    await until(() => !existsSync(`${log}.2`) && existsSync(`${log}.1`), 'the oldest to go')
    await until(() => existsSync(`${log}.2`), 'a rotation after that')
    writeFileSync(join(slug, 'stop'), '')
    expect((await exited(runtime, spec)).code).toBe(0)
  })

  it('that cannot be done leaves the app and its log alone', async () => {
    const world = createWorld()
    const slug = world.slug({ 'app.js': WRITER })
    const runtime = world.runtime({ logs: LIMITS })
    const log = logOf(world)
    mkdirSync(`${log}.tmp`)
    const spec = specOf(slug, 'node app.js')
    await runtime.start(spec, [])
    await until(() => (statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 8 * LIMITS.bytes)
    writeFileSync(join(slug, 'stop'), '')
    expect((await exited(runtime, spec)).code).toBe(0)
  })
})
