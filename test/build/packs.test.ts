import { existsSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createHostBuilder } from '../../src/build/host.ts'
import type { GitHttpOptions } from '../support/githttp.ts'
import { lines, type PackWorld, packWorld } from './packWorld.ts'
import { BUILDPACKS, failureOf, imageOf } from './world.ts'

function world(options = {}, served: GitHttpOptions = {}): Promise<PackWorld> {
  const builds = { concurrency: 1, timeoutMs: 60_000, env: {} }
  return packWorld((parts) => createHostBuilder({ ...parts, builds, buildpacksDir: BUILDPACKS, graceMs: 500 }), options, served)
}

const packsOf = async (key: string, { root }: PackWorld) =>
  JSON.parse(await readFile(join(root, 'state/slugs', key, 'meta.json'), 'utf8')).packs

describe('three buildpacks by address', () => {
  test('`export`, `.profile.d`, ENV_DIR, the cache and bin/release, named in app.yaml or in .buildpacks', async () => {
    const here = await world()
    const { packs, root } = here
    const env = { COLOR: 'green', LINES: 'a\nb' }
    const named = await here.commit({}, { buildpacks: lines(here), env })
    const image = imageOf(await here.build(named))
    expect(image).toMatchObject({ processTypes: { web: 'node server.js' }, configVars: { GREETING: 'hello from bin/release' } })
    expect(await readFile(join(image.ref, 'settings.txt'), 'utf8')).toBe(
      'COLOR=green\nLINES=a b\ntool=READY!\nsource=known stack=known home=a folder\n',
    )
    expect(existsSync(join(image.ref, '.profile.d/toolchain.sh'))).toBe(true)
    expect(await here.log(named)).toMatch(
      new RegExp(`^-----> Buildpack ${packs.url('toolchain')}\n       at commit [0-9a-f]{40}\n-----> Toolchain app detected\n`),
    )
    expect(await here.log(named)).toContain('-----> Installing the tool\n')
    expect(await here.log(named)).toContain('       in the cache: toolchain\n')
    expect(await here.log(named)).not.toMatch(/Heroku CI|whoever wrote this/)
    expect(await packsOf(named.key, here)).toEqual(
      (['toolchain', 'settings', 'server'] as const).map((name) => ({
        name: packs.url(name),
        detected: { toolchain: 'Toolchain', settings: 'Settings', server: 'Server' }[name],
        commit: packs.repos[name].head(),
      })),
    )

    const listed = await here.commit({ '.buildpacks': `# ours\n${lines(here, '#main').join('\n')}\n` }, { env })
    expect(listed.key).not.toBe(named.key)
    imageOf(await here.build(listed))
    expect(await here.log(listed)).toContain('-----> Using the tool of the last build\n')
    // What the packs are fetched into is not where the app is built.
    expect(await readdir(join(root, 'state/mirrors'))).toHaveLength(1 + 1 + 3)
  })

  test('a branch that has moved counts with the next commit that changes anything; a tag and a commit stay what they are', async () => {
    const here = await world()
    const { server } = here.packs.repos
    const first = server.head()
    server.git('tag', 'v1')
    const settings = (ref: string) => ({ buildpacks: [here.packs.url('server') + ref] })
    const keys = async () => ({
      head: (await here.plan(here.app.head(), settings(''))).key,
      tag: (await here.plan(here.app.head(), settings('#v1'))).key,
      commit: (await here.plan(here.app.head(), settings(`#${first}`))).key,
    })
    await here.commit({})
    const before = await keys()
    // The commit of the buildpack is what counts, however it is named.
    expect(new Set(Object.values(before)).size).toBe(1)
    const moved = server.write({ 'bin/compile': { executable: '#!/bin/sh\necho moved > "$1/moved"\n' } }).commit('moved')
    expect(await keys()).toEqual(before)
    await here.commit({ 'a.txt': 'a' })
    const after = await keys()
    expect(after.tag).toBe(after.commit)
    expect(after.head).not.toBe(after.tag)
    const image = imageOf(await here.build(await here.plan(here.app.head(), settings(''))))
    expect(existsSync(join(image.ref, 'moved'))).toBe(true)
    expect(await packsOf(after.head, here)).toMatchObject([{ commit: moved }])
    // Back to what there was: what the branch was then, too, and what it is now is not asked.
    here.packs.server.requests.length = 0
    here.app.revert()
    await here.source.look({ name: 'shop', repo: here.app.dir, path: '' })
    expect(await keys()).toEqual(before)
    expect(here.packs.server.requests).toEqual([])
  })

  test('a revert needs no network, not even in another life', async () => {
    const here = await world()
    const first = await here.commit({ '.buildpacks': lines(here).join('\n') })
    const image = imageOf(await here.build(first))
    const second = await here.commit({ 'a.txt': 'a' })
    await here.packs.away()
    await rm(join(here.root, 'state/mirrors'), { recursive: true })
    await here.restart()
    here.app.revert()
    await here.source.look({ name: 'shop', repo: here.app.dir, path: '' })
    const reverted = await here.plan(here.app.head())
    expect(reverted.key).toBe(first.key)
    expect(await here.builder.find(reverted.key)).toEqual(image)
    // What has not been built waits for the network, as whatever wants it.
    const late = await here.plan(await here.app.git('rev-parse', 'HEAD~1'))
    expect(late.key).toBe(second.key)
    const failure = failureOf(await here.build(late))
    expect(failure).toMatchObject({ code: 'SourceUnreachable', retry: true })
    expect(failure.message).toContain(`.buildpacks:1: the buildpack "${here.packs.url('toolchain')}": `)
    await here.packs.back()
    imageOf(await here.build(late))
  })

  test('a build that failed is tried again with what the branch is by then', async () => {
    const here = await world()
    const { server } = here.packs.repos
    server.write({ 'bin/compile': { executable: '#!/bin/sh\necho not yet; exit 4\n' } }).commit('broken')
    const settings = { buildpacks: [here.packs.url('server')] }
    const first = await here.commit({}, settings)
    expect(failureOf(await here.build(first)).message).toContain('bin/compile exited with 4')
    // Asked about again, it is what it was; wanted again, it is looked at anew, which may come to the same.
    expect((await here.plan(here.app.head(), settings)).key).toBe(first.key)
    here.builder.want('shop', first, true)
    expect(here.builder.state(first.key)).toEqual({ state: 'none' })
    const same = await here.plan(here.app.head(), settings)
    expect(same.key).toBe(first.key)
    expect(failureOf(await here.build(same)).code).toBe('BuildFailed')

    const mended = server.write({ 'bin/compile': { executable: '#!/bin/sh\necho fine\n' } }).commit('mended')
    here.builder.want('shop', same, true)
    const second = await here.plan(here.app.head(), settings)
    expect(second.key).not.toBe(first.key)
    imageOf(await here.build(second))
    expect(await packsOf(second.key, here)).toMatchObject([{ commit: mended }])
    // What it was built with stays.
    server.write({ 'bin/compile': { executable: '#!/bin/sh\nexit 5\n' } }).commit('broken again')
    await here.restart()
    expect((await here.plan(here.app.head(), settings)).key).toBe(second.key)
  })

  test('nobody there: the plan is a draft that says which one, and nothing else is taken instead', async () => {
    const here = await world()
    await here.packs.away()
    const settings = { env: {}, buildpacks: [here.packs.url('server')] }
    const away = { code: 'SourceUnreachable', retry: true, message: expect.stringContaining(here.packs.url('server')) }
    await expect(here.commit({ 'package.json': '{}' }, settings)).rejects.toMatchObject(away)
    const request = { app: { name: 'shop', repo: here.app.dir, path: '' }, commit: here.app.head(), settings }
    const draft = await here.builder.plan(request)
    expect(draft.draft).toBe(true)
    expect(here.builder.state(draft.key)).toMatchObject({ state: 'failed', retry: true })
    expect(await here.builder.find(draft.key)).toBeNull()
    await here.packs.back()
    expect((await here.builder.plan(request)).key).toBe(draft.key)
    // It is tried again when the build is wanted again.
    here.builder.want('shop', draft, true)
    expect(here.builder.state(draft.key)).toMatchObject({ state: 'running', step: `fetching ${here.packs.url('server')}` })
    const plan = await here.plan(here.app.head(), settings)
    imageOf(await here.build(plan))
  })
})

