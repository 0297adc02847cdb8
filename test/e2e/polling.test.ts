/** Repositories of several git hosts, polled: one host goes away and comes back, another one announces what it has. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { signed } from '../http/hooks/delivery.ts'
import { webApp } from '../support/apps.ts'
import { type GitHttp, startGitHttp } from '../support/githttp.ts'
import { overRuntimes } from '../support/kinds.ts'
import { TestPlatform, until } from '../support/platform.ts'
import type { Repo } from '../support/repo.ts'

const SECRET = 'what-this-forge-signs-with-0123456789'

overRuntimes(
  (kind) => {
    let platform: TestPlatform
    let north: GitHttp
    let south: GitHttp
    let telling: GitHttp
    const repos: Record<string, Repo> = {}

    beforeAll(async () => {
      platform = await TestPlatform.make({ kind })
      ;[north, south, telling] = [
        await startGitHttp(platform.dir),
        await startGitHttp(platform.dir),
        await startGitHttp(platform.dir),
      ]
      const at = (host: GitHttp, name: string, more = {}) => ({ name, repo: `${host.url}/${name}/.git`, branch: 'main', ...more })
      platform.configure({
        extra: { poll: '1s' },
        env: { HOOK_SECRET: SECRET },
        apps: [
          at(north, 'one'),
          at(north, 'two'),
          at(south, 'other'),
          // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the operator writes
          at(telling, 'told', { webhook: { secret: '${HOOK_SECRET}' } }),
        ],
      })
      for (const name of ['one', 'two', 'other', 'told']) repos[name] = platform.repo(name)
      const first = Object.entries(repos).map(([name, repo]) => [name, repo.write(webApp('first')).commit('First')] as const)
      await platform.up()
      for (const [name, commit] of first) await platform.live(name, commit)
    })

    afterAll(async () => {
      await platform?.strike()
      for (const host of [north, south, telling]) await host?.close()
    })

    const change = (app: string, text: string) => (repos[app] as Repo).write({ 'text.txt': text }).commit(text)
    const types = async (app: string) => (await platform.events(app)).map(({ type }) => type)
    const ofHosts = async () => (await platform.events()).filter(({ type }) => /^Host(Unreachable|Recovered)$/.test(type))

    it('changes that webhooks announce, three in a row: it is asked less often, and says so', async () => {
      for (const text of ['a', 'b', 'c']) {
        const commit = change('told', text)
        const delivery = signed('github', 'push', SECRET)
        const answer = await fetch(`http://127.0.0.1:${platform.httpPort}/hooks/told`, { method: 'POST', ...delivery })
        expect(answer.status).toBe(202)
        await platform.live('told', commit)
      }
      await until(async () => (await types('told')).includes('PollingSlowed'), 'polling to slow down')
      const [slowed] = (await platform.events('told')).filter(({ type }) => type === 'PollingSlowed')
      expect(slowed?.message).toContain('every 10 s, not every 1 s')
      // And now one that nobody announces, which the test after next waits for.
      change('told', 'unannounced')
    })

    it('a host goes away: its apps run on and say why, the others are deployed as ever, and what was fetched still is', async () => {
      const last = (repos.one as Repo)
        .write({ 'text.txt': 'seen in time', 'app.yaml': 'release: sleep 4\n' })
        .commit('Seen in time')
      await until(async () => (await platform.story('one', last)).includes('CommitSeen'), 'the commit to be seen')
      const { port } = new URL(north.url)
      await north.close()
      const isAway = ({ failure }: { failure: { code: string } | null }) => failure?.code === 'SourceUnreachable'
      const two = await platform.when('two', isAway)
      expect(two).toMatchObject({ status: 'Live', failure: { commit: null }, desired: { commit: two.serving?.commit } })
      expect(two.failure?.message).toContain(`${north.url}/two/.git cannot be read: the connection was refused.`)
      // Its commit is here, so that nothing of it waits for its host.
      await platform.live('one', last)
      expect(await platform.says('one')).toBe('seen in time')

      for (const text of ['x', 'y', 'z']) {
        const began = Date.now()
        await platform.live('other', change('other', text))
        expect(Date.now() - began).toBeLessThan(10_000)
      }
      const events = await ofHosts()
      expect(events.map(({ app, type }) => [app, type])).toEqual([['', 'HostUnreachable']])
      expect(events[0]?.message).toContain(
        `${new URL(north.url).host}: the connection was refused. When it answers, its 2 repositories are`,
      )
      expect([...(await types('one')), ...(await types('two'))]).not.toContain('SourceFailed')

      const missed = change('two', 'while it was away')
      north = await startGitHttp(platform.dir, { port: Number(port) })
      await platform.live('two', missed)
      expect(await platform.when('one', ({ failure }) => failure === null)).toMatchObject({ status: 'Live' })
      expect((await ofHosts()).map(({ type }) => type)).toEqual(['HostUnreachable', 'HostRecovered'])
    })

    it('one repository of a host that is gone is that app’s trouble alone', async () => {
      await north.close()
      north = await startGitHttp(platform.dir, {
        port: Number(new URL(north.url).port),
        intercept: (request, response) => {
          const isGone = request.url?.startsWith('/two/') ?? false
          if (isGone) response.writeHead(404).end()
          return isGone
        },
      })
      await platform.when('two', ({ failure }) => failure?.code === 'RepositoryGone')
      await platform.live('one', change('one', 'beside it'))
      expect(await types('two')).toContain('SourceFailed')
      expect(await types('one')).not.toContain('SourceFailed')
    })

    it('a change that no webhook announced is found all the same, and puts the pace back', async () => {
      await platform.when(
        'told',
        ({ desired, serving }) => desired.commit === (repos.told as Repo).head() && serving?.commit === desired.commit,
      )
      expect(await platform.says('told')).toBe('unannounced')
      await until(async () => (await types('told')).includes('PollingResumed'), 'polling to resume')
    })
  },
  ['process'],
)
