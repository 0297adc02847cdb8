/** What a commit does: live, changed, reverted, scaled, routed; and what it leaves alone. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { appYaml, webAndWorker, webApp } from '../support/apps.ts'
import { overKinds, type Running } from '../support/kinds.ts'
import { type Outside, startOutside } from '../support/outside.ts'
import { TestPlatform, until } from '../support/platform.ts'
import type { Repo } from '../support/repo.ts'

const NAMES = ['shop', 'ten', 'quick', 'scaled', 'routed', 'words', 'first', 'silent', 'same', 'readme', 'drains']

overKinds((kind) => {
  let platform: TestPlatform
  let outside: Outside
  const repos = new Map<string, Repo>()
  const repo = (name: string): Repo => {
    const found = repos.get(name)
    if (!found) throw new Error(`no repository ${name}`)
    return found
  }

  beforeAll(async () => {
    outside = await startOutside()
    platform = await TestPlatform.make({ kind, apps: NAMES.map((name) => ({ name, repo: `./${name}` })) })
    for (const name of NAMES) repos.set(name, platform.repo(name))
    await platform.up()
  })

  afterAll(async () => {
    await platform?.strike()
    await outside?.end()
  })

  const ids = (of: Running[]) => of.map(({ id }) => id).sort()

  it('a commit goes live; so does a change of it, without a lost request; and its revert without a build', async () => {
    const first = repo('shop').write(webApp('one')).commit('Say one')
    const live = await platform.live('shop', first)
    expect(live).toMatchObject({
      serving: { commit: first, release: 1 },
      failure: null,
      processes: [{ type: 'web', want: 1, ready: 1 }],
    })
    expect(await platform.says('shop')).toBe('one')
    expect(await platform.story('shop', first)).toEqual([
      'CommitSeen',
      'BuildStarted',
      'BuildSucceeded',
      'ReleaseCreated',
      'RolloutStarted',
      'InstanceStarted',
      'InstanceReady',
      'RoutesWritten',
      'RoutesConfirmed',
      'RolloutSucceeded',
    ])

    const visitor = platform.visit('shop')
    const second = repo('shop').write({ 'text.txt': 'two' }).commit('Say two')
    await platform.live('shop', second)
    expect(await platform.says('shop')).toBe('two')

    const third = repo('shop').revert()
    await platform.live('shop', third)
    expect(await platform.says('shop')).toBe('one')
    await until(() => platform.running('shop').length === 1, 'the old instances to end')
    await visitor.stop()
    expect(visitor.lost).toEqual([])
    expect(visitor.answered()).toBeGreaterThan(5)
    expect([...visitor.texts]).toEqual(['one', 'two'])

    const story = await platform.story('shop', third)
    expect(story).toContain('BuildSkipped')
    expect(story).toContain('RolledBack')
    expect(story).not.toContain('BuildStarted')
    const releases = await platform.releases('shop')
    expect(releases.map(({ version, built, status }) => ({ version, built, status }))).toEqual([
      { version: 3, built: false, status: 'live' },
      { version: 2, built: true, status: 'superseded' },
      { version: 1, built: true, status: 'superseded' },
    ])
    expect(releases[0]?.image).toBe(releases[2]?.image)
  })

  it('a revert of ten commits at once uses the image of eleven releases ago', async () => {
    const wanted = repo('ten').write(webApp('text 0')).commit('Text 0')
    await platform.live('ten', wanted)
    for (let i = 1; i <= 10; i++) {
      const commit = repo('ten')
        .write({ 'text.txt': `text ${i}` })
        .commit(`Text ${i}`)
      await platform.live('ten', commit)
    }
    expect(await platform.says('ten')).toBe('text 10')
    repo('ten').git('revert', '--no-commit', `${wanted}..HEAD`)
    const back = repo('ten').commit('Back to text 0')
    await platform.live('ten', back)
    expect(await platform.says('ten')).toBe('text 0')
    const story = await platform.story('ten', back)
    expect(story).toContain('BuildSkipped')
    expect(story).not.toContain('BuildStarted')
    expect((await platform.releases('ten'))[0]).toMatchObject({ version: 12, built: false, commit: back })
  })

  it('five commits in quick succession end on the fifth, and none of the others is finished for its own sake', async () => {
    // Slow enough that each commit finds the build of the one before still running.
    const slow = {
      'bin/detect': { executable: '#!/bin/sh\necho Slow\n' },
      'bin/release': { executable: '#!/bin/sh\necho "--- {}"\n' },
    }
    const compile = { executable: '#!/bin/sh\nsleep 1\n' }
    const commits: string[] = []
    for (let i = 1; i <= 5; i++) {
      repo('quick').write(webApp(`text ${i}`, { ...slow, 'bin/compile': compile }))
      const commit = repo('quick').commit(`Text ${i}`)
      commits.push(commit)
      await until(async () => (await platform.status('quick')).desired.commit === commit, `commit ${i} to be seen`)
    }
    const [last = ''] = commits.slice(-1)
    await platform.live('quick', last)
    expect(await platform.says('quick')).toBe('text 5')
    const releases = await platform.releases('quick')
    expect(releases.map(({ commit }) => commit)).toEqual([last])
    const events = await platform.events('quick')
    const built = events.filter(({ type }) => type === 'BuildSucceeded').map(({ commit }) => commit)
    expect(built).toEqual([last])
    // Superseded is no failure: nobody is told that something went wrong.
    expect(events.map(({ type }) => type)).not.toContain('RolloutFailed')
    await until(() => platform.running('quick').length === 1, 'one instance to run')
  })

  it('a change of config alone is a new release of the same image', async () => {
    const first = repo('first')
      .write({ ...webApp('config'), ...appYaml({ env: { LEVEL: 'low' } }) })
      .commit('Low')
    await platform.live('first', first)
    expect((await platform.told('first')).env.LEVEL).toBe('low')
    const second = repo('first')
      .write(appYaml({ env: { LEVEL: 'high' } }))
      .commit('High')
    await platform.live('first', second)
    const { env } = await platform.told('first')
    expect(env.LEVEL).toBe('high')
    expect(env).toMatchObject({ SOURCE_VERSION: second, RELEASE_VERSION: 'v2', PROCESS: 'web', INSTANCE: '1', APP_NAME: 'first' })
    expect(Number(env.PORT)).toBeGreaterThan(0)
    // Of the platform's own environment nothing is passed on.
    expect(env).not.toHaveProperty('VITEST')
    const story = await platform.story('first', second)
    expect(story).toContain('BuildSkipped')
    expect(story).not.toContain('BuildStarted')
    const [now, before] = await platform.releases('first')
    expect(now).toMatchObject({ version: 2, built: false, image: before?.image })
  })

  it('scale up and down: the instances that stay are not touched', async () => {
    const scale = (web: number, worker: number) => appYaml({ processes: { web: { scale: web }, worker: { scale: worker } } })
    const one = repo('scaled')
      .write({ ...webAndWorker('scaled'), ...scale(1, 1) })
      .commit('One')
    await platform.live('scaled', one)
    const before = ids(platform.running('scaled'))
    expect(before).toHaveLength(2)

    const three = repo('scaled').write(scale(3, 2)).commit('Three')
    await platform.live('scaled', three)
    const more = platform.running('scaled')
    expect(more.map(({ process, index }) => `${process}.${index}`).sort()).toEqual([
      'web.1',
      'web.2',
      'web.3',
      'worker.1',
      'worker.2',
    ])
    expect(ids(more)).toEqual(expect.arrayContaining(before))
    const boots = new Set<string>()
    await until(async () => {
      boots.add((await platform.told('scaled')).boot)
      return boots.size === 3
    }, 'all three to get requests')

    const visitor = platform.visit('scaled')
    const fewer = repo('scaled').write(scale(1, 1)).commit('One again')
    await platform.live('scaled', fewer)
    await until(() => platform.running('scaled').length === 2, 'the others to end')
    await visitor.stop()
    expect(visitor.lost).toEqual([])
    expect(ids(platform.running('scaled'))).toEqual(before)

    const none = repo('scaled').write(scale(1, 0)).commit('No worker')
    await platform.live('scaled', none)
    await until(() => platform.running('scaled').length === 1, 'the worker to end')
    expect(await platform.story('scaled', none)).not.toContain('InstanceStarted')
  })

  it('a process that leaves the Procfile is stopped; one that is new is started', async () => {
    const both = repo('words').write(webAndWorker('words')).commit('Both')
    await platform.live('words', both)
    const types = () =>
      platform
        .running('words')
        .map(({ process }) => process)
        .sort()
    expect(types()).toEqual(['web', 'worker'])
    const web = repo('words').write({ Procfile: 'web: node server.js\n' }).commit('Web alone')
    await platform.live('words', web)
    await until(() => types().join() === 'web', 'the worker to end')
    const clock = repo('words').write({ Procfile: 'web: node server.js\nclock: node worker.js\n' }).commit('A clock')
    await platform.live('words', clock)
    await until(() => types().join() === 'clock,web', 'the clock alone to be added')
    expect((await platform.status('words')).processes).toEqual([
      { type: 'clock', want: 1, ready: 1 },
      { type: 'web', want: 1, ready: 1 },
    ])
  })

  it('routes: a new host and a path with its prefix taken off, then the default again; nothing is restarted for it', async () => {
    const plain = repo('routed').write(webApp('routed')).commit('Plain')
    await platform.live('routed', plain)
    const before = ids(platform.running('routed'))
    const routes = [{ host: 'shop.example.test' }, { host: 'example.test', path: '/shop', stripPrefix: true }]
    const own = repo('routed').write(appYaml({ routes })).commit('Own hosts')
    const status = await platform.live('routed', own)
    expect(status.urls.map((url) => new URL(url).host.split(':')[0])).toEqual(['example.test', 'shop.example.test'])
    expect((await platform.get('shop.example.test')).body).toBe('routed')
    expect((await platform.get('example.test', '/shop/path')).body).toBe('/path')
    expect((await platform.get('example.test', '/other')).status).toBe(404)
    expect((await platform.get('routed.test.localhost')).status).toBe(404)
    const back = repo('routed').revert()
    await platform.live('routed', back)
    expect(await platform.says('routed')).toBe('routed')
    expect((await platform.get('shop.example.test')).status).toBe(404)
    expect(ids(platform.running('routed'))).toEqual(before)
  })

  it('a process behind a shell has its time to stop, and takes it', async () => {
    const drain = `setInterval(() => {}, 1000)
process.once('SIGTERM', () => setTimeout(() => fetch(process.env.NOTE).then(() => process.exit(0)), 400))
`
    const files = {
      ...webAndWorker('drains'),
      'worker.js': drain,
      Procfile: 'web: node server.js\nworker: node worker.js | cat\n',
    }
    const env = { NOTE: outside.url('drained') }
    const first = repo('drains')
      .write({ ...files, ...appYaml({ env }) })
      .commit('Takes its time')
    await platform.live('drains', first)
    const second = repo('drains')
      .write(appYaml({ env, processes: { worker: { scale: 0 } } }))
      .commit('No worker any more')
    await platform.live('drains', second)
    await until(() => outside.noted().length > 0, 'its last words')
    await until(() => platform.running('drains').length === 1, 'the worker to end')
    expect(outside.noted()).toEqual(['drained'])
  })

  it('[skip ci] is recorded and not deployed; the next commit is', async () => {
    const first = repo('silent').write(webApp('silent')).commit('First')
    await platform.live('silent', first)
    const skipped = repo('silent').write({ 'text.txt': 'not yet' }).commit('Not yet [skip ci]')
    await until(async () => (await platform.story('silent', skipped)).includes('CommitSkipped'), 'the commit to be skipped')
    expect(await platform.status('silent')).toMatchObject({ status: 'Live', serving: { commit: first }, failure: null })
    expect(await platform.says('silent')).toBe('silent')
    const next = repo('silent').commit('Now')
    await platform.live('silent', next)
    expect(await platform.says('silent')).toBe('not yet')
  })

  it('a commit that changes nothing is live without a release, and without touching what runs', async () => {
    await platform.live('same', repo('same').write(webApp('same')).commit('First'))
    const before = ids(platform.running('same'))
    const empty = repo('same').commit('Nothing')
    expect((await platform.live('same', empty)).serving).toMatchObject({ commit: empty, release: 1 })
    expect(ids(platform.running('same'))).toEqual(before)
    expect(await platform.releases('same')).toHaveLength(1)
    expect(await platform.story('same', empty)).toEqual(['CommitSeen'])
  })

  it('a README is part of the tree like any other file: built, and live', async () => {
    await platform.live('readme', repo('readme').write(webApp('readme')).commit('First'))
    const commit = repo('readme').write({ 'README.md': '# Read me\n' }).commit('A README')
    await platform.live('readme', commit)
    expect((await platform.releases('readme'))[0]).toMatchObject({ version: 2, commit, built: true, status: 'live' })
    expect(await platform.says('readme')).toBe('readme')
  })

  it('converged: nothing is left to do, in any app', async () => {
    for (const app of NAMES) {
      await until(
        async () => (await platform.client.plan(app)).every(({ actions }) => actions.length === 0),
        `${app} to be converged`,
      )
      expect((await platform.status(app)).status).toBe('Live')
    }
  })
})
