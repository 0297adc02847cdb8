import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import type { Terminal } from '../../src/ports.ts'
import { createWorld, isRunning, kill, specOf, until } from './world.ts'

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

describe('run', () => {
  it.each([
    ['exit 0', 0],
    ['exit 42', 42],
    ['kill -TERM $$', 143],
    ['no-such-command', 127],
  ])('`%s` gives %s', async (command, code) => {
    const world = createWorld()
    expect(await world.runtime().run(specOf(world.slug(), command, { oneOff: true }), terminal().value)).toBe(code)
    expect(readdirSync(join(world.state, 'runs'))).toEqual([])
  })

  it('passes input, output and errors, with the environment of the release', async () => {
    const world = createWorld()
    const slug = world.slug({ '.profile.d/x.sh': 'export PROFILE=sourced' })
    const t = terminal('typed in')
    const spec = specOf(slug, 'cat; echo " $A $PROFILE port=$PORT $PWD"; echo oops >&2', { oneOff: true, env: { A: 'b' } })
    expect(await world.runtime().run(spec, t.value)).toBe(0)
    t.ends()
    expect([await t.output.out, await t.output.err]).toEqual([`typed in b sourced port= ${slug}\n`, 'oops\n'])
  })

  it('passes megabytes through a slow reader', async () => {
    const world = createWorld()
    const t = terminal()
    const code = await world
      .runtime()
      .run(specOf(world.slug(), 'head -c 3000000 /dev/zero | tr "\\0" x', { oneOff: true }), t.value)
    t.ends()
    expect([code, (await t.output.out).length]).toEqual([0, 3_000_000])
  })

  it('does not wait for input that the command does not read', async () => {
    const world = createWorld()
    const t = terminal()
    const stdin = new PassThrough()
    stdin.write('x'.repeat(1_000_000))
    expect(await world.runtime().run(specOf(world.slug(), 'exit 3', { oneOff: true }), { ...t.value, stdin })).toBe(3)
  })

  it('is ended when aborted: politely, then not', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    for (const [command, code] of [
      ['echo ready; exec sleep 1000', 143],
      [`trap '' TERM; echo ready; while :; do sleep 1000; done`, 137],
    ] as const) {
      const t = terminal()
      t.stdout.once('data', () => t.abort.abort())
      const spec = specOf(world.slug(), command, { oneOff: true, stop: { signal: 'SIGTERM', timeoutMs: 100 } })
      expect(await runtime.run(spec, t.value)).toBe(code)
    }
    const aborted = terminal()
    aborted.abort.abort()
    const spec = specOf(world.slug(), 'sleep 1000', { oneOff: true, stop: { signal: 'SIGTERM', timeoutMs: 5_000 } })
    expect(await runtime.run(spec, aborted.value)).toBeGreaterThan(128)
    expect(world.processes()).toEqual([])
  })

  it('leaves nothing behind in the background', async () => {
    const world = createWorld()
    const command = `(trap '' TERM HUP; while :; do sleep 1000; done) & setsid sleep 1000 & exit 0`
    expect(await world.runtime().run(specOf(world.slug(), command, { oneOff: true }), terminal().value)).toBe(0)
    await until(() => world.processes().length === 0)
  })

  it('ends although something that nobody finds holds its output open', async () => {
    const world = createWorld()
    const t = terminal()
    const command = 'setsid env -u TMPDIR sleep 1000 & echo out; until ls -l /proc/$!/exe | grep -q sleep; do :; done; exit 6'
    expect(await world.runtime().run(specOf(world.slug(), command, { oneOff: true }), t.value)).toBe(6)
    t.ends()
    expect(await t.output.out).toBe('out\n')
  })

  it('is no instance, and is left alone by another runtime while its own lives', async () => {
    const world = createWorld()
    const t = terminal()
    const done = world.runtime().run(specOf(world.slug(), 'echo ready; exec sleep 1000', { oneOff: true }), t.value)
    await new Promise((resolve) => t.stdout.once('data', resolve))
    expect([await world.runtime().list('shop'), await world.runtime().apps()]).toEqual([[], []])
    expect(world.processes().length).toBeGreaterThan(0)
    t.abort.abort()
    await done
  })

  it('of a platform that is no more is ended at the next start', async () => {
    const world = createWorld()
    const t = terminal()
    const done = world.runtime().run(specOf(world.slug(), 'echo ready; exec sleep 1000', { oneOff: true }), t.value)
    await new Promise((resolve) => t.stdout.once('data', resolve))
    const [id = ''] = readdirSync(join(world.state, 'runs'))
    const owner = join(world.state, 'runs', id, 'owner')
    writeFileSync(owner, readFileSync(owner, 'utf8').replace(/\d+\n$/, '1\n')) // that pid, but another process
    const pids = world.processes()
    world.runtime()
    await until(() => !pids.some(isRunning))
    for (const pid of pids) kill(pid)
    await done
    expect(readdirSync(join(world.state, 'runs'))).toEqual([])
  })

  it('that cannot start says why', async () => {
    const world = createWorld()
    const spec = specOf('/nowhere', 'true', { oneOff: true })
    await expect(world.runtime().run(spec, terminal().value)).rejects.toMatchObject({ code: 'StartFailed' })
  })
})
