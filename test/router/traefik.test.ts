import { describe, expect, test } from 'vitest'
import type { RouteOptions, RouteTable } from '../../src/domain.ts'
import { isServed, servingOf } from '../../src/router/confirm.ts'
import { describe as describeModels } from '../../src/router/embedded/describe.ts'
import { parseModel } from '../../src/router/model.ts'
import { appOfFile, parseRoutes, priorityOf, renderRoutes } from '../../src/router/traefik.ts'

const shop: RouteTable = {
  app: 'shop',
  routes: [
    {
      host: 'example.com',
      path: '/shop',
      stripPrefix: true,
      process: 'web',
      servers: [
        { host: '127.0.0.1', port: 20001 },
        { host: '::1', port: 20002 },
      ],
    },
    { host: 'shop.example.com', path: '/', stripPrefix: false, process: 'admin-ui', servers: [] },
  ],
}

const mark = (app: string) => `# trimtab: routes of "${app}". Written by trimtab; changes made here are overwritten.`
const text = `${mark('shop')}
# ${JSON.stringify(shop.routes)}
http:
  routers:
    "shop.web.0":
      rule: "Host(\`example.com\`) && (Path(\`/shop\`) || PathPrefix(\`/shop/\`))"
      priority: 10005
      middlewares:
        - "shop.web.0.stripPrefix"
        - "shop.web.0.retry"
      service: "shop.web.0"
    "shop.admin-ui.1":
      rule: "Host(\`shop.example.com\`)"
      priority: 10001
      middlewares:
        - "shop.admin-ui.1.retry"
      service: "shop.admin-ui.1"
  middlewares:
    "shop.web.0.stripPrefix": {"stripPrefix":{"prefixes":["/shop"]}}
    "shop.web.0.retry": {"retry":{"attempts":8}}
    "shop.admin-ui.1.retry": {"retry":{"attempts":3}}
  services:
    "shop.web.0":
      loadBalancer:
        passHostHeader: true
        servers:
          - url: "http://127.0.0.1:20001"
          - url: "http://[::1]:20002"
    "shop.admin-ui.1":
      loadBalancer:
        passHostHeader: true
`

const full: RouteTable = {
  app: 'full',
  routes: [
    {
      host: 'a.test',
      path: '/x',
      stripPrefix: true,
      process: 'web',
      options: {
        basicAuth: ['ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='],
        allow: ['10.0.0.0/8', '2001:db8::1'],
        headers: { request: { 'X-A': 'b "c"', 'X-B': '' }, response: { 'X-D': 'e' } },
        rateLimit: { average: 100, periodMs: 90_500, burst: 20 },
        maxBodyBytes: 1024,
        timeoutMs: 60_000,
        sticky: true,
      },
      servers: [{ host: '127.0.0.1', port: 20001 }],
    },
    { host: '*.a.test', path: '/', stripPrefix: false, process: 'web', servers: [] },
    { host: 'old.test', path: '/', stripPrefix: false, process: '', options: { redirect: 'https://a.test' }, servers: [] },
  ],
}

