import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildsFor, cacheMounts } from '../../src/build/fork.ts'
import type { AppSpec, BuildsSpec } from '../../src/domain.ts'
import { imageOf, pack, world } from './world.ts'

const app: AppSpec = { name: 'shop', repo: '/repo', path: '' }
const branch: AppSpec = { ...app, name: 'shop-pr-6', preview: { of: 'shop', number: 6, isFork: false } }
const fork: AppSpec = { ...app, name: 'shop-pr-7', preview: { of: 'shop', number: 7, isFork: true, commit: 'a'.repeat(40) } }

test('of the operator’s environment a fork’s build gets addresses, and none with a password in it', () => {
  const builds: BuildsSpec = {
    concurrency: 1,
    timeoutMs: 1000,
    ca: '/etc/ca.pem',
    env: {
      HTTPS_PROXY: 'http://proxy.example.com:3128',
      no_proxy: 'localhost',
      npm_config_registry: 'https://npm.example.com/',
      NPM_TOKEN: 'secret',
      GOPROXY: 'https://somebody:secret@go.example.com',
      PIP_INDEX_URL: 'https://pypi.example.com/simple',
      ANYTHING: 'secret',
    },
  }
  expect(buildsFor(app, builds)).toBe(builds)
  expect(buildsFor(branch, builds)).toBe(builds)
  expect(buildsFor(fork, builds)).toEqual({
    ...builds,
    env: {
      HTTPS_PROXY: 'http://proxy.example.com:3128',
      no_proxy: 'localhost',
      npm_config_registry: 'https://npm.example.com/',
      PIP_INDEX_URL: 'https://pypi.example.com/simple',
    },
  })
})

test('cache mounts of a fork are its own', () => {
  expect(cacheMounts(branch)).toEqual({})
  expect(cacheMounts(fork)).toEqual({ BUILDKIT_CACHE_MOUNT_NS: 'trimtab-shop-pr-7' })
})

test('what a fork left in its cache never comes into an image of the app, not even of the same tree', async () => {
  const { source, builder, build } = await world()
  const settings = { env: {} }
  const planned = async (spec: AppSpec, commit: string) => builder.plan({ app: spec, commit, settings })
  const evil = await source.commit(pack('echo evil > "$2/found"'))
  // What a package manager does with its cache.
  const innocent = await source.commit(pack('cp "$2/found" "$1/found" 2>/dev/null || echo clean > "$1/found"'))
  imageOf(await build(await planned(fork, evil)))
  const found = async (spec: AppSpec) => {
    const { ref } = imageOf(await build(await planned(spec, innocent)))
    const file = ['found', 'app/found'].map((name) => join(ref, name)).find((name) => existsSync(name))
    return readFileSync(file ?? '', 'utf8').trim()
  }
  expect(await found(fork)).toBe('evil')
  expect(await found(app)).toBe('clean')
  const keys = await Promise.all([fork, app, branch].map(async (spec) => (await planned(spec, innocent)).key))
  expect(keys[0]).not.toBe(keys[1])
  // A branch of the repository is the app's own: merging it needs no build.
  expect(keys[2]).toBe(keys[1])
})

test('with an app its cache goes', async () => {
  const { root, source, builder, build } = await world()
  const commit = await source.commit(pack('echo kept > "$2/found"'))
  imageOf(await build(await builder.plan({ app: fork, commit, settings: { env: {} } })))
  const cache = join(root, 'state/cache', fork.name)
  expect(existsSync(join(cache, 'found'))).toBe(true)
  await builder.forget('another')
  expect(existsSync(cache)).toBe(true)
  await builder.forget(fork.name)
  await builder.forget(fork.name)
  expect(existsSync(cache)).toBe(false)
})
