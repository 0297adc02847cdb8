/** What a route does besides leading to a process, as a real Traefik does it. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Listen, Route, RouteOptions, RouteTable } from '../../src/domain.ts'
import { isServed, servingOf } from '../../src/router/confirm.ts'
import { random } from '../manifest/mutate.ts'
import { type Answer, send, startUpstream, table, type Upstream } from '../support/router.ts'
import { traefikBinary } from '../support/traefik.ts'
import { TraefikProcess } from '../support/traefik-process.ts'

let traefik: TraefikProcess | null = null
const upstreams: Upstream[] = []
beforeEach(async (context) => {
  traefik ??= await TraefikProcess.start(await traefikBinary(context))
})
afterEach(async () => {
  await Promise.all(upstreams.splice(0).map((upstream) => upstream.close()))
})
afterAll(() => traefik?.stop())

const running = () => traefik as TraefikProcess

/** A server that tells what it was asked. */
async function echo(name = 'echo'): Promise<Listen> {
  const upstream = await startUpstream((incoming, response) => {
    let size = 0
    incoming.on('data', (data: Buffer) => {
      size += data.length
    })
    incoming.on('end', () => {
      response.setHeader('X-Powered-By', 'echo')
      response.end(JSON.stringify({ name, path: incoming.url, headers: incoming.headers, size }))
    })
  })
  upstreams.push(upstream)
  return upstream.address
}

const asked = (answer: Answer) =>
  JSON.parse(answer.body) as { name: string; path: string; headers: Record<string, string>; size: number }

const shop = (server: Listen, options: RouteOptions, more: Partial<Route> = {}) => table('shop', [server], { options, ...more })
const get = (host: string, path = '/', options: Parameters<typeof send>[3] = {}) => send(running().listen, host, path, options)
/** Another client. */
const ELSEWHERE = { localAddress: '127.0.0.2' }

const BCRYPT = '$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW'
const USERS = [
  `ann:${BCRYPT}`,
  'bob:$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0',
  '{c|d}@example.com:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=',
]
const as = (user: string, password = 'secret') => ({
  headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
})

describe('redirect', () => {
  const moved = (redirect: string, route: Partial<Route> = {}): RouteTable => ({
    app: 'old',
    routes: [{ host: 'old.test', path: '/', stripPrefix: false, process: '', ...route, options: { redirect }, servers: [] }],
  })

  test('for good, with the path and query that were asked for', async () => {
    await running().serve(moved('https://new.test'))
    const found = await get('old.test', '/a/b%20c?d=e&f=%2F')
    expect([found.status, found.headers.location]).toEqual([301, 'https://new.test/a/b%20c?d=e&f=%2F'])
    const posted = await get('OLD.test:8080', '/', { method: 'POST', body: 'x' })
    expect([posted.status, posted.headers.location]).toEqual([308, 'https://new.test/'])
  })

  test('never anywhere else, whatever is asked for', async () => {
    await running().serve(moved('https://new.test'))
    for (const path of [
      '//evil.test/',
      '/@evil.test',
      '/\\evil.test',
      '/.evil.test',
      '/%0d%0aX-A:b',
      '/$1',
      '/?https://evil.test/',
    ]) {
      const { status, headers } = await get('old.test', path)
      if (status === 400) continue
      expect([path, status, new URL(headers.location ?? '').origin]).toEqual([path, 301, 'https://new.test'])
      expect(headers['x-a']).toBeUndefined()
    }
  })

  test('of a path, with it or without it, to a path', async () => {
    await running().serve(moved('http://new.test:8443/shop', { path: '/old' }))
    expect((await get('old.test', '/old/x')).headers.location).toBe('http://new.test:8443/shop/old/x')
    expect((await get('old.test', '/older')).status).toBe(404)
    await running().serve(moved('http://new.test/shop', { path: '/old', stripPrefix: true }))
    expect((await get('old.test', '/old/x?y')).headers.location).toBe('http://new.test/shop/x?y')
    expect((await get('old.test', '/old')).headers.location).toBe('http://new.test/shop/')
  })
})

