/** The list of apps in git: what comes, goes, moves, and what stays while the list cannot be had. */
import { createHmac } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repositoryId } from '../../src/config/hooks.ts'
import { webApp } from '../support/apps.ts'
import { type GitHttp, startGitHttp } from '../support/githttp.ts'
import { overRuntimes } from '../support/kinds.ts'
import { freePort, TestPlatform, until } from '../support/platform.ts'
import type { Repo } from '../support/repo.ts'

const SECRET = 'a-secret-of-forty-characters-for-the-hooks'

overRuntimes(
  (kind) => {
    describe('a list of apps in git', () => {
      let platform: TestPlatform
      let server: GitHttp | null = null
      let port: number
      let fleet: Repo
      const address = () => `http://127.0.0.1:${port}/fleet/.git`
      const ids = (app: string) => platform.running(app).map(({ id }) => id)
      const says = (app: string, text: string) => until(async () => (await platform.says(app)) === text, `${app} to say ${text}`)
      const types = async (type: string) => (await platform.events()).filter((event) => event.type === type)
      const told = (type: string, text: string) =>
        until(
          async () => (await types(type)).some(({ message }) => message.includes(text)),
          `${type} with ${text}\n${platform.output}`,
        )
      const list = (...apps: Array<string | Record<string, unknown>>) => ({
        'apps.yaml': JSON.stringify({
          apps: apps.map((app) => (typeof app === 'string' ? { name: app, repo: join(platform.dir, app) } : app)),
        }),
      })
      const serve = async () => {
        server = await startGitHttp(platform.dir, { port })
      }
      const away = async () => {
        await server?.close()
        server = null
      }
      const configured = (change: Record<string, unknown> = {}) => ({
        poll: '1s',
        git: { allow: ['http', 'file'] },
        hooks: { secret: SECRET },
        fleet: [
          { repo: address(), path: 'apps.yaml' },
          { repo: './mono', discover: 'apps/*/app.yaml' },
        ],
        ...change,
      })
      const history = async (app: string) => (await platform.releases(app)).map(({ version }) => version)

      beforeAll(async () => {
        platform = await TestPlatform.make({ kind })
        port = await freePort()
        fleet = platform.repo('fleet')
        for (const name of ['one', 'two', 'three', 'four', 'five', 'moves'])
          platform.repo(name).write(webApp(name)).commit('First')
        platform
          .repo('mono')
          .write({ 'apps/red/app.yaml': '', ...within('apps/red', webApp('red')) })
          .commit('Red')
        fleet.write(list('one', 'two')).commit('Two apps')
        platform.configure({ extra: configured(), apps: [{ name: 'moves', repo: './moves' }] })
        await serve()
        await platform.up()
        for (const name of ['one', 'two', 'moves', 'red']) await says(name, name)
      })

      afterAll(async () => {
        await away()
        await platform?.strike()
      })

      it('a line that is added starts an app; one that is removed stops it, and what is kept of it is shown', async () => {
        const [one] = ids('one')
        fleet.write(list('one', 'two', 'three')).commit('Three')
        await says('three', 'three')
        fleet.write(list('one', 'three')).commit('Without two')
        await until(() => ids('two').length === 0, 'two to stop')
        await told('AppRemoved', '')
        expect(await platform.says('two')).toBe('status 404')
        expect(ids('one')).toEqual([one])
        await told('FleetChanged', '1 gone: two')
        const { out } = await platform.run('doctor')
        expect(out).toMatch(/ok +fleet +fleet http:.* apps\.yaml: 2 apps at [0-9a-f]{7}/)
        expect(out).toMatch(/ok +orphans +nobody declares these apps any more; .* two \(1\)/)
        // Back, with its history.
        fleet.write(list('one', 'two', 'three', 'four', 'five')).commit('Two is back')
        for (const name of ['two', 'four', 'five']) await says(name, name)
        expect(await history('two')).toEqual([2, 1])
      })

      it('a folder that is added to a repository in which apps are discovered is an app', async () => {
        const mono = platform.openRepo('mono')
        mono.write({ 'apps/blue/app.yaml': 'name: green\n', ...within('apps/blue', webApp('blue')) }).commit('Blue')
        await says('blue', 'blue')
        mono.write({ 'apps/Not a name/app.yaml': '' }).commit('Not a name')
        await told('FleetRejected', "apps/Not a name/app.yaml: the folder's name becomes the app's")
        mono.write({ 'apps/Not a name': null, 'apps/red': null }).commit('No red')
        await until(() => ids('red').length === 0, 'red to stop')
        // That commit is red's too: that it is declared no more is known before its folder is missed.
        expect(platform.output).not.toMatch(/ red +RolloutFailed/)
        expect(await platform.says('blue')).toBe('blue')
      })

      it('a list that is not valid changes nothing, and says at which line', async () => {
        const before = ['one', 'two', 'three', 'four', 'five'].map(ids)
        fleet.write({ 'apps.yaml': 'apps:\n  - {name: one, repo: ./one}\n  - {name: two, auth: {token: x}}\n' }).commit('Wrong')
        await told('FleetRejected', 'apps.yaml:2:17 apps[0].repo: a relative path')
        const { out, err, code } = await platform.run('status', '--json')
        expect(code).toBe(0)
        expect(JSON.parse(out).map(({ app }: { app: string }) => app)).toEqual([
          'moves',
          'one',
          'two',
          'three',
          'four',
          'five',
          'blue',
        ])
        expect(err).toContain('is not in force as it is in git now: apps.yaml:2:17')
        expect(err).toContain('apps[1].auth: belongs in platform.yaml: git.credentials, by host')
        expect(['one', 'two', 'three', 'four', 'five'].map(ids)).toEqual(before)
      })

      it('one that has lost most of its apps changes nothing, until somebody says that it is meant', async () => {
        const before = ['one', 'two', 'three', 'four', 'five'].map(ids)
        fleet.write(list('one')).commit('One alone')
        await told(
          'FleetRejected',
          '4 of 5 apps would be removed (five, four, three, two). Nothing was. If this is meant: trimtab sync --allow-prune',
        )
        expect((await platform.run('sync')).code).toBe(0)
        expect(['one', 'two', 'three', 'four', 'five'].map(ids)).toEqual(before)
        expect((await platform.run('sync', '--allow-prune')).code).toBe(0)
        await until(() => ['two', 'three', 'four', 'five'].every((app) => ids(app).length === 0), 'the four to stop')
        expect(ids('one')).toEqual(before[0])
        fleet.write(list('one', 'two', 'three', 'four', 'five')).commit('All five')
        for (const name of ['two', 'three', 'four', 'five']) await says(name, name)
      })

      it('while its host is away, also at the start, the last good list is in force, and its apps are looked after', async () => {
        const [one] = ids('one')
        await platform.end()
        await away()
        await platform.up()
        await told('FleetRejected', 'stays in force: 5 apps')
        expect(ids('one')).toEqual([one])
        for (const name of ['one', 'two', 'three', 'four', 'five']) expect(await platform.says(name)).toBe(name)
        const commit = platform.openRepo('two').write({ 'text.txt': 'two too' }).commit('A change')
        await platform.live('two', commit)
        expect((await platform.run('sync', '--allow-prune')).code).toBe(0)
        for (const name of ['one', 'two', 'three', 'four', 'five']) expect(ids(name)).toHaveLength(1)
        await serve()
        await told('FleetChanged', 'it is good again')
      })

      it('where neither its host nor the last list is to be had, whatever runs stays', async () => {
        const before = ['one', 'two', 'blue', 'moves'].map(ids)
        await platform.end('SIGKILL')
        await away()
        for (const end of ['', '-wal', '-shm']) rmSync(join(platform.state, `trimtab.db${end}`), { force: true })
        await platform.up()
        await told('FleetRejected', 'It was never read: whatever runs stays, also what nobody declares.')
        expect((await platform.run('sync', 'moves', '--allow-prune', '--wait')).code).toBe(0)
        expect(['one', 'two', 'blue', 'moves'].map(ids)).toEqual(before)
        for (const name of ['one', 'blue', 'moves']) expect(await platform.says(name)).toBe(name)
        await serve()
        await told('FleetChanged', '5 more: one, two, three, four, five')
        await until(async () => (await platform.status('one')).status === 'Live', 'one to be adopted')
        expect(['one', 'two', 'blue', 'moves'].map(ids)).toEqual(before)
      })

      it('killed at any moment of a change, the next start comes to what the list says', async () => {
        fleet.write(list('one', 'two', 'three', 'four')).commit('Without five')
        await told('FleetChanged', '1 gone: five')
        await platform.end('SIGKILL')
        fleet.write(list('one', 'two', 'three', 'five')).commit('Five for four')
        await platform.up()
        await platform.end('SIGKILL')
        await platform.up()
        await says('five', 'five')
        await until(() => ids('four').length === 0, 'four to stop')
        // Five may have answered before the list without it, which the kill had kept from being carried out, was: it then starts anew.
        for (const name of ['one', 'three', 'five']) await says(name, name)
      })

      it('an app that moves from platform.yaml to the list, and to another repository, loses no request', async () => {
        const first = ids('moves')
        const visitor = platform.visit('moves')
        fleet.write(list('one', 'two', 'three', 'five', 'moves')).commit('Moves, too')
        await told('ConfigRejected', 'declared twice: platform.yaml has it')
        platform.configure({ apps: [] })
        await told('AppMoved', 'from platform.yaml')
        await until(async () => (await platform.status('moves')).status === 'Live', 'it to be live')
        expect(ids('moves')).toEqual(first)
        platform.openRepo('moves').git('clone', '--quiet', platform.openRepo('moves').dir, join(platform.dir, 'moved'))
        const moved = { name: 'moves', repo: join(platform.dir, 'moved') }
        fleet.write(list('one', 'two', 'three', 'five', moved)).commit('Elsewhere')
        await told('AppMoved', '/moved)')
        const commit = platform.openRepo('moved').write({ 'text.txt': 'moved' }).commit('Moved')
        await platform.live('moves', commit)
        await says('moves', 'moved')
        await visitor.stop()
        expect(visitor.lost).toEqual([])
        expect([...visitor.texts]).toEqual(['moves', 'moved'])
        expect(await history('moves')).toEqual([2, 1])
      })

      it('a webhook of its repository has it read at once', async () => {
        const [http, mono] = configured().fleet
        const before = (await types('ConfigChanged')).length
        platform.configure({ extra: configured({ poll: '1h', fleet: [{ ...http, poll: '1h' }, mono] }) })
        await until(async () => (await types('ConfigChanged')).length > before, 'platform.yaml to be read')
        // What it was asked for the new platform.yaml is behind it.
        expect((await platform.run('sync')).code).toBe(0)
        fleet.write(list('one', 'two', 'three', 'five', 'moves', 'four')).commit('Four again')
        const body = '{}'
        const response = await fetch(`http://127.0.0.1:${platform.httpPort}/hooks/${repositoryId(address())}`, {
          method: 'POST',
          body,
          headers: {
            'content-type': 'application/json',
            'x-github-event': 'push',
            'x-github-delivery': '00000000-0000-4000-8000-000000000000',
            'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
          },
        })
        expect(response.status).toBe(202)
        await says('four', 'four')
      })
    })
  },
  ['process'],
)

function within<T>(folder: string, files: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(files).map(([path, content]) => [`${folder}/${path}`, content]))
}
