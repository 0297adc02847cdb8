/** Pull requests as apps of their own: a real git server, GitHub's API as a strict fake, and the built command line. */
import { createHmac } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appYaml, ownBuild } from '../support/apps.ts'
import { type FakeForge, startForge } from '../support/forges/index.ts'
import { type GitHttp, startGitHttp } from '../support/githttp.ts'
import { overRuntimes } from '../support/kinds.ts'
import { TestPlatform, until } from '../support/platform.ts'
import { makeRepo, type Repo } from '../support/repo.ts'

const HOOK = 'a-secret-of-forty-characters-for-the-hooks'
const TOKEN = 'forge-token-that-nobody-may-see-9b1e'

overRuntimes(
  (kind) => {
    describe('previews', () => {
      let platform: TestPlatform
      let git: GitHttp
      let forge: FakeForge
      let repo: Repo
      let main: string

      const app = (more: Record<string, unknown> = {}) => ({
        name: 'shop',
        repo: `${git.url}/acme/shop.git`,
        branch: 'main',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the operator writes
        forge: { kind: 'github', api: forge.spec.api, token: '${FORGE_TOKEN}' },
        previews: { label: 'preview', limit: 2, ttl: '1h' },
        ...more,
      })
      /** Its text, then what its build found in its environment: a credential, an address. */
      const shop = (text: string) =>
        ownBuild(`printf ' %s' $(printenv SECRET_OF_BUILDS || echo no) $(printenv PIP_INDEX_URL) >> "$1/text.txt"`, text, {
          ...appYaml({ routes: [{ host: 'www.test.localhost' }], processes: { web: { scale: 2 } } }),
        })
      const built = (text: string) => `${text} no https://pypi.example.com/`
      const trusted = (text: string) => `${text} hunter2 https://pypi.example.com/`
      /** Pushes a change of main to where the forge keeps pull requests; gives the commit. */
      const push = (number: number, text: string) => {
        repo.git('switch', '--quiet', '--detach', main)
        const commit = repo.write(shop(text)).commit(text)
        repo.git('push', '--quiet', '--force', 'origin', `HEAD:refs/pull/${number}/head`)
        repo.git('switch', '--quiet', 'main')
        return commit
      }
      const open = (number: number, text: string, more: Parameters<FakeForge['state']['openPull']>[0] | object = {}) => {
        const commit = push(number, text)
        forge.state.openPull({ number, commit, ...more })
        return commit
      }
      const says = (name: string, text: string) =>
        until(
          async () => (await platform.says(name)) === text,
          () => `${name} to say ${text}\n${platform.output}`,
        )
      const gone = async (name: string) => {
        await says(name, 'status 404')
        const left = () => platform.running(name).length > 0 || existsSync(join(platform.state, 'routes', `${name}.yml`))
        await until(() => !left(), `${name} to be gone`)
      }
      const told = async (type: string) =>
        (await platform.events('shop')).flatMap((event) => (event.type === type ? [event.message] : []))
      const listed = async () => (await platform.client.status()).map((status) => status.app)

      beforeAll(async () => {
        platform = await TestPlatform.make({ kind })
        const bare = makeRepo(join(platform.dir, 'acme/shop.git'), 'main', ['--bare'])
        repo = platform.repo('work')
        repo.git('remote', 'add', 'origin', bare.dir)
        main = repo.write(shop('main')).commit('Main')
        repo.git('push', '--quiet', 'origin', 'main')
        git = await startGitHttp(platform.dir)
        forge = await startForge('github', 'acme/shop')
        forge.state.token = TOKEN
        forge.state.addCommit(main)
        forge.state.addUser('triager', 'triage')
        platform.configure({
          extra: {
            poll: '1s',
            builds: { env: { SECRET_OF_BUILDS: 'hunter2', PIP_INDEX_URL: 'https://pypi.example.com/' } },
          },
          env: { FORGE_TOKEN: TOKEN },
          apps: [app()],
        })
        await platform.up()
        await platform.live('shop', main)
      })

      afterAll(async () => {
        await platform?.strike()
        await forge?.close()
        await git?.close()
      })

      it('a label brings it up at a host of its own, with a link on the pull request; a push updates it; without the label it is gone', async () => {
        const first = open(7, 'seven')
        expect(await listed()).toEqual(['shop'])
        forge.state.setLabel(7, 'preview')
        await says('shop-pr-7', trusted('seven'))
        const status = await platform.live('shop-pr-7', first)
        expect(status).toMatchObject({ preview: { of: 'shop', number: 7 }, processes: [{ type: 'web', want: 1 }] })
        expect(status.urls).toEqual([expect.stringMatching(/^http:\/\/shop-pr-7\.test\.localhost(:\d+)?\/?$/)])
        const [url] = status.urls
        const said = () => forge.state.statusOf(first, 'trimtab/shop-pr-7')
        await until(() => said()?.state === 'success', 'the status on the commit')
        expect(said()?.url).toBe(url)
        expect(await told('PreviewOpened')).toEqual([`pull request #7: shop-pr-7 at ${url}`])
        // The app's own host is still the app's, and it has its preview beside it.
        expect((await platform.get('www.test.localhost')).body).toBe(trusted('main'))
        expect((await platform.client.status('shop')).map((one) => one.app)).toEqual(['shop', 'shop-pr-7'])
        expect((await platform.run('status', 'shop')).out).toContain('shop-pr-7 shows pull request #7 of shop.')

        const second = push(7, 'seven again')
        forge.state.push(7, second)
        await says('shop-pr-7', trusted('seven again'))
        await platform.live('shop-pr-7', second)

        forge.state.removeLabel(7, 'preview')
        await gone('shop-pr-7')
        expect(await listed()).toEqual(['shop'])
        expect(await told('PreviewClosed')).toEqual(['pull request #7: its label was removed; shop-pr-7 goes'])
        await until(() => !existsSync(join(platform.state, 'cache/shop-pr-7')), 'its cache to be gone')
        await until(() => forge.state.deployments.at(-1)?.statuses.at(-1)?.state === 'inactive', 'the deployment to be inactive')
        expect((await platform.get('www.test.localhost')).status).toBe(200)
      })

      it('a fork needs a label by somebody who may push, gets nothing of the operator’s, and stays at what was labelled', async () => {
        const first = open(8, 'eight', { isFork: true })
        forge.state.setLabel(8, 'preview', 'triager')
        await until(async () => (await told('PreviewRefused')).length > 0, 'the refusal')
        expect(await told('PreviewRefused')).toEqual([
          expect.stringMatching(/^pull request #8: it comes from a fork, and its label/),
        ])
        expect(await listed()).toEqual(['shop'])

        forge.state.removeLabel(8, 'preview', 'triager')
        forge.state.setLabel(8, 'preview', 'maintainer')
        await says('shop-pr-8', built('eight'))
        await platform.live('shop-pr-8', first)
        expect(JSON.stringify((await platform.told('shop-pr-8')).env)).not.toMatch(/hunter2|forge-token/)

        const second = push(8, 'eight, and something else')
        forge.state.push(8, second)
        const { failure, serving } = await platform.failed('shop-pr-8', second)
        expect(failure).toMatchObject({ code: 'Untrusted', message: expect.stringContaining('after its label had been set') })
        expect(serving?.commit).toBe(first)
        expect(await platform.says('shop-pr-8')).toBe(built('eight'))
        await until(() => forge.state.statusOf(second, 'trimtab/shop-pr-8')?.state === 'failure', 'the status')

        forge.state.removeLabel(8, 'preview')
        await gone('shop-pr-8')
        forge.state.setLabel(8, 'preview')
        await says('shop-pr-8', built('eight, and something else'))
        await platform.live('shop-pr-8', second)
        forge.state.closePull(8)
        await gone('shop-pr-8')
      })

      it('while the forge is down what is there stays, and follows its branch; also over a restart, with a store and without', async () => {
        open(9, 'nine', { labels: ['preview'] })
        await says('shop-pr-9', trusted('nine'))
        const before = platform.running('shop-pr-9').map(({ id }) => id)
        forge.intercept((_, response) => Boolean(response.writeHead(503).end()))
        forge.state.closePull(9)
        await until(
          async () => (await told('SourceFailed')).some((message) => message.includes('its previews stay')),
          'it to be told',
        )
        await platform.end('SIGKILL')
        await platform.up()
        expect(await listed()).toEqual(['shop', 'shop-pr-9'])
        const moved = push(9, 'nine, while nobody answers')
        forge.state.addCommit(moved)
        await platform.live('shop-pr-9', moved)
        await says('shop-pr-9', trusted('nine, while nobody answers'))
        expect(platform.running('shop-pr-9').map(({ id }) => id)).not.toEqual(before)
        const lives = platform.running('shop-pr-9').map(({ id }) => id)

        await platform.end()
        for (const suffix of ['', '-wal', '-shm']) rmSync(join(platform.state, `trimtab.db${suffix}`), { force: true })
        const questions = forge.requests.length
        await platform.up()
        await until(() => forge.requests.length > questions, 'a question')
        await platform.live('shop', main)
        expect(await platform.says('shop-pr-9')).toBe(trusted('nine, while nobody answers'))
        expect(platform.running('shop-pr-9').map(({ id }) => id)).toEqual(lives)

        forge.intercept(null)
        await platform.run('sync', 'shop')
        await gone('shop-pr-9')
        expect(await listed()).toEqual(['shop'])
      })

      it('no more than the limit, and none for longer than its time', async () => {
        open(11, 'eleven', { labels: ['preview'] })
        open(12, 'twelve', { labels: ['preview'] })
        await says('shop-pr-12', trusted('twelve'))
        open(10, 'ten', { labels: ['preview'] })
        const full = 'pull request #10: there are 2 already, which is the limit (previews.limit)'
        await until(async () => (await told('PreviewRefused')).includes(full), 'the refusal')
        expect(await listed()).toEqual(['shop', 'shop-pr-11', 'shop-pr-12'])
        // Nothing has happened there for almost as long as it may.
        const pull = forge.state.pulls.get(11)
        if (pull) pull.updatedAt = Date.now() - 3_599_000
        await gone('shop-pr-11')
        await says('shop-pr-10', trusted('ten'))
        expect((await told('PreviewClosed')).at(-1)).toContain('#11: nothing of it has changed for so long')
        for (const number of [10, 11, 12]) forge.state.closePull(number)
        await gone('shop-pr-10')
        await gone('shop-pr-12')
      })

      it('a webhook is enough, where it is asked once an hour', async () => {
        platform.configure({ apps: [app({ poll: '1h', webhook: { secret: HOOK } })] })
        await until(async () => (await platform.events()).some(({ type }) => type === 'ConfigChanged'), 'the file to be read')
        await platform.live('shop', main)
        await until(() => forge.requests.length > 0, 'its question')
        open(13, 'thirteen', { labels: ['preview'] })
        const body = JSON.stringify({ action: 'labeled', number: 13 })
        const signature = `sha256=${createHmac('sha256', HOOK).update(body).digest('hex')}`
        const headers = { 'x-github-event': 'pull_request', 'x-hub-signature-256': signature, 'content-type': 'application/json' }
        const answer = await fetch(`http://127.0.0.1:${platform.httpPort}/hooks/shop`, { method: 'POST', headers, body })
        expect(answer.status).toBeLessThan(300)
        await says('shop-pr-13', trusted('thirteen'))
      })

      it('without previews in platform.yaml they go; the token was seen nowhere', async () => {
        platform.configure({ apps: [app({ previews: undefined })] })
        await gone('shop-pr-13')
        const all = [platform.output, JSON.stringify(await platform.events()), JSON.stringify(await platform.client.status())]
        expect(all.join()).not.toContain(TOKEN)
      })
    })
  },
  ['process'],
)
