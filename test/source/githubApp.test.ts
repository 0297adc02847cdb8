/** Tokens of a GitHub App, against a fake API that verifies and refuses, and a real git server that takes its tokens alone. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { appJwt } from '../../src/credentials/jwt.ts'
import type { Auth } from '../../src/domain.ts'
import { type GitHttp, startGitHttp } from '../support/githttp.ts'
import { type FakeGithub, startFakeGithub } from '../support/githubApps.ts'
import { makeRepo, type Repo } from '../support/repo.ts'
import { app, contentsOf, failure, test as plain } from './fixture.ts'

interface Hosted {
  clock: { now: number }
  github: FakeGithub
  git: GitHttp
  repo: Repo
  auth: Extract<Auth, { githubApp: unknown }>
  key: string
}

const test = plain.extend<Hosted>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads it
  clock: async ({}, use) => use({ now: Date.now() }),
  github: async ({ clock }, use) => {
    const github = await startFakeGithub(() => clock.now)
    github.installed.set('acme/shop', 77)
    await use(github)
    await github.close()
  },
  repo: async ({ tmp }, use) => use(makeRepo(join(tmp, 'hosted/acme/shop'))),
  git: async ({ tmp, github, clock }, use) => {
    const tokenOf = (header = '') =>
      /^x-access-token:(.*)$/.exec(Buffer.from(header.replace('Basic ', ''), 'base64').toString())?.[1]
    const git = await startGitHttp(join(tmp, 'hosted'), {
      intercept: ({ headers }, response) => {
        const known = github.tokens.get(tokenOf(headers.authorization) ?? '')
        if (known && known.until > clock.now) return false
        response.writeHead(401, { 'www-authenticate': 'Basic realm="GitHub"' }).end()
        return true
      },
    })
    await use(git)
    await git.close()
  },
  key: async ({ tmp, github }, use) => {
    const key = join(tmp, 'app.pem')
    writeFileSync(key, github.privateKey, { mode: 0o600 })
    await use(key)
  },
  auth: async ({ github, key }, use) => use({ githubApp: { id: github.clientId, key, api: github.api } }),
})

test('a token is made, used until shortly before its end, and never seen', async ({
  tmp,
  open,
  github,
  git,
  repo,
  auth,
  clock,
}) => {
  const first = repo.write({ x: '1' }).commit()
  const source = open({ now: () => clock.now })
  const shop = app(`${git.url}/acme/shop`, { auth })
  expect(await source.look(shop)).toMatchObject({ commit: first })
  expect(github.requests).toEqual(['GET /repos/acme/shop/installation', 'POST /app/installations/77/access_tokens'])
  await Promise.all([source.look(shop), source.look(shop)])
  clock.now += 54 * 60_000
  const second = repo.write({ x: '2' }).commit()
  expect(await source.look(shop)).toMatchObject({ commit: second })
  expect(github.tokens.size).toBe(1)

  clock.now += 2 * 60_000
  const third = repo.write({ x: '3' }).commit()
  expect(await source.look(shop)).toMatchObject({ commit: third, since: { commit: second } })
  expect(github.tokens.size).toBe(2)
  // The same question all the while: what is known does not depend on the token.
  expect(source.head(shop)).toMatchObject({ commit: third })

  const told = contentsOf(join(tmp, 'state'))
  // For reading alone, whatever else the App may do.
  expect([...github.tokens.values()].map(({ permissions }) => permissions)).toEqual([{ contents: 'read' }, { contents: 'read' }])
  for (const token of github.tokens.keys()) expect(told).not.toContain(token)
})

test('one that was taken back is asked for anew', async ({ open, github, git, repo, auth, clock }) => {
  repo.write({ x: '1' }).commit()
  const source = open({ now: () => clock.now })
  const shop = app(`${git.url}/acme/shop`, { auth })
  await source.look(shop)
  github.tokens.clear()
  await expect(source.look(shop)).rejects.toEqual(failure('SourceUnreachable', 'refuses access'))
  expect(await source.look(shop)).toMatchObject({ ref: 'main' })
})

test('installed again, it is found again', async ({ open, github, git, repo, auth, clock }) => {
  const source = open({ now: () => clock.now })
  const shop = app(`${git.url}/acme/shop`, { auth })
  repo.write({ x: '1' }).commit()
  await source.look(shop)
  github.installed.set('acme/shop', 78)
  clock.now += 3_600_000
  expect(await source.look(shop)).toMatchObject({ ref: 'main' })
  expect(github.requests.slice(-3)).toEqual([
    'POST /app/installations/77/access_tokens',
    'GET /repos/acme/shop/installation',
    'POST /app/installations/78/access_tokens',
  ])
})

test('with its installation named, that is not looked for', async ({ open, github, git, repo, auth, clock }) => {
  repo.write({ x: '1' }).commit()
  const named = { githubApp: { ...auth.githubApp, installation: '77' } }
  await open({ now: () => clock.now }).look(app(`${git.url}/acme/shop`, { auth: named }))
  expect(github.requests).toEqual(['POST /app/installations/77/access_tokens'])
})

test('what GitHub refuses, and what to do', async ({ tmp, open, github, git, repo, auth, key, clock }) => {
  repo.write({ x: '1' }).commit()
  let ahead = 0
  const source = open({ now: () => clock.now + ahead })
  const url = `${git.url}/acme/shop`
  const refuses = async (spec: Partial<typeof auth.githubApp>, ...says: string[]) => {
    const githubApp = { ...auth.githubApp, ...spec }
    await expect(source.look(app(url, { auth: { githubApp } })), says[0]).rejects.toEqual(failure('SourceUnreachable', ...says))
  }
  await refuses({ id: 'Iv1.other' }, 'HTTP 401', 'Integration not found', "the App's id")
  ahead = 120_000
  await refuses({ id: 'Iv1.other' }, 'HTTP 401', 'clock')
  ahead = 0
  await refuses({ installation: '78' }, 'HTTP 404', 'installation 78')
  github.suspended = true
  await refuses({}, 'HTTP 403', 'suspended')
  github.suspended = false
  github.installed.clear()
  await refuses({}, 'HTTP 404', 'acme/shop', 'Install the App')
  github.installed.set('acme/other', 77)
  await refuses({ installation: '77' }, 'HTTP 422', 'Contents: read')
  github.installed.set('acme/shop', 77)
  github.granted = { metadata: 'read' }
  await refuses({}, 'HTTP 422', 'Contents: read')

  await refuses({ api: `${git.url}/nothing` }, 'HTTP 401')
  await refuses({ api: 'http://127.0.0.1:9' }, 'cannot be asked for a token', 'refused')
  chmodSync(key, 0o644)
  await refuses({}, 'others can read the key', key)
  chmodSync(key, 0o600)
  for (const content of ['no key', github.privateKey.slice(0, 200)]) {
    writeFileSync(key, content)
    await refuses({}, 'is no private key of a GitHub App')
  }
  await refuses({ key: join(tmp, 'none.pem') }, 'is not there')
})

test('the JWT lives for less than ten minutes, from a minute ago', ({ github }) => {
  const now = 1_800_000_000_000
  const claims = JSON.parse(Buffer.from(appJwt('Iv1.x', github.privateKey, now).split('.')[1] ?? '', 'base64url').toString())
  expect(claims).toEqual({ iat: 1_799_999_940, exp: 1_800_000_540, iss: 'Iv1.x' })
})
