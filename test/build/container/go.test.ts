import { expect, onTestFinished, type TestContext, test } from 'vitest'
import type { Image } from '../../../src/domain.ts'
import { createEngine } from '../../../src/engine/engine.ts'
import { sharedEngine } from '../../support/docker.ts'
import { GO, type GoProxy, goProxy, SMALL, TOOLCHAIN } from '../goProxy.ts'
import { failureOf, imageOf } from '../world.ts'
import { run } from './run.ts'
import { type World, world } from './world.ts'

const TINY = {
  'go.mod': `module example.com/tiny\n\ngo ${GO.replace(/\.\d+$/, '')}\n\nrequire rsc.io/qr v0.2.0\n`,
  'go.sum': [
    'rsc.io/qr v0.2.0 h1:6vBLea5/NRMVTz8V66gipeLycZMl/+UlFmk8DvqQ6WY=',
    'rsc.io/qr v0.2.0/go.mod h1:IF+uZjkb9fqyeF/4tlBoynqmQxUoPfWEKh921coOuXs=\n',
  ].join('\n'),
  'main.go': 'package main\n\nimport "rsc.io/qr/gf256"\n\nfunc main() { println("tiny", gf256.NewField(0x11d, 2).Exp(8)) }\n',
}
const OTHER = { ...TINY, 'main.go': TINY['main.go'].replace('tiny', 'other') }

async function proxied(context: TestContext): Promise<GoProxy> {
  const { docker } = createEngine((await sharedEngine(context)).socket)
  // This machine, as its containers see it.
  const { IPAM } = await docker.getNetwork('bridge').inspect()
  const host = IPAM?.Config?.[0]?.Gateway ?? ''
  const proxy = await goProxy(context, { modules: [TOOLCHAIN, SMALL], host })
  onTestFinished(proxy.close)
  return proxy
}

const worldOf = (context: TestContext, { url }: GoProxy) =>
  world(context, { builds: { concurrency: 1, timeoutMs: 240_000, env: { GOPROXY: url } } })

async function timed(w: World, tree: Record<string, string>): Promise<{ image: Image; log: string; ms: number }> {
  const plan = await w.plan(tree)
  const began = performance.now()
  const image = imageOf(await w.build(plan))
  return { image, ms: performance.now() - began, log: await w.log(plan) }
}

/** Every file of /app: its mode, and a hash of its content. */
async function filesOf(w: World, image: Image): Promise<string> {
  const list =
    "cd /app; find . ! -type l -printf '%m %y %p\\n' | sort -k 3; find . -type f -print0 | sort -z | xargs -0 sha256sum"
  const ran = await run(w, image, ['-c', list])
  expect(await ran.exit).toBe(0)
  return ran.output()
}

test('a toolchain and a module out of the proxy; again from the cache, without a network; the same files in another world', {
  timeout: 400_000,
}, async (context) => {
  const proxy = await proxied(context)
  const w = await worldOf(context, proxy)
  const first = await timed(w, TINY)
  expect(first.log).toContain(`-----> Downloading Go 1.25\n       Go ${GO}\n       asked for: 1.25 (go.mod)\n`)
  expect(first.image).toMatchObject({ processTypes: { web: 'bin/tiny' }, materials: { versions: { go: GO } } })
  const ran = await run(w, first.image)
  expect([await ran.exit, ran.output()]).toEqual([0, 'tiny 29\n'])
  // On PATH, and with neither a toolchain nor a cache beside it.
  const list = await run(w, first.image, ['-c', 'tiny 2> /dev/null && find . -type f | sort && du -sk . | cut -f 1'])
  expect([await list.exit, list.output().split('\n').slice(0, -2)]).toEqual([
    0,
    expect.arrayContaining(['./bin/tiny', './go.mod', './go.sum', './main.go', './.profile.d/go.sh']),
  ])
  expect(Number(list.output().trim().split('\n').at(-1))).toBeLessThan(4000)
  expect(proxy.asked).toContain(`/${TOOLCHAIN.replace('@', '/@v/')}.zip`)

  const other = await worldOf(context, proxy)
  const elsewhere = await timed(other, OTHER)
  await proxy.close()

  const second = await timed(w, OTHER)
  expect(second.log).toContain(`-----> Using Go ${GO}, which an earlier build has downloaded\n`)
  console.log(`go: the second build takes ${(second.ms / first.ms).toFixed(2)} of the first (${Math.round(second.ms)} ms)`)
  expect(second.ms).toBeLessThan(first.ms / 2)
  expect(await filesOf(w, second.image)).toBe(await filesOf(other, elsewhere.image))
})

test('without a network, and with nothing in the cache: one line that says so', async (context) => {
  const w = await world(context, { builds: { concurrency: 1, timeoutMs: 60_000, env: { GOPROXY: 'http://127.0.0.1:9' } } })
  const { message } = failureOf(await w.build(await w.plan(TINY)))
  expect(message.split('\n')[0]).toMatch(/^The go buildpack failed: a server cannot be reached: the connection was refused/)
  expect(message).toContain('http://127.0.0.1:9/golang.org/toolchain/@v/list: curl: (7) Failed to connect')
})