describe('basicAuth', () => {
  test('lets in whoever knows a password, by any of the hashes, and does not tell the app', async () => {
    await running().serve(shop(await echo(), { basicAuth: USERS }))
    const none = await get('shop.test')
    expect([none.status, none.headers['www-authenticate']]).toEqual([401, 'Basic realm="shop"'])
    for (const user of ['ann', 'bob', '{c|d}@example.com']) {
      const answer = await get('shop.test', '/x', as(user))
      expect([user, answer.status]).toEqual([user, 200])
      expect(asked(answer).headers.authorization).toBeUndefined()
    }
    for (const wrong of [as('ann', 'Secret'), as('ann', BCRYPT), as('eve'), as('')]) {
      expect((await get('shop.test', '/x', wrong)).status).toBe(401)
    }
  })

  test('is not let in by a header that the route sets', async () => {
    const headers = { request: { Authorization: as('ann').headers.authorization } }
    await running().serve(shop(await echo(), { basicAuth: USERS, headers }))
    expect((await get('shop.test')).status).toBe(401)
    expect(asked(await get('shop.test', '/', as('bob'))).headers.authorization).toBe(headers.request.Authorization)
  })
})

test('allow: nobody else', async () => {
  const server = await echo()
  await running().serve(shop(server, { allow: ['127.0.0.1', '2001:db8::/32'] }))
  expect((await get('shop.test')).status).toBe(200)
  expect((await get('shop.test', '/', ELSEWHERE)).status).toBe(403)
  const forged = { ...ELSEWHERE, headers: { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' } }
  expect((await get('shop.test', '/', forged)).status).toBe(403)
  await running().serve(shop(server, { allow: ['127.0.0.0/8'] }))
  expect((await get('shop.test', '/', ELSEWHERE)).status).toBe(200)
})

describe('headers', () => {
  test('are set and taken away, both ways', async () => {
    const request = { 'X-A': 'b', 'x-lower': 'c', 'X-Gone': '', 'User-Agent': 'shop' }
    const response = { 'X-Frame-Options': 'DENY', 'X-Powered-By': '', 'content-security-policy': "default-src 'self'" }
    await running().serve(shop(await echo(), { headers: { request, response } }))
    const answer = await get('shop.test', '/', { headers: { 'x-gone': 'here', 'x-a': 'theirs' } })
    expect(asked(answer).headers).toMatchObject({ 'x-a': 'b', 'x-lower': 'c', 'user-agent': 'shop' })
    expect(asked(answer).headers['x-gone']).toBeUndefined()
    expect(answer.headers).toMatchObject({ 'x-frame-options': 'DENY', 'content-security-policy': "default-src 'self'" })
    expect(answer.headers['x-powered-by']).toBeUndefined()
  })

  test('arrive as they were written, whatever they are made of', async () => {
    const pick = random(20260311)
    const character = () => String.fromCharCode(0x20 + pick(95))
    const values = Array.from({ length: 200 }, () =>
      Array.from({ length: 1 + pick(40) }, character)
        .join('')
        .trim(),
    )
    const awkward = [
      '`',
      '"',
      '\\',
      "'",
      '{',
      '}}',
      '$1',
      `\${HOME}`,
      '%{a}',
      '#',
      ': x',
      '- a',
      '[a, b]',
      '!x',
      '&a',
      '*a',
      '~',
      'null',
    ]
    const good = [...awkward, ...values].filter((value) => value !== '' && !value.includes('{{'))
    const request = Object.fromEntries(good.map((value, index) => [`X-${index}`, value]))
    const odd = { "x!#$%&'*+.^_|~": 'name', on: 'yes', null: 'no', true: 'x' }
    await running().serve(shop(await echo(), { headers: { request: { ...request, ...odd } } }))
    const { headers } = asked(await get('shop.test'))
    expect(good.map((_, index) => headers[`x-${index}`])).toEqual(good)
    expect(headers).toMatchObject(odd)
  })
})

test('rateLimit: by client, and 429 for what is more', async () => {
  await running().serve(shop(await echo(), { rateLimit: { average: 2, periodMs: 3_600_000, burst: 3 } }))
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => get('shop.test')))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429, 429])
  expect((await get('shop.test', '/', ELSEWHERE)).status).toBe(200)
})

