import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { launch } from '../../src/runtime/process/launcher.ts'
import { bootId, parseStat, ps, readProcess } from '../../src/runtime/process/processes.ts'
import { makeDirectory } from '../../src/runtime/process/start.ts'
import { createWorld, exited, isRunning, kill, one, printed, specOf, until } from './world.ts'

const NAME = 'shop.web.v1.1'
const foreigners: ChildProcess[] = []

afterEach(() => {
  for (const child of foreigners.splice(0)) child.kill('SIGKILL')
})

/** A process that is not ours, in a group of its own. */
function foreigner(): number {
  const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore', env: { PATH: process.env.PATH ?? '' } })
  foreigners.push(child)
  return child.pid ?? 0
}

/** The files of an instance, written by hand. */
function forge(world: ReturnType<typeof createWorld>, files: Record<string, string>, name = NAME): string {
  const dir = join(world.state, 'instances', 'shop', name)
  mkdirSync(dir, { recursive: true })
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text)
  return dir
}

const SPEC = JSON.stringify({
  app: 'shop',
  process: 'web',
  release: 1,
  index: 1,
  commit: 'c',
  fingerprint: 'f',
  imageKey: 'k',
  oneOff: false,
  stop: { signal: 'SIGTERM', timeoutMs: 100 },
  health: { intervalMs: 1, timeoutMs: 1, graceMs: 1 },
  address: { host: '127.0.0.1', port: 21_000 },
  startedAt: 5,
  boot: bootId(),
  logFrom: 0,
})

/** A claim of before the machine was started. */
const ENDED = '99999 00000000-another-boot 1\n'

