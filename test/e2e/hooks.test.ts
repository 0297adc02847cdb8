/** Webhooks: nothing but deliveries tells of commits here, for repositories are asked once an hour. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repositoryId } from '../../src/config/hooks.ts'
import { type Delivery, type Sender, signed } from '../http/hooks/delivery.ts'
import { webApp } from '../support/apps.ts'
import { type FakeForge, startForge } from '../support/forges/index.ts'
import { type GitHttp, startGitHttp } from '../support/githttp.ts'
import { fire, fuzzed, randomOf } from '../support/hostileHooks.ts'
import { overRuntimes } from '../support/kinds.ts'
import { TestPlatform, until } from '../support/platform.ts'
import type { Repo } from '../support/repo.ts'

const SECRET = 'whsec_dGhpcy1pcy1hLXNlY3JldC1vZi0zMi1ieXRlcy1vaz8='
const OTHER = 'another-secret-of-the-platform'
const LIMIT = 64 * 1024

overRuntimes(() => {
  let platform: TestPlatform
  let git: GitHttp
  let shop: Repo
  let forge: FakeForge

  beforeAll(async () => {
    platform = await TestPlatform.make()
    git = await startGitHttp(platform.dir)
    forge = await startForge('gitea', 'acme/forged')
    const [repo, pair] = [`${git.url}/shop/.git`, `${git.url}/pair/.git`]
    platform.configure({
      env: { SHOP_HOOK: SECRET, HOOKS: OTHER, FORGE: forge.state.token },
      extra: {
        poll: '1h',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the operator writes
        hooks: { secret: '${HOOKS}', url: 'https://trimtab.example.com/', limit: '64K', rate: 100_000 },
      },
      apps: [
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the operator writes
        { name: 'shop', repo, webhook: { secret: '${SHOP_HOOK}' } },
        { name: 'one', repo: pair, path: 'one' },
        { name: 'two', repo: pair, path: 'two' },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the operator writes
        { name: 'forged', repo: `${git.url}/acme/forged`, forge: { ...forge.spec, token: '${FORGE}' } },
      ],
    })
    shop = platform.repo('shop').write(webApp('first'))
    const first = shop.commit('First')
    const both = platform.repo('pair').write(inFolders('first')).commit('First')
    const forged = platform.repo('acme/forged').write(webApp('forged')).commit('First')
    forge.state.addCommit(forged)
    await platform.up()
    await platform.live('forged', forged)
    await Promise.all([platform.live('shop', first), platform.live('one', both), platform.live('two', both)])
  })

  afterAll(async () => {
    await platform?.strike()
    await git?.close()
    await forge?.close()
  })

  const send = (name: string, { headers, body }: Delivery) =>
    fetch(`http://127.0.0.1:${platform.httpPort}/hooks/${name}`, { method: 'POST', headers, body })
  const change = (text: string) => shop.write({ 'text.txt': text }).commit(text)
  /** How often git was asked, once nobody asks any more. */
  const asked = async () => {
    for (let [last, calm] = [git.requests.length, 0]; calm < 15; calm++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      if (git.requests.length !== last) [last, calm] = [git.requests.length, 0]
    }
    return git.requests.length
  }

  it.each<[Sender, string]>([
    ['github', 'github'],
    ['gitea', 'gitea'],
    ['forgejo', 'forgejo'],
    ['gitlab', 'gitlab'],
    ['gitlab', 'standard'],
    ['bitbucket', 'bitbucket'],
    ['generic', 'generic'],
  ])('a push that %s announces (signed: %s) is live, without a poll', async (sender, by) => {
    const commit = change(`announced by ${sender}, ${by}`)
    expect((await send('shop', signed(sender, 'push', SECRET, by))).status).toBe(202)
    await platform.live('shop', commit)
    expect(await platform.says('shop')).toBe(`announced by ${sender}, ${by}`)
  })

  it('lost, doubled, out of order: the same end, and nothing is done twice', async () => {
    change('its delivery is lost')
    const newest = change('the newest')
    const delivery = signed('github', 'push', SECRET)
    await Promise.all(Array.from({ length: 20 }, () => send('shop', delivery)))
    await platform.live('shop', newest)
    // The one that was lost arrives after all, and everything once more.
    for (const name of ['push', 'tag', 'delete', 'push'])
      expect((await send('shop', signed('github', name, SECRET))).status).toBe(202)
    await platform.run('sync', 'shop', '--wait')
    expect(await platform.says('shop')).toBe('the newest')
    const story = await platform.story('shop', newest)
    for (const type of ['BuildStarted', 'ReleaseCreated', 'RolloutSucceeded'])
      expect(
        story.filter((one) => one === type),
        type,
      ).toHaveLength(1)
  })

  it('what is not signed, or not needed, has nobody look', async () => {
    const waiting = change('not announced')
    const before = await asked()
    expect((await send('shop', signed('github', 'push', 'wrong'))).status).toBe(401)
    expect((await send('shop', signed('github', 'push', OTHER))).status).toBe(401)
    expect((await send('nobody', signed('github', 'push', OTHER))).status).toBe(401)
    expect((await send('shop', signed('github', 'ping', SECRET))).status).toBe(200)
    expect((await send('shop', signed('gitlab', 'unknown', SECRET))).status).toBe(200)
    expect(await asked()).toBe(before)
    expect((await platform.status('shop')).desired.commit).not.toBe(waiting)
    expect((await send('shop', signed('github', 'push', SECRET))).status).toBe(202)
    await platform.live('shop', waiting)
  })

  it('one delivery does for every app of its repository, by an app’s name and by the repository’s', async () => {
    for (const [text, name] of [
      ['by name', 'two'],
      ['by repository', repositoryId(`${git.url}/pair/.git`)],
    ] as const) {
      const commit = platform.openRepo('pair').write(inFolders(text)).commit(text)
      expect((await send(name, signed('gitea', 'push', OTHER))).status).toBe(202)
      await Promise.all([platform.live('one', commit), platform.live('two', commit)])
      expect([await platform.says('one'), await platform.says('two')]).toEqual([text, text])
    }
  })

  it('deliveries are told, one for many; what they are signed with is nowhere', async () => {
    const told = (await platform.events('shop')).filter(({ type }) => type === 'HookReceived')
    expect(told.map(({ message }) => message)).toContain('push from GitHub')
    expect(told.length).toBeLessThan(20)
    expect((await platform.events()).map(({ message }) => message)).toContain('push from Gitea, for 2 apps')
    const texts = [platform.output, JSON.stringify(await platform.events()), JSON.stringify(await platform.client.status())]
    for (const secret of [SECRET, OTHER]) {
      for (const text of texts) expect(text).not.toContain(secret)
      expect(filesWith(platform.state, secret)).toEqual([])
    }
    expect(platform.output).toContain("A webhook's delivery for shop was refused: its signature is wrong")
  })

  it('trimtab webhook tells what to click, and install what is missing for it', async () => {
    expect(JSON.parse((await platform.run('webhook', 'shop', '--json')).out)).toEqual({
      name: 'shop',
      url: 'https://trimtab.example.com/hooks/shop',
      isPublic: true,
      secret: SECRET,
      forge: null,
      previews: false,
      installable: false,
    })
    const { out } = await platform.run('webhook', 'one')
    expect(out).toContain(`https://trimtab.example.com/hooks/${repositoryId(`${git.url}/pair/.git`)}  ${OTHER}`)
    const install = await platform.run('webhook', 'install', 'shop')
    expect(install).toMatchObject({ code: 1, err: expect.stringContaining('forge: {token:') })
    expect((await platform.run('webhook', 'shpo')).err).toContain('did you mean "shop"')
  })

  it("trimtab webhook install makes it by the forge's API, and sets it right where it is there", async () => {
    const url = 'https://trimtab.example.com/hooks/forged'
    const made = await platform.run('webhook', 'install', 'forged')
    expect(made).toMatchObject({ code: 0, out: `Made: ${url}\n` })
    expect(forge.state.hooks).toMatchObject([{ url, secret: OTHER, active: true }])
    expect(JSON.parse((await platform.run('webhook', 'install', 'forged', '--json')).out)).toEqual({ url, done: 'updated' })
    expect(forge.state.hooks).toHaveLength(1)
    // What the forge sends then is what is taken.
    const [hook] = forge.state.hooks
    const commit = platform.openRepo('acme/forged').write({ 'text.txt': 'by the hook' }).commit('By the hook')
    forge.state.addCommit(commit)
    expect(
      (await send(new URL(hook?.url ?? '').pathname.split('/').pop() ?? '', signed('gitea', 'push', hook?.secret ?? ''))).status,
    ).toBe(202)
    await platform.live('forged', commit)
  })

  it('another secret in platform.yaml is another secret at once', async () => {
    platform.configure({
      env: { SHOP_HOOK: SECRET, HOOKS: OTHER },
      apps: [{ name: 'shop', repo: `${git.url}/shop/.git`, webhook: { secret: 'the third' } }],
    })
    await until(async () => (await send('shop', signed('github', 'ping', 'the third'))).status === 200, 'the new secret')
    expect((await send('shop', signed('github', 'ping', SECRET))).status).toBe(401)
  })

  describe('10,000 fuzzed requests', () => {
    it('no crash, no 5xx, no growth in memory; and a delivery still works', async () => {
      const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
      const random = randomOf(seed)
      const statuses = new Map<number, number>()
      const burst = async (count: number) => {
        let left = count
        const lane = async () => {
          while (left-- > 0) {
            for (const status of await fire(platform.httpPort, fuzzed(random, 'the third', LIMIT)))
              statuses.set(status, (statuses.get(status) ?? 0) + 1)
          }
        }
        await Promise.all(Array.from({ length: 32 }, lane))
      }
      const pid = platform.pid
      await burst(3_000)
      const before = await resident(platform)
      await burst(7_000)
      const grown = (await resident(platform)) - before
      console.info(`seed ${seed}: ${JSON.stringify([...statuses].sort())}, grown by ${grown.toFixed(1)} MB`)
      expect(
        [...statuses.keys()].filter((status) => status >= 500),
        `SEED=${seed}`,
      ).toEqual([])
      for (const status of [202, 400, 401, 404, 405, 413, 415])
        expect(statuses.get(status), `${status}, SEED=${seed}`).toBeGreaterThan(20)
      expect(platform.pid).toBe(pid)
      expect(platform.ended).toBeNull()
      expect(grown, `SEED=${seed}`).toBeLessThan(24)
      const commit = change('after all that')
      expect((await send('shop', signed('github', 'push', 'the third'))).status).toBe(202)
      await platform.live('shop', commit)
    }, 120_000)
  })
}, ['process'])

function inFolders(text: string) {
  return Object.fromEntries(
    ['one', 'two'].flatMap((folder) => Object.entries(webApp(text)).map(([path, content]) => [`${folder}/${path}`, content])),
  )
}

/** In MB, when it has not changed any more for a while. */
async function resident({ pid }: TestPlatform): Promise<number> {
  const now = () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  let last = Number.POSITIVE_INFINITY
  await until(async () => {
    const before = last
    last = now()
    return Math.abs(before - last) < 0.5
  }, 'its memory to be calm')
  return last
}

function filesWith(dir: string, text: string): string[] {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map((entry) => join(entry.parentPath, entry.name)).filter((file) => readFileSync(file, 'latin1').includes(text))
}
