/**
 * A registry of the platform's own: no deploy ever waits for it, and an engine that has lost its disk, with every image and the stack,
 * gets all of it back from there. Nothing is built again.
 */
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createEngine } from '../../src/engine/engine.ts'
import { LOGIN, ownRegistry } from '../build/container/imageRegistry.ts'
import { ownEngine, stackImage } from '../support/docker.ts'
import { containersOn } from '../support/kinds/containers.ts'
import { embedded } from '../support/kinds/embedded.ts'
import { combined } from '../support/kinds.ts'
import { TestPlatform, until } from '../support/platform.ts'
import { tinyStack } from '../support/tinyStack.ts'

const ends: Array<() => Promise<unknown>> = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const program = (text: string) => ({ executable: `#!/bin/sh\n${text}\n` })
const FILES = {
  Procfile: 'worker: exec sleep 100000\n',
  'bin/detect': program('echo Own'),
  'bin/compile': program('cp "$1/n" "$1/made"'),
  'bin/release': program(''),
}

it('goes on without a registry, and comes back from it when the engine has lost everything', {
  timeout: 400_000,
}, async (context) => {
  const registry = await ownRegistry(context)
  const engine = await ownEngine(context)
  ends.push(() => engine.end())
  const containers = containersOn(async () => engine.socket)
  const platform = await TestPlatform.make({ kind: combined(containers, embedded, ['docker']) })
  ends.push(() => platform.strike())
  const stack = await tinyStack(createEngine(engine.socket), await stackImage(engine.socket), 'trimtab/stack:small')
  const auth = { username: LOGIN.username, password: `\${REGISTRY_PASSWORD}` }
  platform.configure({
    apps: [{ name: 'shop', repo: './shop' }],
    extra: { stack: { image: stack }, registry: { url: `http://${registry.host}/house`, auth } },
    env: { REGISTRY_PASSWORD: LOGIN.password },
  })
  const repo = platform.repo('shop')
  const first = repo.write({ ...FILES, n: '1\n' }).commit('The first')
  const types = async () => (await platform.events()).map(({ type }) => type)
  const count = async (type: string) => (await types()).filter((one) => one === type).length
  const has = (type: string, times: number) =>
    until(
      async () => (await count(type)) === times,
      () => `${times} ${type}\n${platform.output}`,
      90_000,
    )
  await platform.up()
  await platform.live('shop', first)
  await has('ImagePushed', 1)

  // The registry goes away: the next release does not notice, and is sent when it is back.
  await registry.stop()
  const second = repo.write({ n: '2\n' }).commit('The second')
  await platform.live('shop', second)
  await until(async () => (await count('RegistryFailed')) > 0, 'the registry’s absence to be told')
  await registry.start()
  await has('ImagePushed', 2)
  expect(await count('RegistryRecovered')).toBe(1)
  expect(await registry.tags('house/shop')).toHaveLength(2)
  expect(await registry.tags('house/trimtab/stack')).toEqual(['small'])

  // The engine's disk is another one, under a trimtab that runs.
  expect(await count('BuildStarted')).toBe(2)
  const before = containers.docker('image', 'inspect', '--format', '{{.Id}}', stack)
  await engine.stop()
  rmSync(join(dirname(engine.socket), 'data'), { recursive: true })
  await engine.start()
  expect(containers.docker('images', '--quiet')).toBe('')
  await has('ImagePulled', 1)
  await platform.when('shop', ({ status, processes }) => status === 'Live' && processes[0]?.ready === 1)
  expect(containers.docker('image', 'inspect', '--format', '{{.Id}}', stack)).toBe(before)
  const [instance] = platform.running('shop')
  expect(containers.docker('exec', instance?.name ?? '', 'cat', 'made')).toBe('2\n')

  // What served before is not on this engine either.
  const back = repo.write({ n: '1\n' }).commit('As at first')
  await platform.live('shop', back)
  await has('ImagePulled', 2)
  const [release] = await platform.releases('shop')
  expect(release).toMatchObject({ commit: back, built: false })
  expect(await platform.story('shop', back)).toContain('BuildSkipped')
  expect(await count('BuildStarted')).toBe(2)
  expect((await platform.run('logs', 'shop', '--build')).out).toContain('-----> ')

  const images = containers.docker('inspect', ...containers.docker('images', '--quiet').trim().split('\n'))
  const told = [platform.output, JSON.stringify(await platform.events()), images].join()
  expect(told).not.toContain(LOGIN.password)
})