test('a server that does not answer holds up no plan; apps with one question ask it once', async () => {
  const here = await world({}, { intercept: () => true })
  const settings = { env: {}, buildpacks: [here.packs.url('server')] }
  const commit = here.app.commit()
  const app = { repo: here.app.dir, path: '' }
  await here.source.look({ ...app, name: 'shop' })
  for (const name of ['shop', 'other']) {
    const draft = await here.builder.plan({ app: { ...app, name }, commit, settings })
    expect(draft.draft).toBe(true)
    expect(here.builder.state(draft.key)).toMatchObject({ state: 'running' })
  }
  await expect.poll(() => here.packs.server.requests.length).toBe(1)
})

describe('a buildpack that is none', () => {
  test('has its line told, with what it lacks', async () => {
    const here = await world()
    const { server } = here.packs.repos
    const refused = async (address: string, why: string) => {
      const tree = { 'n.txt': why, '.buildpacks': `heroku/nodejs\n${address}\n` }
      const failure = { code: 'NoBuildpack', retry: false, message: expect.stringContaining(why) }
      const refusal = await here.commit(tree).catch((error: Error) => error)
      expect(refusal).toMatchObject(failure)
      expect((refusal as Error).message).toMatch(/^\.buildpacks:2: the buildpack "http:/)
    }
    await refused(`${here.packs.url('server')}#none`, 'has no branch or tag none. There is: main.')
    server.git('checkout', '--quiet', '-b', 'bare')
    const commit = server.write({ 'bin/detect': '#!/bin/sh\n', 'bin/compile': null }).commit()
    await refused(
      `${here.packs.url('server')}#bare`,
      `it is no buildpack: it has no executable bin/detect and no executable bin/compile. (Looked at commit ${commit}.)`,
    )
    server.write({ 'bin/supply': { executable: '#!/bin/sh\n' } }).commit()
    await refused(
      `${here.packs.url('server')}#bare`,
      'it has bin/supply and no bin/finalize: another buildpack has to come after it.',
    )
    await refused(here.packs.url('none'), 'no git repository that can be read without credentials')
  })

  test('has the place in app.yaml told', async () => {
    const here = await world()
    const line = `${here.packs.url('server')}#none`
    const files = { 'app.yaml': `build:\n  buildpacks:\n    - nodejs\n    - ${line}\n` }
    await expect(here.commit(files, { buildpacks: ['nodejs', line] })).rejects.toThrow(
      /^app\.yaml:4:7 build\.buildpacks\[1\]: the /,
    )
  })

  test('is refused where it leaves its tree or is too large, with its name', async () => {
    const here = await world({ limits: { entries: 20 } })
    const { server } = here.packs.repos
    const failing = async (why: string) => {
      const plan = await here.commit({ n: String(Math.random()) }, { buildpacks: [here.packs.url('server')] })
      const failure = failureOf(await here.build(plan))
      expect(failure).toMatchObject({ code: 'SourceInvalid', retry: false })
      expect(failure.message).toMatch(/^app\.yaml build\.buildpacks\[0\]: the buildpack "http:/)
      expect(failure.message).toContain(why)
    }
    server.write({ passwd: { link: '/etc/passwd' } }).commit()
    await failing('passwd: the link to "/etc/passwd" is absolute')
    server.write({ passwd: null }).git('update-index', '--add', '--cacheinfo', `160000,${server.head()},vendor`)
    server.git('commit', '--quiet', '--message', 'a submodule')
    await failing('vendor: a submodule')
    server.git('rm', '--quiet', '--cached', 'vendor')
    server.write(Object.fromEntries(Array.from({ length: 25 }, (_, at) => [`many/${at}`, 'x']))).commit()
    await failing('more than 20 files')
  })

  test('is not fetched by a transport that the operator has not allowed', async () => {
    const here = await world()
    const refusal = /^\.buildpacks:1: "file:.*": git\.allow of platform\.yaml does not name file\.$/
    await expect(here.commit({ '.buildpacks': `file://${here.packs.repos.server.dir}` })).rejects.toThrow(refusal)
    await expect(here.commit({ '.buildpacks': here.packs.repos.server.dir })).rejects.toThrow('does not name file')
  })
})

describe('Cloud Foundry’s kind', () => {
  test('all but the last supply, the last finalizes and releases; bin/detect is not asked, bin/compile not run', async () => {
    const here = await world()
    const url = here.packs.url('cloudfoundry')
    const settings = { buildpacks: [url, url], env: { COLOR: 'green' } }
    const plan = await here.commit({}, settings)
    const image = imageOf(await here.build(plan))
    expect(image.processTypes).toEqual({ web: 'node server.js' })
    const log = await here.log(plan)
    expect(log).toContain('-----> Supplying dependency 0 (run 1) on cflinuxfs4 to shop\n')
    expect(log).toContain('-----> Supplying dependency 1 (run 1) on cflinuxfs4 to shop\n')
    expect(await readFile(join(image.ref, 'finalized.txt'), 'utf8')).toBe('tool 0 says hello, supplied by 0\ncolor=green\n')
    expect((await readdir(join(image.ref, '.cloudfoundry/deps'))).sort()).toEqual(['0', '1'])
    // Its cache is its own, and kept.
    await here.build(await here.commit({ 'a.txt': 'a' }, settings))
    expect(await here.log(await here.plan(here.app.head(), settings))).toContain('dependency 1 (run 2)')
  })

  test('beside Heroku’s: what is supplied is on the paths of those after it, and bin/release of the last counts', async () => {
    const here = await world()
    const compile = '#!/bin/sh\necho "$(tool0 compiled), $SUPPLIED_0" > "$1/made"\n'
    here.packs.repos.server.write({ 'bin/compile': { executable: compile } }).commit()
    const plan = await here.commit({}, { buildpacks: [here.packs.url('cloudfoundry'), here.packs.url('server')] })
    const image = imageOf(await here.build(plan))
    expect(await readFile(join(image.ref, 'made'), 'utf8')).toBe('tool 0 says compiled, supplied by 0\n')
    expect(image.configVars).toEqual({ GREETING: 'hello from bin/release' })
    expect(existsSync(join(image.ref, '.profile.d/000_cloudfoundry.sh'))).toBe(true)
  })
})
