import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { repositoryId } from '../../../src/config/hooks.ts'
import { fixture, hex, namesOf, type Sender, signed, signers } from './delivery.ts'
import { type Listening, listening, SECRET, shop } from './listening.ts'

let server: Listening
beforeEach(async () => {
  server = await listening()
})
afterEach(() => server.close())

describe.each<[Sender, string]>([
  ['github', 'GitHub'],
  ['gitea', 'Gitea'],
  ['forgejo', 'Forgejo'],
  ['gitlab', 'GitLab'],
  ['bitbucket', 'Bitbucket'],
  ['generic', 'a webhook'],
])('deliveries of %s', (sender, from) => {
  const all = namesOf(sender).map((name) => {
    if (name === 'ping') return { name, kind: 'ping', status: 200, queued: false }
    if (name === 'unknown') return { name, kind: 'other', status: 200, queued: false }
    return { name, kind: /request/.test(name) ? 'pullRequest' : 'refs', status: 202, queued: true }
  })

  it.each(all)('$name: $status', async ({ name, kind, status, queued }) => {
    const answer = await server.send(signed(sender, name, SECRET))
    expect(answer).toMatchObject({ status, body: { queued } })
    expect(server.received).toEqual([expect.stringMatching(new RegExp(`^${kind} \\(.* from ${from}\\) for shop$`))])
  })

  it.each(all)('$name: 401 with another secret', async ({ name }) => {
    expect((await server.send(signed(sender, name, 'another'))).status).toBe(401)
    expect((await server.send(fixture(sender, name))).status).toBe(401)
    expect(server.received).toEqual([])
    expect(server.refused).toEqual(['shop: its signature is wrong', 'shop: it carries no signature'])
  })
})

describe('a delivery', () => {
  it("of GitLab is taken by its signing token's signature as well", async () => {
    server.platform.apps = [{ ...shop, webhook: { secret: 'whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=' } }]
    const { secret = '' } = server.platform.apps[0]?.webhook ?? {}
    expect((await server.send(signed('gitlab', 'push', secret, 'standard'))).status).toBe(202)
    expect(server.received).toEqual(['refs (Push Hook from GitLab) for shop'])
  })

  it('may be a form, signed as it is sent; but not of Gitea, which signs something else', async () => {
    const body = `payload=${encodeURIComponent(fixture('github', 'push').body)}`
    const headers = { ...fixture('github', 'push').headers, 'content-type': 'application/x-www-form-urlencoded' }
    expect((await server.send({ headers: { ...headers, ...signers.github?.(SECRET, body) }, body })).status).toBe(202)
    const { body: json, headers: gitea } = signed('gitea', 'push', SECRET)
    const form = { ...gitea, 'content-type': 'application/x-www-form-urlencoded' }
    const refused = await server.send({ headers: form, body: `payload=${encodeURIComponent(json)}` })
    expect(refused).toMatchObject({ status: 415, body: { error: { message: expect.stringContaining('application/json') } } })
  })

  it('is never read: with a right signature it may hold anything', async () => {
    for (const body of [
      '',
      'no JSON',
      '['.repeat(100_000),
      '\0\xff',
      '{"repository":{"clone_url":"https://evil.example.com/x.git"}}',
    ]) {
      const headers = { 'content-type': 'application/json', 'x-trimtab-signature-256': `sha256=${hex(SECRET, body)}` }
      expect((await server.send({ headers, body })).status, body.slice(0, 20)).toBe(202)
    }
    expect(new Set(server.received)).toEqual(new Set(['refs (push from a webhook) for shop']))
  })

  it('twice is taken twice: whoever looks finds nothing new', async () => {
    const delivery = signed('github', 'push', SECRET)
    for (let n = 0; n < 2; n++) expect((await server.send(delivery)).status).toBe(202)
    expect(server.received).toHaveLength(2)
  })

  it('has its answer within 100 ms', async () => {
    const times: number[] = []
    for (let n = 0; n < 21; n++) times.push((await server.send(signed('github', 'push', SECRET))).ms)
    expect(times.sort((a, b) => a - b)[10]).toBeLessThan(100)
  })
})