const FULL = `http:
  routers:
    "full.web.0":
      rule: "Host(\`a.test\`) && (Path(\`/x\`) || PathPrefix(\`/x/\`))"
      priority: 10002
      middlewares:
        - "full.web.0.allow"
        - "full.web.0.rateLimit"
        - "full.web.0.basicAuth"
        - "full.web.0.maxBody"
        - "full.web.0.stripPrefix"
        - "full.web.0.headers"
        - "full.web.0.retry"
      service: "full.web.0"
    "full.web.1":
      rule: "HostRegexp(\`^[a-z0-9_-]+\\\\.a\\\\.test\\\\.?$\`)"
      priority: 5001
      middlewares:
        - "full.web.1.retry"
      service: "full.web.1"
    "full.redirect.2":
      rule: "Host(\`old.test\`)"
      priority: 10001
      middlewares:
        - "full.redirect.2.redirect"
      service: noop@internal
  middlewares:
    "full.web.0.allow": {"ipAllowList":{"sourceRange":["10.0.0.0/8","2001:db8::1"]}}
    "full.web.0.rateLimit": {"rateLimit":{"average":100,"period":"1m30.5s","burst":20}}
    "full.web.0.basicAuth": {"basicAuth":{"users":["ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="],"realm":"full","removeHeader":true}}
    "full.web.0.maxBody": {"buffering":{"maxRequestBodyBytes":1024}}
    "full.web.0.stripPrefix": {"stripPrefix":{"prefixes":["/x"]}}
    "full.web.0.headers": {"headers":{"customRequestHeaders":{"X-A":"b \\"c\\"","X-B":""},"customResponseHeaders":{"X-D":"e"}}}
    "full.web.0.retry": {"retry":{"attempts":3}}
    "full.web.1.retry": {"retry":{"attempts":3}}
    "full.redirect.2.redirect": {"redirectRegex":{"regex":"^https?://[^/]+(/.*)$","replacement":"https://a.test$1","permanent":true}}
  services:
    "full.web.0":
      loadBalancer:
        passHostHeader: true
        sticky: {"cookie":{"name":"trimtab_full_web","httpOnly":true,"sameSite":"lax"}}
        serversTransport: "full.web.0.timeout-60000"
        servers:
          - url: "http://127.0.0.1:20001"
    "full.web.1":
      loadBalancer:
        passHostHeader: true
  serversTransports:
    "full.web.0.timeout-60000": {"maxIdleConnsPerHost":200,"forwardingTimeouts":{"responseHeaderTimeout":"1m0s","idleConnTimeout":"1s","dialTimeout":"1.5s"}}
`

