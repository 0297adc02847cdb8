/** Two runtimes as one, over two real ones: local processes of two state directories. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { InstanceSpec } from '../../src/domain.ts'
import type { LogLine, Runtime } from '../../src/ports.ts'
import { movingRuntime } from '../../src/runtime/moving.ts'
import { createProcessRuntime } from '../../src/runtime/process/runtime.ts'
import { until } from '../support/platform.ts'

let dir: string
let current: Runtime
let former: Runtime
let both: Runtime

const STOP = { signal: 'SIGTERM', timeoutMs: 5_000 }

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'trimtab-moving-')))
  writeFileSync(join(dir, 'hello'), 'hello\n')
  const port = 12_000 + 100 * Math.floor(Math.random() * 200)
  current = createProcessRuntime({ state: join(dir, 'new'), ports: { from: port, to: port + 9 } })
  former = createProcessRuntime({ state: join(dir, 'old'), ports: { from: port + 10, to: port + 19 } })
  both = movingRuntime(current, former)
})

afterEach(async () => {
  for (const runtime of [current, former]) {
    for (const { name } of await runtime.list('shop')) await runtime.stop(name, { ...STOP, timeoutMs: 0 })
    await until(async () => (await runtime.list('shop')).every((i) => i.state === 'exited'), 'all to end')
  }
  await both.close()
  rmSync(dir, { recursive: true, force: true })
})

function spec(release: number, command = 'exec sleep 1000'): InstanceSpec {
  const health = { intervalMs: 1_000, timeoutMs: 1_000, graceMs: 1_000 }
  return {
    ...{ app: 'shop', process: 'web', release, index: 1, commit: 'c'.repeat(40), fingerprint: `f${release}`, command, env: {} },
    ...{ image: { key: 'k', ref: dir, processTypes: {}, configVars: {} }, stop: STOP, health, oneOff: false },
  }
}

const names = async (runtime: Runtime) => (await runtime.list('shop')).map(({ name }) => name).sort()

it('sees what both run, starts on the current one, and ends each where it is', async () => {
  await former.start(spec(1), [])
  await both.start(spec(2), [])
  expect(await names(both)).toEqual(['shop.web.v1.1', 'shop.web.v2.1'])
  expect(await names(current)).toEqual(['shop.web.v2.1'])
  expect(await both.apps()).toEqual(['shop'])

  // As after a start of trimtab: nothing is known yet of who has what.
  const again = movingRuntime(current, former)
  await again.stop('shop.web.v1.1', STOP)
  await until(async () => (await former.list('shop')).every((i) => i.state === 'exited'), 'the old one to end')
  await again.remove('shop.web.v1.1')
  expect(await names(former)).toEqual([])
  expect((await again.list('shop')).map(({ name, state }) => [name, state])).toEqual([['shop.web.v2.1', 'running']])
})

it('cannot be read where one of them cannot: what is not seen is not gone', async () => {
  await both.start(spec(2), [])
  rmSync(join(dir, 'old'), { recursive: true, force: true })
  await expect(both.list('shop')).rejects.toMatchObject({ code: 'RuntimeUnavailable' })
  mkdirSync(join(dir, 'old', 'instances'), { recursive: true })
})

it('tells of changes in both, and shows the output of both as it comes', async () => {
  const changed: string[] = []
  both.onChange((app) => changed.push(app))
  await former.start(spec(1, 'echo of the old; exec sleep 1000'), [])
  const stop = new AbortController()
  const lines: LogLine[] = []
  const reading = (async () => {
    for await (const line of both.logs('shop', { lines: 10, follow: true, signal: stop.signal })) lines.push(line)
  })()
  await until(() => lines.length === 1, 'the first line')
  await both.start(spec(2, 'echo of the new; exec sleep 1000'), [])
  await until(() => lines.length === 2, 'the second line')
  expect(lines.map(({ instance, line }) => `${instance}: ${line}`)).toEqual([
    'shop.web.v1.1: of the old',
    'shop.web.v2.1: of the new',
  ])
  stop.abort()
  await reading
  await former.stop('shop.web.v1.1', { ...STOP, timeoutMs: 0 })
  await until(() => changed.includes('shop'), 'word of the end')
  expect(await both.tail('shop', 'shop.web.v1.1', 5)).toEqual(['of the old'])
})