describe('who is meant', () => {
  const api = { name: 'api', repo: 'git@git.example.com:acme/shop.git', path: 'api', webhook: { secret: 'of the api' } }
  const other = { name: 'other', repo: 'https://git.example.com/acme/other.git', path: '' }
  const to = (name: string, secret: string) => server.send({ ...signed('github', 'push', secret), path: `/hooks/${name}` })

  beforeEach(() => {
    server.platform.apps = [shop, api, other]
  })

  it("an app's name: its own secret counts, all apps of its repository are looked at", async () => {
    expect((await to('api', SECRET)).status).toBe(401)
    expect((await to('api', 'of the api')).status).toBe(202)
    expect(server.received).toEqual(['refs (push from GitHub) for shop, api'])
  })

  it("a repository's id: the secret of each of its apps counts", async () => {
    expect((await to(repositoryId(shop.repo), SECRET)).status).toBe(202)
    expect((await to(repositoryId(api.repo), 'of the api')).status).toBe(202)
    expect((await to(repositoryId(api.repo), 'another')).status).toBe(401)
    expect(new Set(server.received)).toEqual(new Set(['refs (push from GitHub) for shop, api']))
  })

  it('without a secret of its own the platform’s counts, as it is now', async () => {
    expect((await to('other', 'of the platform')).status).toBe(401)
    server.platform.hooks.secret = 'of the platform'
    expect((await to('other', 'of the platform')).status).toBe(202)
    // An app that names one of its own takes no other.
    expect((await to('shop', 'of the platform')).status).toBe(401)
  })

  it('a name that is not there, one without a secret and a wrong signature: the same answer', async () => {
    const answers = [
      await to('shop', 'wrong'),
      await to('nobody', 'wrong'),
      await to('other', 'wrong'),
      await to('repo.000000000000', 'x'),
    ]
    for (const { status, body } of answers) expect({ status, body }).toEqual({ status: 401, body: answers[0]?.body })
    expect(server.refused).toEqual(['shop: its signature is wrong'])
  })
})

describe('what is refused before it is looked at', () => {
  const { headers, body } = signed('github', 'push', SECRET)

  it.each(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s: 405', async (method) => {
    const answer = await server.send({ method, headers })
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'POST' } })
  })

  it.each<Record<string, string>>([
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/jsonx' },
    { 'content-type': '' },
    { 'content-encoding': 'gzip' },
    { 'content-encoding': 'br' },
  ])('%o: 415', async (change) => {
    expect((await server.send({ headers: { ...headers, ...change }, body })).status).toBe(415)
  })

  it.each([
    ['/hooks', 404],
    ['/hooks/shop/more', 404],
    ['/hooks/%ff', 400],
    [`/hooks/${'a'.repeat(200)}`, 414],
  ])('%s: %i', async (path, status) => {
    expect((await server.send({ path, headers, body })).status).toBe(status)
  })

  it('more than the limit: 413, by its length, and by what comes where it names none', async () => {
    server.platform.hooks.bytes = 10_000
    const large = 'x'.repeat(10_001)
    const signature = { 'content-type': 'application/json', ...signers.generic?.(SECRET, large) }
    expect((await server.send({ headers: signature, body: large })).status).toBe(413)
    expect((await server.send({ headers: { ...signature, 'transfer-encoding': 'chunked' }, body: large })).status).toBe(413)
    const fits = 'x'.repeat(10_000)
    const right = { 'content-type': 'application/json', ...signers.generic?.(SECRET, fits) }
    expect((await server.send({ headers: right, body: fits })).status).toBe(202)
  })

  it('25 MB, as GitHub may send: 413 is heard, and who goes on sending for ever is cut off', async () => {
    const large = Buffer.alloc(25_000_000, 'x')
    expect((await server.send({ headers: { 'content-type': 'application/json' }, body: large })).status).toBe(413)

    const socket = connect(server.port, '127.0.0.1')
    socket.write('POST /hooks/shop HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n')
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
    let heard = ''
    socket.on('data', (piece) => {
      heard += piece
    })
    const timer = setInterval(() => socket.write(chunk), 1)
    await new Promise<void>((resolve) => socket.on('error', () => {}).once('close', () => resolve()))
    clearInterval(timer)
    expect(heard).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('too many from one address: 429 and when to come again; another address is not concerned', async () => {
    server.platform.hooks.perMinute = 3
    const statuses = []
    for (let n = 0; n < 5; n++) statuses.push((await server.send({ headers, body })).status)
    expect(statuses).toEqual([202, 202, 202, 429, 429])
    const { headers: told } = await server.send({ headers, body })
    expect(Number(told['retry-after'])).toBeGreaterThan(15)
    expect(Number(told['retry-after'])).toBeLessThanOrEqual(20)
    expect((await server.send({ headers, body, from: '127.0.0.2' })).status).toBe(202)
  })
})
