/** The operator's side: platform.yaml changes, trimtab ends and comes back, things are stopped, killed and deleted. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appYaml, webAndWorker, webApp } from '../support/apps.ts'
import { overKinds } from '../support/kinds.ts'
import { type Outside, startOutside } from '../support/outside.ts'
import { TestPlatform, until } from '../support/platform.ts'

const entry = (name: string, more: Record<string, unknown> = {}) => ({ name, repo: `./${name}`, ...more })

overKinds((kind) => {
  describe('platform.yaml, while trimtab runs', () => {
    let platform: TestPlatform
    const NAMES = ['stays', 'leaves', 'moves', 'third', 'fourth', 'fifth']
    const entries = (...names: string[]) => names.map((name) => entry(name))
    const ids = (app: string) => platform.running(app).map(({ id }) => id)
    const rejected = async () => (await platform.events()).filter(({ type }) => type === 'ConfigRejected')

    beforeAll(async () => {
      platform = await TestPlatform.make({ kind, apps: entries('stays', 'leaves', 'moves') })
      for (const name of [...NAMES, 'other']) platform.repo(name).write(webApp(name)).commit('First')
      await platform.up()
      for (const name of ['stays', 'leaves', 'moves']) await platform.live(name, platform.openRepo(name).head())
    })

    afterAll(() => platform?.strike())

    it('an app that is added goes live', async () => {
      platform.configure({ apps: entries('stays', 'leaves', 'moves', 'third') })
      await until(async () => (await platform.says('third')) === 'third', 'the third to answer')
      await platform.live('third', platform.openRepo('third').head())
    })

    it('one that is removed is stopped and leaves the routes; its history stays, and goes on when it is back', async () => {
      const others = [...ids('stays'), ...ids('moves')]
      platform.configure({ apps: entries('stays', 'moves', 'third') })
      await until(() => ids('leaves').length === 0, 'it to stop')
      await until(async () => (await platform.events()).some(({ type }) => type === 'AppRemoved'), 'it to be told')
      expect(await platform.says('leaves')).toBe('status 404')
      expect([...ids('stays'), ...ids('moves')]).toEqual(others)
      await expect(platform.status('leaves')).rejects.toThrow(/There is no app "leaves"/)

      platform.configure({ apps: entries('stays', 'leaves', 'moves', 'third') })
      await until(async () => (await platform.says('leaves')) === 'leaves', 'it to be back')
      const status = await platform.live('leaves', platform.openRepo('leaves').head())
      expect(status.serving?.release).toBe(2)
      expect((await platform.releases('leaves')).map(({ version, built }) => ({ version, built }))).toEqual([
        { version: 2, built: false },
        { version: 1, built: true },
      ])
    })

    it('another branch, folder or repository of an app is what it becomes, without a gap', async () => {
      const repo = platform.openRepo('moves')
      repo.git('switch', '--quiet', '--create', 'next')
      const next = repo.write({ 'text.txt': 'next', ...prefixed('sub', webApp('sub')) }).commit('Next')
      const visitor = platform.visit('moves')
      const becomes = async (text: string, commit: string, more: Record<string, unknown>) => {
        platform.configure({ apps: [...entries('stays', 'leaves', 'third'), entry('moves', more)] })
        await until(async () => (await platform.says('moves')) === text, `it to say ${text}`)
        await platform.live('moves', commit)
      }
      await becomes('next', next, { branch: 'next' })
      await becomes('sub', next, { branch: 'next', path: 'sub' })
      await becomes('other', platform.openRepo('other').head(), { repo: './other' })
      await becomes('moves', repo.git('rev-parse', 'main'), { branch: 'main' })
      await visitor.stop()
      expect(visitor.lost).toEqual([])
      expect([...visitor.texts]).toEqual(['moves', 'next', 'sub', 'other'])
      repo.git('switch', '--quiet', 'main')
    })

    it('a file that is not valid is told at its line, and what was read before stays in force', async () => {
      const before = ids('stays')
      writeFileSync(platform.config, 'state: ./state\napps:\n  - {name: stays, repo: ./stays, brunch: main}\n')
      await until(async () => (await rejected()).length === 1, 'it to be rejected')
      expect((await rejected())[0]?.message).toMatch(/platform\.yaml:3:\d+ .*brunch.*did you mean "?branch"?/i)
      await until(() => platform.output.includes('stays in force'), 'it to be printed')
      expect((await platform.run('status')).err).toMatch(/^platform\.yaml is not in force as it is now: .*brunch/)
      const commit = platform.openRepo('stays').commit('Still looked at')
      await platform.live('stays', commit)
      expect(ids('stays')).toEqual(before)

      rmSync(platform.config)
      await until(async () => (await rejected()).length === 2, 'its absence to be rejected')
      expect(await platform.says('stays')).toBe('stays')

      platform.configure({ apps: entries('stays', 'leaves', 'moves', 'third', 'fourth') })
      await until(async () => (await platform.says('fourth')) === 'fourth', 'the fourth to answer')
      expect((await platform.run('status')).err).toBe('')
    })

    it('most apps at once are not removed, until somebody says that it is meant', async () => {
      const names = ['stays', 'leaves', 'moves', 'third', 'fourth']
      const before = names.map(ids)
      const told = (await rejected()).length
      platform.configure({ apps: entries('stays') })
      await until(async () => (await rejected()).length === told + 1, 'it to be refused')
      expect((await rejected()).at(-1)?.message).toMatch(/4 of 5 apps would be removed .*sync --allow-prune/)
      expect((await platform.run('status')).err).toMatch(
        /^platform\.yaml is not in force as it is now: 4 of 5 apps .*sync --allow-prune\n$/,
      )
      // Asked for without the word, it is still refused.
      expect((await platform.run('sync', 'stays', '--wait')).code).toBe(0)
      // Nor does a new start do it.
      await platform.end()
      await platform.up()
      await platform.live('stays', platform.openRepo('stays').head())
      expect(names.map(ids)).toEqual(before)
      for (const name of names) expect(await platform.says(name)).toBe(name)

      expect((await platform.run('sync', '--allow-prune')).code).toBe(0)
      await until(() => names.slice(1).every((name) => ids(name).length === 0), 'the four to stop')
      for (const name of names.slice(1)) expect(await platform.says(name)).toBe('status 404')
      expect(ids('stays')).toEqual(before[0])
      expect(await platform.says('stays')).toBe('stays')
    })
  })

  describe('stopping, starting, losing things', () => {
    let platform: TestPlatform
    let outside: Outside
    const ids = (app: string) => platform.running(app).map(({ id }) => id)
    const all = () => ['shop', 'blog'].map(ids)
    /** What its head says, which is what it should answer. */
    const text = (app: string) => readFileSync(join(platform.dir, app, 'text.txt'), 'utf8')

    beforeAll(async () => {
      outside = await startOutside()
      platform = await TestPlatform.make({ kind, apps: [entry('shop'), entry('blog')] })
      platform
        .repo('shop')
        .write({ ...webAndWorker('shop'), ...appYaml({ processes: { web: { scale: 2 } } }) })
        .commit('Shop')
      platform.repo('blog').write(webApp('blog')).commit('Blog')
      await platform.up()
      for (const name of ['shop', 'blog']) await platform.live(name, platform.openRepo(name).head())
    })

    afterAll(async () => {
      await platform?.strike()
      await outside?.end()
    })

    it('who starts it as root is warned, once', () => {
      const warnings = platform.output.match(/Warning: trimtab runs as root/g) ?? []
      // In containers an app's code is not root, whoever starts them.
      expect(warnings).toHaveLength(process.getuid?.() === 0 && kind.isOnHost ? 1 : 0)
    })

    it('Ctrl-C ends trimtab and says so; the apps go on; the next up takes over the same instances', async () => {
      const before = all()
      const router = kind.router(platform.state)
      const visitor = platform.visit('shop')
      const printed = platform.output.length
      expect(await platform.end('SIGINT')).toBe(0)
      expect(platform.output.slice(printed)).toMatch(/keep running.*trimtab down/)
      expect(all()).toEqual(before)
      expect(await platform.says('blog')).toBe('blog')
      // What is committed meanwhile is not lost.
      const commit = platform.openRepo('blog').write({ 'text.txt': 'written in the dark' }).commit('In the dark')
      const [shop] = before
      await platform.up()
      await platform.live('blog', commit)
      expect(await platform.says('blog')).toBe('written in the dark')
      await platform.live('shop', platform.openRepo('shop').head())
      expect(ids('shop')).toEqual(shop)
      expect(kind.router(platform.state)).toBe(router)
      expect(await platform.releases('shop')).toHaveLength(1)
      await visitor.stop()
      expect(visitor.lost).toEqual([])
      await until(() => ids('blog').length === 1, 'the old blog to end')
    })

    it('restart replaces every instance, and nobody notices', async () => {
      const before = ids('shop')
      const visitor = platform.visit('shop')
      const { code, out } = await platform.run('restart', 'shop')
      expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('shop') })
      await until(() => ids('shop').length === 3 && !ids('shop').some((id) => before.includes(id)), 'three new ones')
      await until(() => visitor.answered() > 100, 'a hundred answers')
      await visitor.stop()
      expect(visitor.lost).toEqual([])
      expect(await platform.status('shop')).toMatchObject({ status: 'Live' })
      expect(await platform.releases('shop')).toHaveLength(1)
      expect(await platform.events('shop')).toContainEqual(expect.objectContaining({ type: 'Restarted' }))
    })

    it('down <app> stops that app until restart, also over a new start; the others do not notice', async () => {
      const blog = ids('blog')
      const { code, out } = await platform.run('down', 'shop')
      expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('trimtab restart shop') })
      expect(ids('shop')).toEqual([])
      expect(await platform.says('shop')).toBe('status 404')
      expect((await platform.status('shop')).status).toBe('Suspended')
      // Not even a commit brings it back.
      const commit = platform.openRepo('shop').write({ 'text.txt': 'back' }).commit('Back')
      await platform.end()
      await platform.up()
      const asked = await platform.run('sync', 'shop')
      expect([asked.code, asked.out + asked.err]).toEqual([1, expect.stringContaining('trimtab restart shop')])
      await until(async () => (await platform.client.plan('shop'))[0]?.actions.length === 0, 'nothing to do')
      expect((await platform.status('shop')).status).toBe('Suspended')
      expect(ids('shop')).toEqual([])
      expect(ids('blog')).toEqual(blog)

      expect((await platform.run('restart', 'shop')).code).toBe(0)
      await platform.live('shop', commit)
      expect(await platform.says('shop')).toBe('back')
      // What was live when it was stopped is started, too: it would serve if the new commit were no good.
      await until(() => ids('shop').length === 3, 'the old release to end')
      expect(ids('blog')).toEqual(blog)
    })

    it('down in the middle of a release phase does not cut it off; after restart it counts as done', async () => {
      const gate = outside.gate('phase')
      const phase = `until ${gate.isOpen}; do sleep 0.02; done; echo migrated`
      const repo = platform.openRepo('shop')
      const commit = repo.write({ ...appYaml({ release: phase, processes: { web: { scale: 2 } } }) }).commit('Migrates')
      await until(
        async () => (await platform.story('shop', commit)).includes('ReleasePhaseStarted'),
        'the release phase to begin',
      )
      expect((await platform.run('down', 'shop')).code).toBe(0)
      expect((await platform.status('shop')).status).toBe('Suspended')
      gate.open()
      await until(
        async () => (await platform.client.plan('shop'))[0]?.actions.length === 0 && kind.oneOffs(platform.state, 'shop') === 0,
        'the release phase to end',
      )
      expect((await platform.run('restart', 'shop')).code).toBe(0)
      await platform.live('shop', commit)
      const story = await platform.story('shop', commit)
      expect(story.filter((type) => type.startsWith('ReleasePhase'))).toEqual(['ReleasePhaseStarted', 'ReleasePhaseSucceeded'])
      await until(() => ids('shop').length === 3, 'all of it to run')
    })

    it('a router that is killed is back, with the routes as they were', async () => {
      const before = { apps: all(), router: kind.router(platform.state) }
      kind.killRouter(platform.state)
      await until(() => ![null, before.router].includes(kind.router(platform.state)), 'a new router')
      await until(async () => (await platform.says('shop').catch(() => '')) === text('shop'), 'it to answer')
      expect(await platform.says('blog')).toBe(text('blog'))
      expect(all()).toEqual(before.apps)
      await until(async () => (await platform.events()).some(({ type }) => type === 'RouterRestarted'), 'it to be told')
      const commit = platform.openRepo('blog').write({ 'text.txt': 'through the new router' }).commit('New router')
      await platform.live('blog', commit)
      expect(await platform.says('blog')).toBe(text('blog'))
    })

    it('a router that is killed while trimtab is away is back with the next up', async () => {
      await platform.end()
      kind.killRouter(platform.state)
      await until(() => kind.router(platform.state) === null, 'it to be gone')
      await expect(platform.says('shop')).rejects.toThrow()
      const before = all()
      await platform.up()
      await until(async () => (await platform.says('shop').catch(() => '')) === text('shop'), 'it to answer')
      expect(all()).toEqual(before)
    })

    it('the database is deleted: history is lost and nothing else', async () => {
      await until(() => ids('shop').length === 3 && ids('blog').length === 1, 'what was replaced before to end')
      const before = { apps: all(), shop: await platform.status('shop'), blog: await platform.status('blog') }
      await platform.end()
      for (const suffix of ['', '-wal', '-shm']) rmSync(join(platform.state, `trimtab.db${suffix}`), { force: true })
      const visitor = platform.visit('shop')
      await platform.up()
      for (const name of ['shop', 'blog'] as const) {
        const { serving } = await platform.live(name, platform.openRepo(name).head())
        expect(serving).toMatchObject({ commit: before[name].serving?.commit, release: before[name].serving?.release })
        const types = (await platform.events(name)).map(({ type }) => type)
        expect(types).toContain('Adopted')
        expect(types).not.toContain('BuildStarted')
        expect(types).not.toContain('InstanceStarted')
      }
      expect(all()).toEqual(before.apps)

      const commit = platform.openRepo('shop').write({ 'text.txt': 'with a new history' }).commit('Goes on')
      const { serving } = await platform.live('shop', commit)
      expect(serving?.release).toBe((before.shop.serving?.release ?? 0) + 1)
      const back = platform.openRepo('shop').revert()
      await platform.live('shop', back)
      expect(await platform.says('shop')).toBe(text('shop'))
      expect(await platform.story('shop', back)).toContain('BuildSkipped')
      await visitor.stop()
      expect(visitor.lost).toEqual([])
      await until(() => ids('shop').length === 3, 'the old ones to end')
    })

    it('a route that an app had is still its own after the database is gone', async () => {
      await platform.end()
      for (const suffix of ['', '-wal', '-shm']) rmSync(join(platform.state, `trimtab.db${suffix}`), { force: true })
      const thief = platform
        .repo('thief')
        .write({ ...webApp('thief'), ...appYaml({ routes: [{ host: 'shop.test.localhost' }] }) })
        .commit('Mine now')
      // Declared first, so that nothing but the route file speaks for the owner.
      platform.configure({ apps: [entry('thief'), entry('shop'), entry('blog')] })
      await platform.up()
      expect((await platform.failed('thief', thief)).failure).toMatchObject({
        code: 'RouteTaken',
        message: expect.stringContaining('"shop"'),
      })
      expect(await platform.says('shop')).toBe(text('shop'))
      platform.configure({ apps: [entry('shop'), entry('blog')] })
    })

    it('down stops every app, the router and trimtab itself; up starts them again', async () => {
      const { code, out } = await platform.run('down')
      expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('trimtab up') })
      await until(() => platform.ended !== null, 'up to end')
      expect(platform.ended).toBe(0)
      expect(all()).toEqual([[], []])
      expect(kind.router(platform.state)).toBe(null)
      await platform.up()
      await until(async () => (await platform.says('shop').catch(() => '')) === text('shop'), 'shop to answer')
      await platform.live('shop', platform.openRepo('shop').head())
      await platform.live('blog', platform.openRepo('blog').head())
      expect((await platform.status('shop')).status).toBe('Live')
    })

    it('down needs no up: one app, then everything', async () => {
      await platform.end()
      const one = await platform.run('down', 'shop')
      expect(one).toMatchObject({ code: 0, err: '' })
      expect(ids('shop')).toEqual([])
      expect(await platform.says('blog')).toBe(text('blog'))
      const rest = await platform.run('down')
      expect(rest).toMatchObject({ code: 0, err: '' })
      expect(all()).toEqual([[], []])
      expect(kind.router(platform.state)).toBe(null)
      expect((await platform.run('down')).code).toBe(0)
      // The one that was stopped by name stays so.
      await platform.up()
      await platform.live('blog', platform.openRepo('blog').head())
      expect((await platform.status('shop')).status).toBe('Suspended')
    })
  })
})

function prefixed<T>(folder: string, files: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(files).map(([path, content]) => [`${folder}/${path}`, content]))
}