test('maxBody: 413 for a byte more, with its length told before or not', async () => {
  await running().serve(shop(await echo(), { maxBodyBytes: 4096 }))
  const post = (bytes: number, headers = {}) => get('shop.test', '/', { method: 'POST', body: Buffer.alloc(bytes, 'a'), headers })
  const chunked = { 'transfer-encoding': 'chunked' }
  expect(asked(await post(4096)).size).toBe(4096)
  expect(asked(await post(4096, chunked)).size).toBe(4096)
  expect((await post(4097)).status).toBe(413)
  expect((await post(4097, chunked)).status).toBe(413)
})

test('timeout: 504 for an app that does not begin to answer; one that takes its time over the rest may', async () => {
  const upstream = await startUpstream((incoming, response) => {
    if (incoming.url === '/silent') return
    response.write('begun ')
    setTimeout(() => response.end('ended'), 400)
  })
  upstreams.push(upstream)
  await running().serve(shop(upstream.address, { timeoutMs: 200 }))
  expect((await get('shop.test', '/slow')).body).toBe('begun ended')
  expect((await get('shop.test', '/silent')).status).toBe(504)
})

test('sticky: a visitor comes back to the same instance, as long as it is there', async () => {
  const servers = [await echo('one'), await echo('two'), await echo('three')]
  await running().serve(table('shop', servers, { options: { sticky: true } }))
  const first = await get('shop.test')
  const [cookie = ''] = first.headers['set-cookie'] ?? []
  expect(cookie).toMatch(/^trimtab_shop_web=[0-9a-f]+; Path=\/; HttpOnly; SameSite=Lax$/)
  const back = { headers: { cookie: cookie.split(';')[0] } }
  for (let visit = 0; visit < 6; visit++) expect(asked(await get('shop.test', '/x', back)).name).toBe(asked(first).name)
  const strangers = await Promise.all(Array.from({ length: 12 }, () => get('shop.test')))
  expect(new Set(strangers.map((answer) => asked(answer).name)).size).toBeGreaterThan(1)
  // The one it knew leaves.
  const left = servers.filter((_, index) => ['one', 'two', 'three'][index] !== asked(first).name)
  await running().serve(table('shop', left, { options: { sticky: true } }))
  const moved = await get('shop.test', '/', back)
  expect(moved.status).toBe(200)
  expect(asked(moved).name).not.toBe(asked(first).name)
  expect(moved.headers['set-cookie']).toHaveLength(1)
})