describe('a new runtime', () => {
  it('knows what runs from before, in every detail, and its end', async () => {
    const world = createWorld()
    const first = world.runtime()
    const spec = specOf(world.slug(), 'echo ready; read < <(sleep 0.3); exit 9')
    const started = await first.start(spec, [])
    await printed(first, spec, 'ready')
    await first.close()
    const second = world.runtime()
    expect(await second.list('shop')).toEqual([started])
    const changed: string[] = []
    second.onChange((app) => changed.push(app))
    await until(() => changed.length > 0)
    expect((await one(second, spec))?.exit).toMatchObject({ code: 9 })
  })

  it('finishes a stop that was under way', async () => {
    const world = createWorld()
    const first = world.runtime()
    const spec = specOf(world.slug(), `trap 'echo got' TERM; echo ready; while :; do read -t 1000 < <(:); sleep 0.01; done`)
    await first.start(spec, [])
    await printed(first, spec, 'ready')
    await first.stop(NAME, { signal: 'SIGTERM', timeoutMs: 500 })
    await printed(first, spec, 'got')
    await first.close()
    const second = world.runtime()
    expect((await one(second, spec))?.state).toBe('stopping')
    expect((await exited(second, spec)).code).toBe(137)
    expect((await second.tail('shop', NAME, 10)).filter((line) => line === 'got')).toHaveLength(1)
    expect(world.processes()).toEqual([])
  })

  it('kills at once what should have ended long ago', async () => {
    const world = createWorld()
    const first = world.runtime()
    const spec = specOf(world.slug(), `trap '' TERM; echo ready; while :; do sleep 1000; done`)
    await first.start(spec, [])
    await printed(first, spec, 'ready')
    await first.stop(NAME, { signal: 'SIGTERM', timeoutMs: 60_000 })
    await first.close()
    const marker = join(world.dir(spec), 'stopping')
    const before = JSON.parse(readFileSync(marker, 'utf8'))
    writeFileSync(marker, JSON.stringify({ ...before, at: before.at - 120_000 }))
    expect((await exited(world.runtime(), spec)).code).toBe(137)
  })

  it('calls everything of an earlier boot exited, and touches nobody', async () => {
    const world = createWorld()
    const pid = foreigner()
    const start = readProcess(pid)?.start
    forge(world, { 'spec.json': SPEC, claim: `${pid} 00000000-another-boot ${start}\n` })
    const runtime = world.runtime()
    expect(await runtime.list('shop')).toMatchObject([{ state: 'exited', exit: { code: null, signal: null } }])
    await runtime.stop(NAME, { signal: 'SIGKILL', timeoutMs: 0 })
    await runtime.remove(NAME)
    expect(isRunning(pid)).toBe(true)
  })

  it('never takes a foreign process for ours, nor its group, when an id has come round', async () => {
    const world = createWorld()
    const pid = foreigner()
    forge(world, {
      'spec.json': SPEC,
      claim: `${pid} ${bootId()} 12345\n`,
      stopping: JSON.stringify({ at: 1, signal: 'SIGTERM', timeoutMs: 1, sent: false, killed: false }),
    })
    const runtime = world.runtime()
    expect(await runtime.list('shop')).toMatchObject([{ name: NAME, state: 'exited', exit: { code: null } }])
    await runtime.stop(NAME, { signal: 'SIGKILL', timeoutMs: 0 })
    await runtime.remove(NAME)
    expect([isRunning(pid), await runtime.list('shop')]).toEqual([true, []])
  })

  it('nor a foreign group whose leader has gone', async () => {
    const world = createWorld()
    const child = spawn('bash', ['-c', 'sleep 1000 & echo $!; sleep 1000'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH ?? '' },
    })
    foreigners.push(child)
    const member = Number(await new Promise((resolve) => child.stdout.once('data', (text) => resolve(String(text)))))
    child.kill('SIGKILL')
    await until(() => !isRunning(child.pid ?? 0))
    forge(world, { 'spec.json': SPEC, claim: `${child.pid} ${bootId()} 12345\n` })
    expect(await world.runtime().list('shop')).toMatchObject([{ state: 'exited' }])
    expect(isRunning(member)).toBe(true)
    process.kill(-(child.pid ?? 0), 'SIGKILL')
  })

  it('revokes what was never claimed: a launcher that comes late does not run', async () => {
    const world = createWorld()
    const dir = forge(world, { 'spec.json': SPEC })
    const runtime = world.runtime()
    expect([await runtime.list('shop'), await runtime.apps(), existsSync(dir)]).toEqual([[], [], false])
  })

  it('starts what was never launched when asked to, as if nobody had tried', async () => {
    const world = createWorld()
    const ran = join(world.state, 'ran')
    // trimtab was killed a moment ago, after it had written the spec, and before there was a launcher.
    forge(world, { 'spec.json': SPEC.replace('"startedAt":5', `"startedAt":${Date.now()}`) })
    const runtime = world.runtime()
    expect(await runtime.list('shop')).toMatchObject([{ state: 'running' }])
    const spec = specOf(world.slug(), `echo once >> ${ran}`, { oneOff: true })
    const [instance] = await Promise.all([runtime.start(spec, []), runtime.list('shop')])
    expect(instance.pid).toBeGreaterThan(1)
    expect(await exited(runtime, spec)).toMatchObject({ code: 0 })
    expect(readFileSync(ran, 'utf8')).toBe('once\n')
  })

  it('leaves alone what was launched just before, when asked to start it', async () => {
    const world = createWorld()
    const first = world.runtime()
    const spec = specOf(world.slug(), `echo ready; sleep 1000`)
    const starting = first.start(spec, [])
    const second = world.runtime()
    const { pid } = await starting
    expect((await second.start(spec, [])).pid).toBe(pid)
    expect((await second.list('shop')).map((instance) => instance.pid)).toEqual([pid])
  })

  it('waits a moment for a claim, and for one that is being written', async () => {
    const world = createWorld()
    const young = SPEC.replace('"startedAt":5', `"startedAt":${Date.now()}`)
    const dir = forge(world, { 'spec.json': young })
    const runtime = world.runtime()
    const changed: string[] = []
    runtime.onChange((app) => changed.push(app))
    expect(await runtime.list('shop')).toMatchObject([{ state: 'running' }])
    writeFileSync(join(dir, 'claim'), '')
    expect(await runtime.list('shop')).toMatchObject([{ state: 'running' }])
    utimesSync(join(dir, 'claim'), 1, 1)
    await until(() => changed.length > 0)
    expect(await runtime.list('shop')).toMatchObject([{ state: 'exited', exit: { code: null } }])
  })

  it('tells when one that could have been launched was not', async () => {
    const world = createWorld()
    forge(world, { 'spec.json': SPEC.replace('"startedAt":5', `"startedAt":${Date.now()}`) })
    const runtime = world.runtime()
    const changed: string[] = []
    runtime.onChange((app) => changed.push(app))
    expect(await runtime.list('shop')).toMatchObject([{ state: 'running' }])
    await until(() => changed.length > 0)
    expect(await runtime.list('shop')).toEqual([])
  })

  it('has ports of exited instances taken', async () => {
    const world = createWorld()
    forge(world, { 'spec.json': SPEC, claim: ENDED })
    const runtime = world.runtime({ ports: { from: 21_000, to: 21_050 } })
    const { address } = await runtime.start(specOf(world.slug(), 'true', { index: 2 }), [])
    expect(address?.port).toBeGreaterThan(21_000)
  })
})

