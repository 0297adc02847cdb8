import { readFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { onlyWithRegistry } from './registry.ts'
import { serve, start } from './serve.ts'
import { imageOf, world } from './world.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples')
const RELEASE = { SOURCE_VERSION: '0123456789abcdef', RELEASE_VERSION: 'v7' }

async function built(name: string, env: Record<string, string> = {}) {
  const w = await world()
  const commit = await w.source.commitFolder(join(EXAMPLES, name))
  const plan = await w.plan(commit, { app: name.replaceAll('/', '-'), settings: { env } })
  return { ...w, planOf: w.plan, plan, image: imageOf(await w.build(plan)) }
}

function inProcfile(name: string, type: string): string {
  const line = readFileSync(join(EXAMPLES, name, 'Procfile'), 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${type}:`))
  return line?.slice(type.length + 1).trim() ?? ''
}

/** Asks once over a connection that is kept alive, asks it to end, and expects both the answer and a prompt end. */
async function endsGracefully(url: string, stop: () => void, exit: Promise<number | null>): Promise<void> {
  const agent = new Agent({ keepAlive: true })
  await new Promise<void>((resolve, reject) => {
    get(url, { agent }, (response) => response.resume().once('end', resolve)).once('error', reject)
  })
  stop()
  expect(await exit).toBe(0)
  agent.destroy()
}

test('hello', async () => {
  const { image } = await built('hello')
  expect(image.processTypes).toEqual({ web: 'node server.js' })
  const { url, child, exit } = await serve(image, undefined, RELEASE)
  expect(await (await fetch(url)).text()).toBe('Hello from v7, commit 0123456789ab\n')
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  await endsGracefully(url, () => child.kill('SIGTERM'), exit)
})

test('flask, and again from the cache', async (context) => {
  await onlyWithRegistry(context, 'pypi')
  const { build, planOf, image, log } = await built('flask')
  const command = inProcfile('flask', 'web')
  const first = await serve(image, command, RELEASE)
  expect(await (await fetch(first.url)).text()).toBe('Hello from Flask, v7, commit 0123456789ab\n')
  const tree = Object.fromEntries(
    ['app.py', 'requirements.txt', 'Procfile'].map((name) => [name, readFileSync(join(EXAMPLES, 'flask', name), 'utf8')]),
  )
  const changed = await planOf({ ...tree, 'app.py': (tree['app.py'] ?? '').replace('Hello', 'Goodbye') }, { app: 'flask' })
  const second = await serve(imageOf(await build(changed)), command, RELEASE)
  expect(await (await fetch(second.url)).text()).toContain('Goodbye from Flask')
  expect(await log(changed)).toContain('requirements.txt is unchanged')
  second.child.kill('SIGTERM')
  expect(await second.exit).toBe(0)
})

test('site', async () => {
  const { image } = await built('site')
  const { url, child, exit } = await serve(image)
  expect(await (await fetch(url)).text()).toContain('<h1>A static site</h1>')
  expect((await fetch(`${url}/style.css`)).headers.get('content-type')).toBe('text/css; charset=utf-8')
  const missing = await fetch(`${url}/none`)
  expect([missing.status, await missing.text()]).toEqual([404, expect.stringContaining('There is no such page')])
  await endsGracefully(url, () => child.kill('SIGTERM'), exit)
})

test('worker: web, worker and release phase', async () => {
  const { image, plan, log } = await built('worker')
  expect(await log(plan)).toContain('Procfile declares types -> web, worker, release\n')
  const release = start(image, inProcfile('worker', 'release'), {})
  expect([await release.exit, release.output()]).toEqual([0, 'migrating: nothing to do\n'])
  const worker = start(image, inProcfile('worker', 'worker'), RELEASE)
  await vi.waitFor(() => expect(worker.output()).toContain('worker of v7 begins'), 5000)
  worker.child.kill('SIGTERM')
  expect(await worker.exit).toBe(0)
  expect(worker.output()).toContain('worker ends after')
  const { url, child, exit } = await serve(image, inProcfile('worker', 'web'), RELEASE)
  expect(await (await fetch(url)).text()).toContain('web of v7')
  await endsGracefully(url, () => child.kill('SIGTERM'), exit)
})

test('own-buildpack', async () => {
  const { image, plan, log } = await built('own-buildpack', { NAME: 'world' })
  expect(await log(plan)).toContain('-----> Greeting app detected\n-----> Rendering the greeting\n       Hello, world!\n')
  const { url, child, exit } = await serve(image)
  expect(await (await fetch(url)).text()).toBe('Hello, world!\n')
  await endsGracefully(url, () => child.kill('SIGTERM'), exit)
})

test('monorepo: each app is its folder, and a change of one is none of the other', async () => {
  const w = await world()
  const commit = await w.source.commitFolder(join(EXAMPLES, 'monorepo'))
  const [api, site] = [await w.plan(commit, { app: 'api', path: 'api' }), await w.plan(commit, { app: 'site', path: 'site' })]
  const images = [imageOf(await w.build(api)), imageOf(await w.build(site))] as const
  expect(await (await fetch((await serve(images[0])).url)).json()).toMatchObject({ service: 'api' })
  expect(await (await fetch((await serve(images[1])).url)).text()).toContain('The site of the monorepo')
  const files = ['api/server.js', 'api/package.json', 'site/index.html']
  const tree = Object.fromEntries(files.map((name) => [name, readFileSync(join(EXAMPLES, 'monorepo', name), 'utf8')]))
  const changed = await w.source.commit({ ...tree, 'site/index.html': 'changed' })
  expect((await w.plan(changed, { app: 'api', path: 'api' })).key).toBe(api.key)
  expect((await w.plan(changed, { app: 'site', path: 'site' })).key).not.toBe(site.key)
})
