/** Buildpacks that are in repositories of their own, behind a git server that is there, moves on, and goes away. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { overRuntimes } from '../support/kinds.ts'
import { PACKED, type ServedPacks, servePacks } from '../support/packs.ts'
import { TestPlatform, until } from '../support/platform.ts'
import type { Repo } from '../support/repo.ts'

overRuntimes((kind) => {
  // What routes requests has no part in this.
  let platform: TestPlatform
  let packs: ServedPacks
  let repo: Repo

  beforeAll(async () => {
    platform = await TestPlatform.make({ kind, extra: { git: { allow: ['https', 'ssh', 'http'] } } })
    packs = await servePacks(join(platform.dir, 'packs'))
    platform.configure({ apps: [{ name: 'shop', repo: './shop' }] })
    repo = platform.repo('shop').write(PACKED)
    await platform.up()
  })

  afterAll(async () => {
    await packs?.away().catch(() => {})
    await platform?.strike()
  })

  const told = async () => JSON.parse(await platform.says('shop'))
  const named = (...names: string[]) => names.map((name) => `    - ${packs.url(name)}#main\n`).join('')
  let first = ''

  it('an app goes live with three of them, and says which commits they were', async () => {
    repo.write({ 'app.yaml': `build:\n  buildpacks:\n${named('toolchain', 'settings', 'server')}  env: {COLOR: green}\n` })
    expect(await platform.run('validate', repo.dir)).toMatchObject({ code: 0 })
    first = repo.commit('The first')
    await platform.live('shop', first)
    const settings = 'COLOR=green\ntool=READY!\nsource=known stack=known home=a folder\n'
    expect(await told()).toMatchObject({ GREETING: 'hello from bin/release', shout: 'IT RUNS?', settings })
    const log = (await platform.run('logs', 'shop', '--build')).out
    for (const name of ['toolchain', 'settings', 'server'] as const) {
      expect(log).toContain(`-----> Buildpack ${packs.url(name)}#main\n       at commit ${packs.repos[name].head()}\n`)
    }
  })

  it('one that has moved on is taken with the next commit; a revert brings back what was, though nobody is there to be asked', async () => {
    const release =
      '#!/bin/sh\necho "config_vars: {GREETING: hello again}"\necho "default_process_types: {web: node server.js}"\n'
    packs.repos.server.write({ 'bin/release': { executable: release } }).commit('Another greeting')
    const second = repo.write({ 'a.txt': 'a' }).commit('A change')
    await platform.live('shop', second)
    expect(await told()).toMatchObject({ GREETING: 'hello again' })

    await packs.away()
    const back = repo.revert()
    await platform.live('shop', back)
    expect(await told()).toMatchObject({ GREETING: 'hello from bin/release' })
    const [newest] = await platform.releases('shop')
    expect(newest).toMatchObject({ commit: back, built: false })
    expect(await platform.story('shop', back)).not.toContain('BuildStarted')
  })

  it('while nobody is there, what serves serves on, and the status says who is missed; then it goes on', async () => {
    const missed = packs.url('toolchain')
    const third = repo.write({ 'b.txt': 'b' }).commit('Another change')
    const status = await platform.when('shop', ({ failure }) => failure?.code === 'SourceUnreachable')
    expect(status).toMatchObject({ status: 'Live', desired: { commit: third }, failure: { commit: third } })
    expect(status.failure?.message).toMatch(/^app\.yaml:\d+:\d+ build\.buildpacks\[\d\]: the buildpack "http:/)
    // Between two tries there is a moment without a failure.
    await until(async () => (await platform.run('status', 'shop')).out.includes(new URL(missed).host), 'the status to name it')
    expect(await told()).toMatchObject({ GREETING: 'hello from bin/release' })
    expect(await platform.story('shop', third)).not.toContain('BuildStarted')

    await packs.back()
    expect((await platform.run('sync', 'shop', '--wait')).code).toBe(0)
    await platform.live('shop', third)
    expect(await told()).toMatchObject({ GREETING: 'hello again' })
  })

  it('one that cannot be is a verdict on the commit, at its line; .buildpacks is read the same way', async () => {
    const lines = `# Heroku's, and one of Cloud Foundry's\n${packs.url('toolchain')}\n${packs.url('cloudfoundry')}#v9\n`
    const wrong = repo
      .write({ 'app.yaml': 'build: {env: {COLOR: green}}\n', '.buildpacks': lines })
      .commit('A tag that is not there')
    const { failure } = await platform.failed('shop', wrong)
    expect(failure).toMatchObject({ code: 'NoBuildpack' })
    expect(failure.message).toMatch(/^\.buildpacks:3: the buildpack "http.*no branch or tag v9\. There is: main\.$/)

    packs.repos.cloudfoundry.git('tag', 'v9')
    expect((await platform.run('sync', 'shop', '--wait')).code).toBe(0)
    const now = await told()
    expect(now).toMatchObject({ finalized: 'color=green\n', FINALIZED: 'color=green', shout: 'IT RUNS?' })
    expect(now.DEPS_DIR).toBe(join(now.home, '.cloudfoundry/deps'))
    expect(JSON.parse(now.VCAP_APPLICATION)).toMatchObject({ application_name: 'shop' })
  })
})
