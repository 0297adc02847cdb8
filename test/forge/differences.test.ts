/** Where one forge is not like the others. GitHub: github.test.ts. */
import { describe, expect } from 'vitest'
import { createForge } from '../../src/forge/forge.ts'
import { COMMIT, OTHER, refuses, status, test } from './fixture.ts'

const hook = { url: 'https://ops.example.com/hooks/hello', secret: 'shh' }

test.each([
  ['github', { authorization: 'Bearer forge-token-1f6c0d', 'x-github-api-version': '2022-11-28' }],
  ['gitea', { authorization: 'token forge-token-1f6c0d' }],
  ['forgejo', { authorization: 'token forge-token-1f6c0d' }],
  ['gitlab', { 'private-token': 'forge-token-1f6c0d' }],
  ['bitbucket', { authorization: 'Bearer forge-token-1f6c0d' }],
] as const)('%s is asked in its own way', async (kind, headers) => {
  const { startForge } = await import('../support/forges/index.ts')
  const fake = await startForge(kind)
  await createForge(fake.spec, fake.repo).pullRequests()
  expect(fake.requests[0]?.headers).toMatchObject({ ...headers, 'user-agent': expect.stringMatching(/^trimtab\/\d/) })
  await fake.close()
})

describe('forks', () => {
  test.each([
    ['github', 'refs/pull/1/head'],
    ['gitea', 'refs/pull/1/head'],
    ['forgejo', 'refs/pull/1/head'],
    ['gitlab', 'refs/merge-requests/1/head'],
  ] as const)('%s has a ref of theirs', async (kind, ref) => {
    const { startForge } = await import('../support/forges/index.ts')
    const fake = await startForge(kind)
    fake.state.openPull({ commit: COMMIT, isFork: true })
    fake.state.openPull({ commit: OTHER, isFork: true, isGone: true })
    const pulls = await createForge(fake.spec, fake.repo).pullRequests()
    expect(pulls.find(({ number }) => number === 1)).toMatchObject({ isFork: true, ref, commit: COMMIT })
    expect(pulls.find(({ number }) => number === 2)).toMatchObject({ isFork: true })
    await fake.close()
  })

  test('bitbucket has none', async ({ start }) => {
    const { fake, forge } = await start('bitbucket')
    fake.state.openPull({ commit: COMMIT, isFork: true, labels: ['preview'] })
    fake.state.openPull({ commit: COMMIT, isFork: true, isGone: true, labels: ['preview'] })
    expect(await forge.pullRequests()).toEqual([])
  })
})

describe('gitlab', () => {
  test('has groups within groups', async ({ start }) => {
    const { fake, forge } = await start('gitlab', 'acme/web/shop')
    await forge.pullRequests()
    expect(fake.requests[0]?.url).toMatch(/^\/api\/v4\/projects\/acme%2Fweb%2Fshop\/merge_requests\?/)
  })

  test('gets the secret as a token, and as a signing token where it is one', async ({ start }) => {
    const { fake, forge } = await start('gitlab')
    await forge.installWebhook(hook)
    expect(fake.requests.at(-1)?.body).toMatchObject({
      token: 'shh',
      push_events: true,
      tag_push_events: true,
      merge_requests_events: true,
    })
    expect(fake.requests.at(-1)?.body).not.toHaveProperty('signing_token')
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
    await forge.installWebhook({ ...hook, secret })
    expect(fake.requests.at(-1)?.body).toMatchObject({ token: secret, signing_token: secret })
  })

  test('another refusal of a status stays one', async ({ start }) => {
    const { fake, forge } = await start('gitlab')
    fake.intercept((_, response) => {
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end('{"message":"Cannot transition status via :success from :canceled (Reason(s): no)"}')
      return true
    })
    await refuses(forge.setStatus(status), 'ForgeRefused', 'from :canceled')
  })

  test('another update under way is waited for', async ({ start }) => {
    const { fake, forge } = await start('gitlab')
    fake.intercept((_, response) => {
      response.writeHead(409, { 'content-type': 'application/json' })
      response.end('{"message":"Another update to this commit status is in progress"}')
      return true
    })
    await refuses(forge.setStatus(status), 'SourceUnreachable', 'in progress')
  })
})

describe('bitbucket', () => {
  test('has what stands in brackets for labels, and asks for no other commits', async ({ start }) => {
    const { fake, forge } = await start('bitbucket')
    fake.state.openPull({ commit: COMMIT, title: '[preview] [urgent ] New colours []', branch: 'feature/colours' })
    fake.state.openPull({ commit: OTHER, title: 'Nothing to see' })
    expect(await forge.pullRequests()).toMatchObject([
      { number: 1, labels: ['preview', 'urgent'], commit: COMMIT, ref: 'refs/heads/feature/colours', isFork: false },
    ])
    expect(fake.requests.map(({ url }) => url.split('?')[0])).toEqual([
      '/2.0/repositories/acme/hello/pullrequests',
      '/2.0/repositories/acme/hello/commit/a94a8fe5ccb1',
    ])
  })

  test('knows no branch by a name that makes no ref', async ({ start }) => {
    const { fake, forge } = await start('bitbucket')
    for (const branch of ['-x', 'a..b', 'a b', '../main', 'x.lock', 'a~1', 'x/', 'a:b'])
      fake.state.openPull({ commit: COMMIT, branch, labels: ['preview'] })
    expect(await forge.pullRequests()).toEqual([])
  })

  test('links a status without an address to its commit', async ({ start }) => {
    const { fake, forge } = await start('bitbucket')
    fake.state.addCommit(COMMIT)
    await forge.setStatus(status)
    expect(fake.state.statuses[0]?.url).toBe(`https://bitbucket.org/acme/hello/commits/${COMMIT}`)
  })

  test('takes a token with its user', async ({ start }) => {
    const { fake } = await start('bitbucket')
    const forge = createForge({ ...fake.spec, username: 'ops@example.com' }, fake.repo)
    expect(await forge.pullRequests()).toEqual([])
    expect(fake.requests[0]?.headers.authorization).toMatch(/^Basic /)
  })
})

test.each(['gitea', 'gitlab', 'bitbucket'] as const)('%s has no deployments', async (kind) => {
  const spec = { kind, api: 'https://forge.example/api', token: 'secret' }
  expect(createForge(spec, 'https://forge.example/acme/hello').deployment).toBeUndefined()
})
