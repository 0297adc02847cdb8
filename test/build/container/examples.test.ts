import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { packageRegistries } from '../../support/registries.ts'
import { onlyWithRegistry } from '../registry.ts'
import { imageOf, pack } from '../world.ts'
import { answer, run } from './run.ts'
import { type World, world } from './world.ts'

const EXAMPLES = join(import.meta.dirname, '../../../examples')
const RELEASE = { SOURCE_VERSION: '0123456789abcdef', RELEASE_VERSION: 'v7' }

async function built(w: World, name: string, env: Record<string, string> = {}) {
  const commit = await w.source.commitFolder(join(EXAMPLES, name))
  const plan = await w.plan(commit, { app: name, settings: { env } })
  return { plan, image: imageOf(await w.build(plan)) }
}

async function layersOf({ engine }: World, ref: string): Promise<string[]> {
  return (await engine.docker.getImage(ref).inspect()).RootFS.Layers ?? []
}

test('hello: an image that stands by itself, one layer above the stack', async (context) => {
  const w = await world(context)
  const { image } = await built(w, 'hello')
  expect(image).toMatchObject({ processTypes: { web: 'node server.js' }, configVars: { NODE_ENV: 'production' } })
  expect(image.ref).toBe(`trimtab/${w.platform}:${image.key}`)
  expect(await answer(await run(w, image, [], { PORT: '5000', ...RELEASE }))).toBe('Hello from v7, commit 0123456789ab\n')
  // Without a PORT as well.
  expect(await answer(await run(w, image, ['web'], RELEASE))).toContain('Hello from v7')

  const stack = await layersOf(w, w.stack)
  const layers = await layersOf(w, image.ref)
  expect([layers.slice(0, -1), layers.length]).toEqual([stack, stack.length + 1])
  const { Config } = await w.engine.docker.getImage(image.ref).inspect()
  const { Env: stackEnv } = (await w.engine.docker.getImage(w.stack).inspect()).Config
  expect(Config).toMatchObject({ User: '1000:1000', WorkingDir: '/app', Cmd: ['web'], Volumes: null })
  expect(Config.Env).toEqual([...(stackEnv ?? []), 'HOME=/app'])
  expect(await w.builder.find(image.key)).toEqual(image)
})

test('worker: every process of the Procfile by its name, the release phase, a line, any command; a word for what there is not', async (context) => {
  const w = await world(context)
  const { image } = await built(w, 'worker')
  const worker = await run(w, image, ['worker'], RELEASE)
  await vi.waitFor(() => expect(worker.output()).toContain('worker of v7 begins'), 10_000)
  expect(await answer(await run(w, image, [], RELEASE))).toContain('web of v7')
  const release = await run(w, image, ['release'])
  expect([await release.exit, release.output()]).toEqual([0, 'migrating: nothing to do\n'])
  const line = await run(w, image, ['-c', 'echo "$HOME $PWD $(id -u) $NODE_ENV"; exit 3'])
  expect([await line.exit, line.output()]).toEqual([3, '/app /app 1000 production\n'])
  const command = await run(w, image, ['printf', '%s;', 'a b', '$HOME'], { NODE_ENV: 'test' })
  expect([await command.exit, command.output()]).toEqual([0, 'a b;$HOME;'])
  const none = await run(w, image, ['wrker'])
  expect([await none.exit, none.output()]).toEqual([127, expect.stringContaining('Its processes: release web worker')])
})

test('site, own-buildpack, and .profile.d with .profile last', async (context) => {
  const w = await world(context)
  const site = await run(w, (await built(w, 'site')).image)
  expect(await answer(site)).toContain('<h1>A static site</h1>')
  const own = await built(w, 'own-buildpack', { NAME: 'world' })
  expect(await w.log(own.plan)).toContain('-----> Greeting app detected\n-----> Rendering the greeting\n       Hello, world!\n')
  expect(await answer(await run(w, own.image))).toBe('Hello, world!\n')

  const profiles = {
    ...pack('mkdir -p "$1/.profile.d"; echo "export A=one B=\\$# C=1" > "$1/.profile.d/a.sh"', {
      release: 'echo "config_vars: {C: x, D: \\"a b\\"}"',
    }),
    '.profile': 'export A="$A two"\n',
    Procfile: 'web: echo "$A $B $C $D"\n',
  }
  const image = imageOf(await w.build(await w.plan(profiles)))
  const ran = await run(w, image, ['web'])
  expect([await ran.exit, ran.output()]).toEqual([0, 'one two 0 1 a b\n'])
})

test('flask, with pip through builds.env and builds.ca; the second build takes what the cache volume has', async (context) => {
  await onlyWithRegistry(context, 'pypi')
  const { env, ca } = packageRegistries()
  const w = await world(context, { builds: { concurrency: 1, timeoutMs: 120_000, env, ...(ca && { ca }) } })
  const { image } = await built(w, 'flask')
  expect(await answer(await run(w, image, [], RELEASE))).toBe('Hello from Flask, v7, commit 0123456789ab\n')

  const files = ['app.py', 'requirements.txt', 'Procfile']
  const tree = Object.fromEntries(files.map((name) => [name, readFileSync(join(EXAMPLES, 'flask', name), 'utf8')]))
  const changed = await w.plan({ ...tree, 'app.py': (tree['app.py'] ?? '').replace('Hello', 'Goodbye') }, { app: 'flask' })
  const second = imageOf(await w.build(changed))
  expect(await w.log(changed)).toContain('requirements.txt is unchanged')
  expect(await answer(await run(w, second))).toContain('Goodbye from Flask')

  // What went into the builds is in no layer's record and in no configuration.
  const { docker } = w.engine
  const said = JSON.stringify([await docker.getImage(image.ref).inspect(), await docker.getImage(image.ref).history()])
  for (const value of Object.values(env)) expect(said).not.toContain(value)
}, 120_000)

test('npm, and what it has in the cache volume', async (context) => {
  await onlyWithRegistry(context, 'npm')
  const { env, ca } = packageRegistries()
  const w = await world(context, { builds: { concurrency: 1, timeoutMs: 120_000, env, ...(ca && { ca }) } })
  const server =
    "const ms = require('ms'); require('http').createServer((q, s) => s.end(String(ms('2s')))).listen(process.env.PORT)"
  const tree = {
    'package.json': JSON.stringify({ dependencies: { ms: '2.1.3' }, scripts: { start: 'node server.js' } }),
    'server.js': server,
  }
  expect(await answer(await run(w, imageOf(await w.build(await w.plan(tree)))))).toBe('2000')
  const second = await w.plan({ ...tree, n: '2' })
  imageOf(await w.build(second))
  const volume = await w.engine.docker.getVolume(`trimtab-${w.platform}-cache-shop`).inspect()
  expect(volume.Labels).toMatchObject({ 'trimtab.platform': w.platform, 'trimtab.app': 'shop', 'trimtab.role': 'cache' })
}, 120_000)