describe('hosts and paths', () => {
  test('a whole name wins over a wildcard, whatever the path; a wildcard is one label', async () => {
    const [wild, whole, deep] = [await echo('wild'), await echo('whole'), await echo('deep')]
    await running().serve(
      table('wild', [wild], { host: '*.example.test' }, { host: '*.example.test', path: '/a-path/that-is/longer-than-others' }),
      table('whole', [whole], { host: 'shop.example.test' }),
      table('deep', [deep], { host: '*.deep.example.test' }, { host: 'half.example.test', path: '/half' }),
    )
    const who = async (host: string, path = '/') => {
      const answer = await get(host, path)
      return answer.status === 200 ? asked(answer).name : answer.status
    }
    expect(await who('any.example.test')).toBe('wild')
    expect(await who('ANY.Example.test:8080', '/x')).toBe('wild')
    expect(await who('xn--bcher-kva.example.test.')).toBe('wild')
    expect(await who('shop.example.test')).toBe('whole')
    expect(await who('shop.example.test', '/a-path/that-is/longer-than-others/x')).toBe('whole')
    expect(await who('half.example.test', '/half')).toBe('deep')
    expect(await who('half.example.test', '/')).toBe('wild')
    expect(await who('a.deep.example.test')).toBe('deep')
    for (const host of [
      'example.test',
      'a.b.example.test',
      'a.exampleXtest',
      'aexample.test',
      '.example.test',
      'any.example.test.evil.test',
    ]) {
      expect([host, await who(host)]).toEqual([host, 404])
    }
  })

  test('the longer path wins, also of another app, and comes off where it should', async () => {
    const [site, blog, api] = [await echo('site'), await echo('blog'), await echo('api')]
    const host = 'example.test'
    await running().serve(
      table('site', [site], { host }),
      table('blog', [blog], { host, path: '/blog', stripPrefix: true }),
      table('api', [api], { host, path: '/blog/api' }, { host, path: '/v1', stripPrefix: true }),
    )
    const seen = async (path: string) => {
      const { name, path: inner, headers } = asked(await get(host, path))
      return [name, inner, headers['x-forwarded-prefix']]
    }
    expect(await seen('/x')).toEqual(['site', '/x', undefined])
    expect(await seen('/blogs')).toEqual(['site', '/blogs', undefined])
    expect(await seen('/blog/a?b')).toEqual(['blog', '/a?b', '/blog'])
    expect(await seen('/blog')).toEqual(['blog', '/', '/blog'])
    expect(await seen('/blog/api/x')).toEqual(['api', '/blog/api/x', undefined])
    expect(await seen('/v1/x')).toEqual(['api', '/x', '/v1'])
  })

  test('a path with its own rules is not got around by another way to write it', async () => {
    const server = await echo()
    await running().serve(table('shop', [server], {}, { path: '/admin', options: { basicAuth: USERS } }))
    for (const path of [
      '/admin',
      '/admin/',
      '/admin/x',
      '/%61dmin',
      '//admin',
      '/./admin',
      '/x/../admin',
      '/x/%2e%2e/admin',
      '/admin?x',
    ]) {
      const answer = await get('shop.test', path)
      // What is not refused is taken for another path by the app as well.
      if (answer.status === 200) expect([path, new URL(asked(answer).path, 'http://x').pathname]).not.toEqual([path, '/admin'])
      else expect([path, [400, 401].includes(answer.status)]).toEqual([path, true])
    }
  })
})

test('who may not ask costs nothing of what others share: addresses first, then the rate, then passwords', async () => {
  const server = await echo()
  const rateLimit = { average: 1, periodMs: 3_600_000, burst: 1 }
  await running().serve(shop(server, { allow: ['127.0.0.1'], rateLimit, basicAuth: USERS }))
  expect((await get('shop.test', '/', ELSEWHERE)).status).toBe(403)
  expect((await get('shop.test', '/', ELSEWHERE)).status).toBe(403)
  expect((await get('shop.test')).status).toBe(401)
  // Guessing is what a rate is for.
  expect((await get('shop.test', '/', as('ann'))).status).toBe(429)
})

