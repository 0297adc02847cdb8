import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import type { InstanceSpec } from '../../../src/domain.ts'
import { LABEL } from '../../../src/engine/labels.ts'
import type { Terminal } from '../../../src/ports.ts'
import { createWorld, one, printed, specOf, until, type World } from './world.ts'

function terminal(input: string | null = null) {
  const abort = new AbortController()
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const stdin = input === null ? null : new PassThrough()
  stdin?.end(input)
  const output = { out: text(stdout), err: text(stderr) }
  const ends = () => {
    stdout.end()
    stderr.end()
  }
  const value: Terminal = { stdin, stdout, stderr, signal: abort.signal }
  return { value, abort, output, ends, stdout }
}

/** A person's: what is typed, what is seen, and how large it is. */
function person() {
  const t = terminal()
  const stdin = new PassThrough()
  let resize: (size: { columns: number; rows: number }) => void = () => {}
  const tty: NonNullable<Terminal['tty']> = {
    onSize(resized) {
      resize = resized
      resized({ columns: 80, rows: 24 })
    },
  }
  let seen = ''
  t.stdout.on('data', (bytes) => {
    seen += bytes
  })
  return {
    ...t,
    value: { ...t.value, stdin, tty },
    type: (line: string) => stdin.write(line),
    end: () => stdin.end(),
    resize: (columns: number, rows: number) => resize({ columns, rows }),
    seen: () => seen,
  }
}

/** Types a line, now and then again, until this is to be seen. */
async function asked(me: ReturnType<typeof person>, line: string, answer: string): Promise<void> {
  const again = setInterval(() => me.type(`${line}\n`), 200)
  await until(() => me.seen().includes(answer)).finally(() => clearInterval(again))
}

const oneOff = (world: World, command: string, more: Partial<InstanceSpec> = {}) =>
  specOf(world, command, { process: 'run', oneOff: true, ...more })