describe('a late launcher', () => {
  it.each(['revoked', 'removed', 'removed and started anew'])('of an instance that was %s does not run', async (what) => {
    const world = createWorld()
    const spec = specOf(world.slug(), 'true')
    const dir = world.dir(spec)
    const ran = join(world.state, 'ran')
    const env = { PATH: process.env.PATH ?? '', TMPDIR: dir }
    const home = spec.image.ref
    // Held before it could claim; where it was too fast for that, once more.
    let late: ChildProcess
    for (;;) {
      const tmp = makeDirectory(dir)
      const command = `echo > ${ran}`
      late = launch({ dir, tmp, home, command, boot: bootId(), env, stdio: ['ignore', 'pipe', 'pipe'], title: 'late' })
      foreigners.push(late)
      const { pid = 0 } = late
      process.kill(-pid, 'SIGSTOP')
      await until(() => /^State:\s+[TZ]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')))
      if (!existsSync(join(dir, 'claim'))) break
      const { exitCode, signalCode } = late
      if (exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL')
      await until(() => world.processes().length === 0)
      rmSync(ran, { force: true })
    }
    if (what === 'revoked') writeFileSync(join(dir, 'claim'), 'revoked')
    else {
      renameSync(dir, `${dir}-removed`)
      rmSync(`${dir}-removed`, { recursive: true })
    }
    if (what.endsWith('anew')) makeDirectory(dir)
    process.kill(late.pid ?? 0, 'SIGCONT')
    await until(() => late.exitCode !== null || late.signalCode !== null)
    expect(() => readFileSync(ran)).toThrow()
  })
})

describe('a launcher', () => {
  it('that was asked to stop before it came to the command does not run it', async () => {
    const world = createWorld()
    const spec = specOf(world.slug(), 'true')
    const dir = world.dir(spec)
    const tmp = makeDirectory(dir)
    writeFileSync(join(dir, 'stopping'), '{}')
    const ran = join(world.state, 'ran')
    const env = { PATH: process.env.PATH ?? '', TMPDIR: tmp }
    const stdio = ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe']
    const child = launch({ dir, tmp, home: spec.image.ref, command: `echo > ${ran}`, boot: bootId(), env, stdio, title: 'x' })
    await until(() => child.exitCode !== null)
    expect([existsSync(ran), readFileSync(join(dir, 'exit'), 'utf8')]).toEqual([false, '143\n'])
  })
})

describe('damaged files', () => {
  const samples = [
    '',
    '{',
    'null',
    '[]',
    '{"app":"other"}',
    SPEC.replace('"index":1', '"index":"../../x"'),
    '\0\0\0\0',
    'x'.repeat(200_000),
  ]
  it.each(samples)('spec.json %#: the instance is told by its name, and can be removed', async (text) => {
    const world = createWorld()
    forge(world, { 'spec.json': text, claim: `1 ${bootId()} 1\n` })
    forge(world, { 'spec.json': SPEC.replace('"index":1', '"index":2'), claim: ENDED }, 'shop.web.v1.2')
    const runtime = world.runtime()
    expect(await runtime.list('shop')).toMatchObject([
      { name: NAME, app: 'shop', process: 'web', release: 1, index: 1, fingerprint: '', state: 'exited' },
      { name: 'shop.web.v1.2', fingerprint: 'f', state: 'exited' },
    ])
    await runtime.remove(NAME)
    expect(await runtime.list('shop')).toHaveLength(1)
  })

  it.each(['1 b 1\n', '0 b 1\n', '-5 b 1\n', 'x\n', '\n', '99999999999999 b 1\n', 'revoked\n'])(
    'claim %j is nobody',
    async (claim) => {
      const world = createWorld()
      const dir = forge(world, { 'spec.json': SPEC, claim })
      utimesSync(join(dir, 'claim'), 1, 1)
      expect(await world.runtime().list('shop')).toMatchObject([{ state: 'exited', exit: { code: null } }])
    },
  )

  it('of a running instance do not hide it: it is found by its environment, stopped and ended', async () => {
    const world = createWorld()
    const first = world.runtime()
    const spec = specOf(world.slug(), 'echo ready; sleep 1000')
    await first.start(spec, [])
    await printed(first, spec, 'ready')
    await first.close()
    writeFileSync(join(world.dir(spec), 'claim'), 'garbage\n')
    writeFileSync(join(world.dir(spec), 'spec.json'), 'garbage\n')
    const runtime = world.runtime()
    expect(await one(runtime, spec)).toMatchObject({ state: 'running', fingerprint: '' })
    await runtime.stop(NAME, { signal: 'SIGTERM', timeoutMs: 50 })
    await exited(runtime, spec)
    expect(world.processes()).toEqual([])
  })

  it('a spec that was taken away leaves the instance in sight', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const spec = specOf(world.slug(), 'echo ready; sleep 1000')
    const { pid } = await runtime.start(spec, [])
    await printed(runtime, spec, 'ready')
    rmSync(join(world.dir(spec), 'spec.json'))
    expect(await runtime.list('shop')).toMatchObject([{ name: NAME, fingerprint: '', state: 'running', pid }])
  })

  it('directories and files in the wrong places are no instances and hurt nobody', async () => {
    const world = createWorld()
    forge(world, {}, 'shop.web.v1.7')
    forge(world, { 'spec.json': SPEC, claim: ENDED })
    writeFileSync(join(world.state, 'instances', 'notes.txt'), 'x')
    writeFileSync(join(world.state, 'instances', 'shop', 'notes.txt'), 'x')
    mkdirSync(join(world.state, 'instances', 'shop', 'shop.web.v1.8', 'claim'), { recursive: true })
    const runtime = world.runtime()
    const names = await until(async () => {
      const all = await runtime.list('shop')
      return all.every(({ state }) => state === 'exited') && all.map(({ name, state }) => `${name} ${state}`)
    })
    expect([names, await runtime.apps()]).toEqual([['shop.web.v1.1 exited', 'shop.web.v1.8 exited'], ['shop']])
  })

  it('what cannot be read is an error, not an empty list', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    writeFileSync(join(world.state, 'instances', 'shop'), 'a file')
    await expect(runtime.list('shop')).rejects.toMatchObject({ code: 'RuntimeUnavailable', retry: true })
    expect(await runtime.list('other')).toEqual([])
    renameSync(join(world.state, 'instances'), join(world.state, 'elsewhere'))
    await expect(runtime.list('other')).rejects.toMatchObject({ code: 'RuntimeUnavailable' })
    await expect(runtime.apps()).rejects.toMatchObject({ code: 'RuntimeUnavailable' })
  })
})

describe('processes', () => {
  it('reads a stat line whatever the program calls itself', () => {
    const rest = `S 1 77 78 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4242 0`
    expect(parseStat(`99 (a) Z (b c) ${rest}`)).toEqual({ pid: 99, zombie: false, group: 77, session: 78, start: '4242' })
    expect([parseStat(''), parseStat('nonsense')]).toEqual([null, null])
  })

  it('finds the same by ps(1), for systems without /proc', () => {
    const pid = foreigner()
    expect(ps(['-p', String(pid)])).toEqual([
      { pid, zombie: false, group: pid, session: pid, start: expect.stringMatching(/\d\d:\d\d:\d\d \d{4}$/) },
    ])
    kill(pid)
    expect(ps(['-p', '999999'])).toEqual([])
  })
})
