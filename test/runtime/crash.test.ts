/** `kill -9` of the platform at random points while it starts and stops instances: afterwards everything is accounted for. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { createWorld, DEFAULT_PORTS, until } from './world.ts'

const ROUNDS = 40
const root = resolve(import.meta.dirname, '../..')
/** Below node_modules, so that what the runtime imports is found from there. */
const compiled = join(root, 'node_modules', '.cache', `runtime-${process.pid}`)
let driver: ChildProcess | undefined

beforeAll(() => {
  mkdirSync(compiled, { recursive: true })
  writeFileSync(join(compiled, 'package.json'), '{"type":"module"}')
  writeFileSync(join(compiled, 'driver.js'), DRIVER)
  const options = [
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    'node',
    '--strict',
    '--skipLibCheck',
    '--exactOptionalPropertyTypes',
  ]
  const emit = ['--rewriteRelativeImportExtensions', '--rootDir', join(root, 'src'), '--outDir', compiled]
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const input = join(root, 'src', 'runtime', 'process', 'runtime.ts')
  execFileSync(process.execPath, [tsc, '--ignoreConfig', ...options, ...emit, input], { cwd: root, stdio: 'inherit' })
})

afterEach(() => void driver?.kill('SIGKILL'))
afterAll(() => rmSync(compiled, { recursive: true, force: true }))

/** A platform in miniature: one release after the other, each started, the one before stopped, what has ended removed. */
const DRIVER = `
import { createProcessRuntime } from './runtime/process/runtime.js'
const [state, from, to, slug] = process.argv.slice(2)
const runtime = createProcessRuntime({ state, ports: { from: Number(from), to: Number(to) } })
const commands = ['exec sleep 1000', "trap '' TERM; while :; do sleep 1000; done", 'sleep 1000 & sleep 1000']
console.log('ready')
for (;;) {
  const all = await runtime.list('shop')
  const release = Math.max(0, ...all.map((one) => one.release)) + 1
  for (const one of all) {
    if (one.state === 'exited') await runtime.remove(one.name)
    else await runtime.stop(one.name, { signal: 'SIGTERM', timeoutMs: 40 })
  }
  await Promise.all(commands.map((command, index) => runtime.start({
    app: 'shop', process: 'web', release, index: index + 1, commit: 'c', fingerprint: 'f',
    image: { key: 'k', ref: slug, processTypes: {}, configVars: {} }, command, env: { MARK: release + '-' + (index + 1) },
    stop: { signal: 'SIGTERM', timeoutMs: 40 }, health: { intervalMs: 1, timeoutMs: 1, graceMs: 1 }, oneOff: false,
  }, [])))
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
}`

it(`after ${ROUNDS} kills, what runs is what is listed, once each`, { timeout: 120_000 }, async () => {
  const world = createWorld()
  const slug = world.slug()
  const args = [join(compiled, 'driver.js'), world.state, String(DEFAULT_PORTS.from), String(DEFAULT_PORTS.to), slug]
  for (let round = 0; round < ROUNDS; round++) {
    const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] })
    driver = started
    await new Promise((resolve) => started.stdout?.once('data', resolve))
    // Not a wait for something, but the point in time at which it strikes.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 80))
    started.kill('SIGKILL')
    await until(() => started.signalCode !== null)
  }

  const runtime = world.runtime()
  // Settled: every stop that was under way has ended.
  const running = await until(async () => {
    const all = await runtime.list('shop')
    const isSettled = all.every(({ state, pid }) => state === 'exited' || (state === 'running' && pid))
    return isSettled && all.filter(({ state }) => state === 'running')
  })
  const sessions = new Map<number, string[]>()
  for (const pid of world.processes()) {
    const session = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[3])
    const mark = /\0MARK=([^\0]*)\0/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1] ?? ''
    sessions.set(session, [...(sessions.get(session) ?? []), mark])
    const descriptors = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
    expect(descriptors.filter((target) => target.startsWith('pipe:'))).toEqual([])
  }
  expect([...sessions.keys()].sort()).toEqual(running.map(({ pid }) => pid).sort())
  for (const { pid = 0, release, index } of running) {
    expect(new Set(sessions.get(pid))).toEqual(new Set([`${release}-${index}`]))
  }
  expect(new Set(running.map(({ address }) => address?.port)).size).toBe(running.length)

  for (const { name } of running) await runtime.stop(name, { signal: 'SIGTERM', timeoutMs: 20 })
  await until(async () => (await runtime.list('shop')).every(({ state }) => state === 'exited'))
  expect(world.processes()).toEqual([])
})