describe('run', () => {
  it.for([
    ['exit 0', 0],
    ['exit 42', 42],
    ['kill -TERM $$', 143],
    ['no-such-command', 127],
  ] as const)('`%s` gives %s', async ([command, code], context) => {
    const world = await createWorld(context)
    expect(await world.runtime().run(oneOff(world, command), terminal().value)).toBe(code)
    expect(await world.containers()).toEqual([])
  })

  it('passes input, output and errors, with the environment of the release', async (context) => {
    const world = await createWorld(context)
    const image = await world.derive('mkdir /app/.profile.d && echo "export PROFILE=sourced" > /app/.profile.d/x.sh')
    const t = terminal('typed in')
    const spec = oneOff({ ...world, image }, 'cat; echo " $A $PROFILE port=$PORT $PWD"; echo oops >&2', { env: { A: 'b' } })
    expect(await world.runtime().run(spec, t.value)).toBe(0)
    t.ends()
    expect([await t.output.out, await t.output.err]).toEqual(['typed in b sourced port= /app\n', 'oops\n'])
  })

  it('passes megabytes through a slow reader', async (context) => {
    const world = await createWorld(context)
    const t = terminal()
    const code = await world.runtime().run(oneOff(world, 'head -c 3000000 /dev/zero | tr "\\0" x'), t.value)
    t.ends()
    expect([code, (await t.output.out).length]).toEqual([0, 3_000_000])
  })

  it('does not wait for input that the command does not read', async (context) => {
    const world = await createWorld(context)
    const stdin = new PassThrough()
    stdin.write('x'.repeat(1_000_000))
    expect(await world.runtime().run(oneOff(world, 'exit 3'), { ...terminal().value, stdin })).toBe(3)
  })

  it('is ended when aborted: politely, then not', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    for (const [command, code] of [
      ['echo ready; exec sleep 1000', 143],
      [`trap '' TERM; echo ready; while :; do sleep 1000; done`, 137],
    ] as const) {
      const t = terminal()
      t.stdout.once('data', () => t.abort.abort())
      expect(await runtime.run(oneOff(world, command, { stop: { signal: 'SIGTERM', timeoutMs: 100 } }), t.value)).toBe(code)
    }
    const aborted = terminal()
    aborted.abort.abort()
    expect(await runtime.run(oneOff(world, 'sleep 1000'), aborted.value)).toBeGreaterThan(128)
    expect(await world.containers()).toEqual([])
  })

  it('waits for a command that has closed its output', async (context) => {
    const world = await createWorld(context)
    expect(await world.runtime().run(oneOff(world, 'exec >&- 2>&-; sleep 0.5; exit 6'), terminal().value)).toBe(6)
  })

  it('has a terminal of the size of the one it was asked from, and hears of changes', async (context) => {
    const world = await createWorld(context)
    const me = person()
    const done = world.runtime().run(oneOff(world, 'bash --norc'), me.value)
    me.type('[ -t 0 ] && echo "a $TERM terminal"\n')
    await until(() => me.seen().includes('a xterm terminal\r\n'))
    me.resize(123, 45)
    await asked(me, 'stty size', '45 123\r\n')
    me.end()
    expect(await done).toBe(0)
    expect(await world.containers()).toEqual([])
  })

  it('is no instance, may be run many times at once, and is left alone while somebody is at it', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const [a, b] = [terminal(), terminal()]
    const spec = oneOff(world, 'echo ready; exec sleep 1000')
    const ready = [a, b].map(({ stdout }) => new Promise((resolve) => stdout.once('data', resolve)))
    const done = [runtime.run(spec, a.value), runtime.run(spec, b.value)]
    await Promise.all(ready)
    expect([await world.runtime().list('shop'), await world.runtime().apps()]).toEqual([[], []])
    const names = (await world.containers()).flatMap(({ Names }) => Names)
    expect(names).toEqual([expect.stringMatching(/^\/shop\.run\.v1\.\d+$/), expect.stringMatching(/^\/shop\.run\.v1\.\d+$/)])
    for (const { abort } of [a, b]) abort.abort()
    expect(await Promise.all(done)).toEqual([143, 143])
  })

  it('of a platform that is no more is ended at the next look', async (context) => {
    const world = await createWorld(context)
    const labels = { [LABEL.platform]: world.platform, [LABEL.app]: 'shop', [LABEL.role]: 'run', [LABEL.spec]: '1 1 1' }
    const HostConfig = { NetworkMode: 'none' }
    const left = await world.docker.createContainer({
      Image: world.image,
      Entrypoint: ['sleep', '1000'],
      Labels: labels,
      HostConfig,
    })
    await left.start()
    expect(await world.runtime().list('shop')).toEqual([])
    await until(async () => (await world.containers()).length === 0)
  })

  it('that cannot start says why', async (context) => {
    const world = await createWorld(context)
    const image = { key: 'k', ref: 'trimtab-test/nowhere:1', processTypes: {}, configVars: {} }
    const refused = world.runtime().run(oneOff(world, 'true', { image }), terminal().value)
    await expect(refused).rejects.toMatchObject({
      code: 'StartFailed',
      message: expect.stringContaining('is not there any more'),
    })
  })
})