describe('is it served?', () => {
  const EVERYTHING: RouteOptions = {
    basicAuth: USERS,
    allow: ['127.0.0.1', '10.0.0.0/8'],
    headers: { request: { 'X-A': 'b', 'X-B': '' }, response: { 'X-C': 'd' } },
    rateLimit: { average: 100, periodMs: 90_500, burst: 20 },
    maxBodyBytes: 10 * 2 ** 20,
    timeoutMs: 3_723_004,
    sticky: true,
  }
  const others: Array<[what: string, options: RouteOptions]> = [
    ...Object.keys(EVERYTHING).map((key): [string, RouteOptions] => {
      const { [key as keyof RouteOptions]: _, ...rest } = EVERYTHING
      return [`without ${key}`, rest]
    }),
    ['another user', { ...EVERYTHING, basicAuth: [`eve:${BCRYPT}`, ...USERS.slice(1)] }],
    ['a user fewer', { ...EVERYTHING, basicAuth: USERS.slice(1) }],
    ['an address more', { ...EVERYTHING, allow: ['127.0.0.1', '10.0.0.0/8', '::1'] }],
    ['a request header fewer', { ...EVERYTHING, headers: { request: { 'X-A': 'b' }, response: { 'X-C': 'd' } } }],
    [
      'a request header with another value',
      { ...EVERYTHING, headers: { request: { 'X-A': 'c', 'X-B': '' }, response: { 'X-C': 'd' } } },
    ],
    ['no response header', { ...EVERYTHING, headers: { request: { 'X-A': 'b', 'X-B': '' } } }],
    ['another average', { ...EVERYTHING, rateLimit: { average: 101, periodMs: 90_500, burst: 20 } }],
    ['another period', { ...EVERYTHING, rateLimit: { average: 100, periodMs: 90_501, burst: 20 } }],
    ['another burst', { ...EVERYTHING, rateLimit: { average: 100, periodMs: 90_500, burst: 21 } }],
    ['another size', { ...EVERYTHING, maxBodyBytes: 10 * 2 ** 20 + 1 }],
    ['another time', { ...EVERYTHING, timeoutMs: 3_723_005 }],
  ]

  test('only if every option of it is', async () => {
    const server = await echo()
    await running().serve(shop(server, EVERYTHING))
    const serving = servingOf(await running().raw())
    expect(others.filter(([, options]) => isServed(serving, 'shop', shop(server, options)))).toEqual([])
    expect(isServed(serving, 'shop', null)).toBe(false)
    const turned = Object.fromEntries(Object.entries(EVERYTHING).reverse())
    expect(isServed(serving, 'shop', shop(server, turned))).toBe(true)
  })

  test('and each change of one arrives', async () => {
    const server = await echo()
    for (const [, options] of others) await running().serve(shop(server, options))
    await running().serve(shop(server, {}))
    expect((await get('shop.test')).status).toBe(200)
  })

  test('a redirect with another target is another', async () => {
    const to = (redirect: string): RouteTable => ({
      app: 'old',
      routes: [{ host: 'old.test', path: '/', stripPrefix: false, process: '', options: { redirect }, servers: [] }],
    })
    await running().serve(to('https://new.test'))
    const serving = servingOf(await running().raw())
    expect(isServed(serving, 'old', to('https://new.test/x'))).toBe(false)
    expect(isServed(serving, 'old', table('old', [await echo()]))).toBe(false)
    expect(isServed(serving, 'old', null)).toBe(false)
  })

  test('on two entry points, where Traefik shows every route twice and under other names', async (context) => {
    const twice = await TraefikProcess.start(await traefikBinary(context), [
      '--entryPoints.websecure.address=OTHER',
      '--entryPoints.websecure.http.tls=true',
      '--entryPoints.websecure.http.middlewares=safe@file',
    ])
    try {
      twice.write('hsts', 'http: {middlewares: {safe: {headers: {stsSeconds: 60, forceSTSHeader: true}}}}\n')
      const server = await echo()
      const old: RouteTable = {
        app: 'old',
        routes: [
          {
            host: 'old.test',
            path: '/a',
            stripPrefix: true,
            process: '',
            options: { redirect: 'https://new.test' },
            servers: [],
          },
        ],
      }
      // An app whose name is what Traefik puts in front of another's.
      const apps = [
        shop(server, EVERYTHING),
        old,
        table('web', [server]),
        table('web-shop', [server]),
        table('wild', [server], { host: '*.wild.test' }),
      ]
      await twice.serve(...apps)
      const names = Object.keys((await twice.raw()).routers ?? {})
      expect(names).toEqual(expect.arrayContaining(['shop.web.0@file', 'websecure-shop.web.0@file', 'web-shop.web.0@file']))
      const serving = servingOf(await twice.raw())
      expect(isServed(serving, 'shop', null)).toBe(false)
      expect(isServed(serving, 'websecure-shop', null)).toBe(true)
      expect((await send(twice.listen, 'shop.test', '/', as('ann'))).status).toBe(200)
    } finally {
      await twice.stop()
    }
  })
})