describe('a route table and its file', () => {
  test('there', () => expect(renderRoutes(shop)).toBe(text))

  test('and back', () => expect(parseRoutes('shop', text)).toEqual(shop))

  test('a table without routes is a file that Traefik takes for nothing', () => {
    const none = { app: 'none', routes: [] }
    expect(renderRoutes(none)).toBe(`${mark('none')}\n# []\n`)
    expect(parseRoutes('none', renderRoutes(none))).toEqual(none)
  })

  test('a table with every option is one line, and comes back', () => {
    expect(parseRoutes('full', renderRoutes(full))).toEqual(full)
    expect(renderRoutes(full).split('\n').slice(2)).toEqual(FULL.split('\n'))
  })

  test('a whole name is above every wildcard, a longer path above a shorter one', () => {
    const long = `/${'x'.repeat(1000)}`
    const [a, b, c, d] = [
      ['*.a.test', '/'],
      ['*.a.test', long],
      ['a.test', '/'],
      ['a.test', long],
    ].map(([host = '', path = '']) => priorityOf({ host, path }))
    expect([a, b, c, d]).toEqual([5001, 6001, 10_001, 11_001])
  })

  test.each<[what: string, change: (table: RouteTable) => void]>([
    ['an app with a dot', (table) => void Object.assign(table, { app: 'a.b' })],
    ['an app that goes up', (table) => void Object.assign(table, { app: '../a' })],
    ['a host with a backtick', (table) => set(table, { host: 'a`) || Host(`b' })],
    ['a host with braces', (table) => set(table, { host: '{{env "HOME"}}' })],
    ['a host in capitals', (table) => set(table, { host: 'Example.com' })],
    ['a host with a star inside', (table) => set(table, { host: 'a.*.test' })],
    ['a host that is a pattern', (table) => set(table, { host: '*.a|b' })],
    ['a path with a backtick', (table) => set(table, { path: '/`' })],
    ['a path with braces', (table) => set(table, { path: '/{{x}}' })],
    ['a path with a line', (table) => set(table, { path: '/a\nb' })],
    ['a path that is relative', (table) => set(table, { path: 'a' })],
    ['a process with a slash', (table) => set(table, { process: '../web' })],
    ['no process', (table) => set(table, { process: '' })],
    ['a server that is no host', (table) => set(table, { servers: [{ host: 'a/b', port: 1 }] })],
    ['a port that is none', (table) => set(table, { servers: [{ host: '127.0.0.1', port: 70_000 }] })],
    ['an option that is none', (table) => set(table, { options: { plugin: {} } as RouteOptions })],
    ['an option of every object', (table) => set(table, { options: { toString: 1 } as unknown as RouteOptions })],
    ['a redirect with servers', (table) => set(table, { process: '', options: { redirect: 'https://a.test' } })],
    ['a redirect with a process', (table) => set(table, { servers: [], options: { redirect: 'https://a.test' } })],
    ['a redirect and more', (table) => redirect(table, { redirect: 'https://a.test', sticky: true })],
    ...[
      'a.test',
      '//a.test',
      'https://a.test/',
      'https://a.test?x',
      'https://u:p@a.test',
      'https://a.test/$1',
      'https://a.test/`',
      'javascript:x',
    ].map((to): [string, (table: RouteTable) => void] => [`a redirect to ${to}`, (table) => redirect(table, { redirect: to })]),
    ['a password', (table) => set(table, { options: { basicAuth: ['ann:secret'] } })],
    ['no users', (table) => set(table, { options: { basicAuth: [] } })],
    ['a user with braces', (table) => set(table, { options: { basicAuth: ['{{x}}:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='] } })],
    ['no addresses', (table) => set(table, { options: { allow: [] } })],
    ['everybody by a slip', (table) => set(table, { options: { allow: ['10.0.0.1/0'] } })],
    ['a header that ends the head', (table) => header(table, 'X-A', 'b\r\n\r\nc')],
    ['a header with braces', (table) => header(table, 'X-A', '{{env "HOME"}}')],
    ['a header of no ASCII', (table) => header(table, 'X-A', 'é')],
    ['a header with a line of YAML', (table) => header(table, 'X-A\n', 'b')],
    ['a header of the connection', (table) => header(table, 'Transfer-Encoding', 'chunked')],
    ['a rate of nothing', (table) => set(table, { options: { rateLimit: { average: 0, periodMs: 1000, burst: 1 } } })],
    ['a size that is text', (table) => set(table, { options: { maxBodyBytes: '1' as unknown as number } })],
    ['a time without end', (table) => set(table, { options: { timeoutMs: Number.POSITIVE_INFINITY } })],
  ])('%s reaches no file', (_what, change) => {
    const table = structuredClone(shop)
    change(table)
    expect(() => renderRoutes(table)).toThrow(/^A route file cannot hold/)
  })

  test('what is refused is told without a secret', () => {
    const table = structuredClone(shop)
    set(table, { options: { basicAuth: ['ann:hunter2'] } })
    expect(() => renderRoutes(table)).toThrow('A route file cannot hold the option "basicAuth".')
  })

  const lineOf = (routes: unknown) => text.replace(/^# \[.*$/m, `# ${JSON.stringify(routes)}`)
  test.each([
    ['with another rule', text.replace('Host(`shop.example.com`)', 'Path(`/`)')],
    ['with another priority', text.replace('10001', '10002')],
    ['with another prefix', text.replace('["/shop"]', '["/sho"]')],
    ['with a line more', `${text}# mine\n`],
    ['with another table', lineOf(shop.routes.slice(1))],
    ['with more in its table', lineOf(shop.routes.map((route) => ({ ...route, more: 1 })))],
    ...[{}, [null], [{}], [[]], [1], [{ ...shop.routes[0], servers: null }], [{ ...shop.routes[0], options: 1 }]].map(
      (routes) => [`whose table is ${JSON.stringify(routes)}`, lineOf(routes)],
    ),
    ['cut short', text.slice(0, 300)],
    ['cut short behind its table', text.slice(0, 500)],
    ['without its table', `${mark('shop')}\n`],
  ])('a file %s says nothing', (_what, changed) => expect(parseRoutes('shop', changed ?? '')).toBeNull())

  test.each([
    ['of another app', text, 'other'],
    ['without our mark', text.slice(text.indexOf('http:')), 'shop'],
  ])('a file %s is not taken for ours', (_what, changed, app) => {
    expect(() => parseRoutes(app, changed)).toThrowError(expect.objectContaining({ code: 'RouterUnavailable' }))
  })

  test('only whole names of apps are route files', () => {
    expect(['hello.yml', '.hello.yml.tmp-1-1', 'hello.yaml', 'a.b.yml', '-a.yml', '.yml', 'A_b-1.yml'].map(appOfFile)).toEqual([
      'hello',
      null,
      null,
      null,
      null,
      null,
      'A_b-1',
    ])
  })
})

describe('is it served?', () => {
  const raw = describeModels([['shop.yml', parseModel(text)]])
  const served = (data: typeof raw, table: RouteTable | null, app = 'shop') => isServed(servingOf(data), app, table)

  test('exactly this, in any order of servers', () => {
    expect(served(raw, shop)).toBe(true)
    const turned = structuredClone(shop)
    turned.routes[0]?.servers.reverse()
    expect(served(raw, turned)).toBe(true)
    expect(served(raw, null)).toBe(false)
    expect(served(raw, null, 'sho')).toBe(true)
    expect(served({ routers: {}, services: {}, middlewares: {} }, null)).toBe(true)
  })

  test('a router that is disabled, as Traefik says it, does not serve', () => {
    const disabled = structuredClone(raw)
    for (const router of Object.values(disabled.routers)) router.status = 'disabled'
    expect(served(disabled, shop)).toBe(false)
    expect(served(disabled, null)).toBe(true)
    const half = structuredClone(raw)
    Object.assign(half.routers['shop.web.0@file'] ?? {}, { status: 'disabled' })
    expect(served(half, shop)).toBe(false)
  })

  test('one with a warning does', () => {
    const warned = structuredClone(raw)
    for (const router of Object.values(warned.routers)) router.status = 'warning'
    expect(served(warned, shop)).toBe(true)
  })

  test("somebody else's router in front of our service is not ours", () => {
    const more = structuredClone(raw)
    more.routers['theirs@file'] = { rule: 'Host(`a`)', service: 'shop.web.0' }
    more.routers['theirs@docker'] = { rule: 'Host(`a`)', service: 'shop.web.0@file' }
    expect(served(more, shop)).toBe(true)
  })

  test('a route more, or a route less, is another table', () => {
    expect(served(raw, { ...shop, routes: shop.routes.slice(0, 1) })).toBe(false)
    const third = { host: 'c.test', path: '/', stripPrefix: false, process: 'web', servers: [] }
    expect(served(raw, { ...shop, routes: [...shop.routes, third] })).toBe(false)
  })

  test("in Traefik's own words", () => {
    expect(raw.routers['shop.web.0@file']).toEqual({
      entryPoints: ['web'],
      middlewares: ['shop.web.0.stripPrefix@file', 'shop.web.0.retry@file'],
      service: 'shop.web.0',
      rule: 'Host(`example.com`) && (Path(`/shop`) || PathPrefix(`/shop/`))',
      priority: 10005,
      status: 'enabled',
      using: ['web'],
    })
    expect(raw.services['shop.web.0@file']).toEqual({
      loadBalancer: {
        servers: [{ url: 'http://127.0.0.1:20001' }, { url: 'http://[::1]:20002' }],
        strategy: 'wrr',
        passHostHeader: true,
      },
      status: 'enabled',
      usedBy: ['shop.web.0@file'],
      serverStatus: { 'http://127.0.0.1:20001': 'UP', 'http://[::1]:20002': 'UP' },
    })
    expect(raw.middlewares['shop.web.0.stripPrefix@file']).toEqual({
      stripPrefix: { prefixes: ['/shop'] },
      status: 'enabled',
      usedBy: ['shop.web.0@file'],
    })
    expect(raw.middlewares['shop.web.0.retry@file']).toMatchObject({ retry: { attempts: 8 } })
  })
})

function set(table: RouteTable, part: Partial<RouteTable['routes'][number]>): void {
  Object.assign(table.routes[0] ?? {}, part)
}

function redirect(table: RouteTable, options: RouteOptions): void {
  set(table, { process: '', servers: [], options })
}

function header(table: RouteTable, name: string, value: string): void {
  set(table, { options: { headers: { response: { [name]: value } } } })
}
