/** What a fork's build in containers can reach of others, and what of it others can reach. */
import { expect, test, vi } from 'vitest'
import { readyName } from '../../../src/build/container/spec.ts'
import type { AppSpec, BuildSettings } from '../../../src/domain.ts'
import { failureOf, imageOf, pack } from '../world.ts'
import { run } from './run.ts'
import { dockerfile, type World, world } from './world.ts'

const app: AppSpec = { name: 'shop', repo: '/repo', path: '' }
const fork: AppSpec = { ...app, name: 'shop-pr-7', preview: { of: 'shop', number: 7, isFork: true, commit: 'a'.repeat(40) } }

async function build(w: World, spec: AppSpec, tree: Record<string, string>, settings: Partial<BuildSettings>) {
  const commit = await w.source.commit(tree)
  return w.build(await w.builder.plan({ app: spec, commit, settings: { env: {}, ...settings } }))
}

test('an image that is on the engine has to be had from its registry all the same', async (context) => {
  const w = await world(context)
  const name = `127.0.0.1:9/${w.platform}/private`
  await w.engine.docker.getImage(w.stack).tag({ repo: name, tag: '1' })
  try {
    imageOf(await build(w, app, { a: 'a' }, { image: `${name}:1` }))
    for (const settings of [{ image: `${name}:1` }, { cnb: { builder: `${name}:1` } }]) {
      const { code, message } = failureOf(await build(w, fork, { a: 'a' }, settings))
      expect(code).toBe('BuildFailed')
      expect(message).toContain('cannot be pulled')
    }
  } finally {
    await w.engine.docker.getImage(`${name}:1`).remove()
  }
})

test('its cache mounts are its own, and there are no secrets for it', { timeout: 120_000 }, async (context) => {
  const w = await world(context, { secrets: { 'npm-token': 'a-token' } })
  const id = `${w.platform}-mount`
  const mount = (line: string) => ({
    Dockerfile: `FROM ${w.stack}\nRUN --mount=type=cache,mode=0777,id=${id},target=/mnt/cache ${line}\n`,
  })
  const settings = { dockerfile: dockerfile('Dockerfile') }
  imageOf(await build(w, fork, mount('echo evil > /mnt/cache/found'), settings))
  const look = mount('cp /mnt/cache/found /found || echo clean > /found')
  const found = async (spec: AppSpec) => {
    const ran = await run(w, imageOf(await build(w, spec, look, settings)), ['cat', '/found'])
    await ran.exit
    return ran.output().trim()
  }
  // For the network that the images are tried on.
  imageOf(await build(w, app, { Dockerfile: `FROM ${w.stack}\n` }, settings))
  expect(await found(app)).toBe('clean')

  const named = { dockerfile: dockerfile('Dockerfile', { secrets: ['npm-token'] }) }
  const tree = { Dockerfile: `FROM ${w.stack}\nRUN --mount=type=secret,id=npm-token cat /run/secrets/npm-token\n` }
  expect(failureOf(await build(w, fork, tree, named)).message).toContain('there is no secret npm-token')
})

test('with an app its cache goes, also where a container waits for its next build', async (context) => {
  const w = await world(context)
  imageOf(await build(w, fork, { 'text.txt': 'a', ...own() }, {}))
  const volumes = async () => {
    const { Volumes } = await w.engine.docker.listVolumes()
    return Volumes.map(({ Name }) => Name).filter((name) => name.includes(w.platform) && name.endsWith('shop-pr-7'))
  }
  await vi.waitFor(async () => expect(await w.containers()).toEqual([readyName(w.platform, 'shop-pr-7')]), 20_000)
  expect(await volumes()).toHaveLength(1)
  await w.builder.forget('shop-pr-7')
  await w.builder.forget('shop-pr-7')
  expect(await volumes()).toEqual([])
})

/** An app that is its own buildpack. */
function own(): Record<string, string> {
  return pack('true') as Record<string, string>
}
