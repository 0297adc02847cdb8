/** Answers that no forge should give, and forges that are not there. */
import { describe, expect } from 'vitest'
import { createForge } from '../../src/forge/forge.ts'
import { COMMIT, refuses, status, test, thrown } from './fixture.ts'

const KINDS = ['github', 'gitea', 'gitlab', 'bitbucket'] as const

/** Answers everything with this. */
function always(status: number, body: string | Buffer, headers: Record<string, string> = {}) {
  return (_: unknown, response: import('node:http').ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(body)
    return true
  }
}

describe.each(KINDS)('%s:', (kind) => {
  test('not JSON, and JSON of another form', async ({ start }) => {
    const { fake, forge } = await start(kind)
    const bodies = [
      '<!doctype html><h1>Sign in</h1>',
      '',
      '"text"',
      '42',
      '{}',
      '[{"number":"one"}]',
      '{"values":[{"id":{}}]}',
      '[[[[]]]]',
    ]
    for (const body of bodies) {
      fake.intercept(always(200, body))
      await refuses(forge.pullRequests(), 'ForgeRefused', 'is not understood', 'Is `api` of the forge')
    }
  })

  test('wrong values in the right form', async ({ start }) => {
    const { fake, forge } = await start(kind)
    const number = fake.state.openPull({ commit: 'not-a-commit; rm -rf', labels: ['preview'] })
    await refuses(forge.pullRequests(), 'ForgeRefused', 'is not understood')
    fake.state.push(number, COMMIT)
    expect(await forge.pullRequests()).toHaveLength(1)
    fake.state.openPull({ commit: COMMIT, number: -3, labels: ['preview'] })
    await refuses(forge.pullRequests(), 'ForgeRefused', 'is not understood')
  })

  test('an answer without end', async ({ start }) => {
    const { fake, forge } = await start(kind)
    fake.intercept((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const more = () => {
        while (response.write(Buffer.alloc(256 * 1024, '[')));
      }
      response.on('drain', more)
      more()
      return true
    })
    await refuses(forge.pullRequests(), 'SourceUnreachable', 'larger than')
    // Whoever comments on a pull request without end keeps nobody from asking about the next one.
    expect(await forge.isLabelTrusted(1, 'preview')).toBe(false)
  })

  test('leads to another host', async ({ start }) => {
    const { fake, forge } = await start(kind)
    const { fake: other } = await start(kind)
    for (const code of [301, 302, 303, 307, 308]) {
      fake.intercept(always(code, '', { location: `${other.spec.api}/repos/acme/hello/pulls` }))
      await refuses(forge.pullRequests(), 'ForgeRefused', 'another place')
      await refuses(forge.setStatus(status), 'ForgeRefused', 'another place')
    }
    expect(other.requests).toEqual([])
  })

  test('leads in circles', async ({ start }) => {
    const { fake, forge } = await start(kind)
    fake.intercept(always(307, '', { location: '/again' }))
    await refuses(forge.pullRequests(), 'ForgeRefused', 'again and again')
    expect(fake.requests).toHaveLength(4)
  })

  test('says the token back', async ({ start }) => {
    const { fake } = await start(kind)
    const forge = createForge({ ...fake.spec, ...(kind === 'bitbucket' && { username: 'ops@example.com' }) }, fake.repo)
    fake.intercept((request, response) => {
      const { authorization = '', 'private-token': token = '' } = request.headers
      return always(403, JSON.stringify({ message: `no entry for ${authorization}${token}\nsecond line` }))(request, response)
    })
    const error = await refuses(forge.pullRequests(), 'ForgeRefused', 'no entry for', '***')
    expect(error.message).not.toMatch(/second line|ZXhhbXBsZS5jb20/)
  })

  test('cannot answer, or has had enough', async ({ start }) => {
    const { fake, forge } = await start(kind)
    fake.state.addCommit(COMMIT)
    for (const code of [500, 502, 503, 504]) {
      fake.fail(1, code)
      expect(await refuses(forge.setStatus(status), 'SourceUnreachable', `HTTP ${code}`)).toMatchObject({
        retryAfterMs: undefined,
      })
    }
    fake.limit(1, 30)
    const { retryAfterMs = 0 } = await refuses(forge.setStatus(status), 'SourceUnreachable', 'enough requests')
    expect(retryAfterMs).toBeGreaterThan(25_000)
    expect(retryAfterMs).toBeLessThanOrEqual(60_000)
    await forge.setStatus(status)
  })

  test('cuts the connection, or is not there', async ({ start }) => {
    const { fake, forge } = await start(kind)
    fake.intercept((request) => {
      request.socket.destroy()
      return true
    })
    await refuses(forge.setStatus(status), 'SourceUnreachable', 'the connection was cut')
    const gone = createForge({ ...fake.spec, api: 'http://127.0.0.1:1/api' }, fake.repo)
    await refuses(gone.setStatus(status), 'SourceUnreachable', '127.0.0.1:1', 'refused')
  })

  test('a token with a line break is never sent', async ({ start }) => {
    const { fake } = await start(kind)
    const forge = createForge({ ...fake.spec, token: 'forge-token-1f6c0d\r\nHost: evil' }, fake.repo)
    const error = await thrown(forge.pullRequests())
    expect(error.message).not.toContain('evil')
    if (kind !== 'bitbucket') expect(error).toMatchObject({ code: 'ForgeRefused' })
  })
})

test('bitbucket’s next page is asked of Bitbucket alone', async ({ start }) => {
  const { fake, forge } = await start('bitbucket')
  const { fake: other } = await start('bitbucket')
  for (const next of [
    `${other.spec.api}/repositories`,
    fake.spec.api.replace('/2.0', '/internal'),
    '//evil.example/',
    'file:///etc/passwd',
    '@',
  ]) {
    fake.intercept(always(200, JSON.stringify({ values: [], next })))
    await refuses(forge.pullRequests(), 'ForgeRefused', 'another place')
  }
  expect(other.requests).toEqual([])
})

test('a repository that has moved is found at the same forge', async ({ start }) => {
  const { fake, forge } = await start('github')
  fake.state.openPull({ commit: COMMIT })
  fake.intercept((request, response) =>
    request.url?.startsWith('/api/v3/repos/acme/hello/pulls') && !request.url.includes('moved')
      ? always(301, '', { location: '/api/v3/repos/ACME/Hello/pulls?moved' })(request, response)
      : false,
  )
  expect(await forge.pullRequests()).toHaveLength(1)
})

test('a page that is too large is asked for one by one', async ({ start }) => {
  const { fake, forge } = await start('gitlab')
  const body = 'x'.repeat(1_000_000)
  for (let i = 0; i < 7; i++) fake.state.openPull({ commit: COMMIT, body })
  expect(await forge.pullRequests()).toHaveLength(7)
  expect(fake.requests).toHaveLength(8)
})

test('more than anybody reads is an error', async ({ start }) => {
  const { fake, forge } = await start('github')
  for (let i = 0; i < 3050; i++) fake.state.openPull({ commit: COMMIT })
  await refuses(forge.pullRequests(), 'ForgeRefused', 'more than 3000')
})