describe('exec', () => {
  const SLEEP = 'echo up; exec sleep 1000'

  it('runs a command with the environment of the instance, and gives its exit code', async (context) => {
    const world = await createWorld(context)
    const image = await world.derive('mkdir /app/.profile.d && echo "export PROFILE=sourced" > /app/.profile.d/x.sh')
    const runtime = world.runtime()
    const spec = specOf({ image }, SLEEP, { env: { A: "b 'c'" } })
    await runtime.start(spec, [])
    const t = terminal('typed in')
    const command = ['bash', '-c', 'cat; echo " $A $PROFILE $PORT $1"; echo oops >&2; exit 7', 'bash', `two 'words'`]
    expect(await runtime.exec('shop', 'shop.web.v1.1', command, t.value)).toBe(7)
    t.ends()
    expect([await t.output.out, await t.output.err]).toEqual([`typed in b 'c' sourced 5000 two 'words'\n`, 'oops\n'])
    expect(await runtime.exec('shop', 'shop.web.v1.1', ['kill -TERM $$'], terminal().value)).toBe(127)
    expect(await runtime.exec('shop', 'shop.web.v1.1', ['sh', '-c', 'kill -TERM $$'], terminal().value)).toBe(143)
  })

  it('has a terminal where there is one', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    await runtime.start(specOf(world, SLEEP), [])
    const me = person()
    const done = runtime.exec('shop', 'shop.web.v1.1', ['bash', '--norc'], me.value)
    await asked(me, 'stty size', '24 80\r\n')
    me.resize(99, 33)
    await asked(me, 'stty size', '33 99\r\n')
    me.type('exit 5\n')
    expect(await done).toBe(5)
  })

  it('is ended when aborted, with what it has started', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const spec = specOf(world, SLEEP)
    await runtime.start(spec, [])
    const t = terminal()
    t.stdout.once('data', () => t.abort.abort())
    const code = await runtime.exec('shop', 'shop.web.v1.1', ['bash', '-c', 'sleep 2000 & echo ready; wait'], t.value)
    expect(code).toBe(143)
    await until(async () => !(await (await world.container(spec)).top()).Processes.flat().join(' ').includes('2000'))
    expect((await one(runtime, spec))?.state).toBe('running')
  })

  it('of an image by somebody else is just that command', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const ref = await world.derive('rm -rf /app/.trimtab', { Entrypoint: ['sleep', '1000'] })
    const image = { key: 'k', ref, processTypes: { web: 'x' }, configVars: {}, foreign: {} }
    await runtime.start(specOf(world, 'x', { image }), [])
    const t = terminal()
    expect(await runtime.exec('shop', 'shop.web.v1.1', ['echo', '$HOME  it'], t.value)).toBe(0)
    t.ends()
    expect(await t.output.out).toBe('$HOME  it\n')
    const missing = runtime.exec('shop', 'shop.web.v1.1', ['no-such-thing'], terminal().value)
    expect(await missing.catch((error) => error.code)).toSatisfy((code) => code === 126 || code === 127 || code === 'StartFailed')
  })

  it('in what does not run names what does', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const run = (name: string) => runtime.exec('shop', name, ['true'], terminal().value)
    await expect(run('shop.web.v1.1')).rejects.toMatchObject({ code: 'NotFound', message: expect.stringContaining('none') })
    await runtime.start(specOf(world, SLEEP), [])
    await expect(run('shop.web.v9.1')).rejects.toMatchObject({
      code: 'NotFound',
      message: expect.stringContaining('shop.web.v1.1'),
    })
  })
})

describe('usage', () => {
  it('tells memory and cores of what runs', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const busy = specOf(world, `echo up; exec python3 -c 'x = b"x" * (50 << 20)\nwhile True: pass'`, { limits: { cpus: 0.5 } })
    const idle = specOf(world, 'echo up; exec sleep 1000', { index: 2 })
    const ended = specOf(world, 'true', { index: 3 })
    for (const spec of [busy, idle, ended]) await runtime.start(spec, [])
    await printed(runtime, busy, 'up')
    const [first, second, ...others] = await until(async () => {
      const all = await runtime.usage('shop')
      return (all[0]?.memoryBytes ?? 0) > 50 << 20 && all.length === 2 && all
    })
    expect([first?.name, second?.name, others]).toEqual(['shop.web.v1.1', 'shop.web.v1.2', []])
    expect(first?.cpus).toBeGreaterThan(0.05)
    expect(first?.cpus).toBeLessThan(0.9)
    expect(second?.cpus).toBeLessThan(0.1)
    expect(second?.memoryBytes).toBeLessThan(10 << 20)
    expect(await runtime.usage('other')).toEqual([])
  })
})
