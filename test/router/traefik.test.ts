import { describe, expect, test } from 'vitest'
import type { RouteTable } from '../../src/domain.ts'
import { isServed, servingOf } from '../../src/router/confirm.ts'
import { describe as describeModels } from '../../src/router/embedded/describe.ts'
import { parseModel } from '../../src/router/model.ts'
import { appOfFile, parseRoutes, renderRoutes } from '../../src/router/traefik.ts'

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

const text = `# trimtab: routes of "shop". Written by trimtab; changes made here are overwritten.
http:
  routers:
    "shop.web.0":
      rule: "Host(\`example.com\`) && (Path(\`/shop\`) || PathPrefix(\`/shop/\`))"
      priority: 10005
      middlewares:
        - "shop.web.0"
      service: "shop.web.0"
    "shop.admin-ui.1":
      rule: "Host(\`shop.example.com\`)"
      priority: 10001
      service: "shop.admin-ui.1"
  middlewares:
    "shop.web.0":
      stripPrefix:
        prefixes:
          - "/shop"
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

describe('a route table and its file', () => {
  test('there', () => expect(renderRoutes(shop)).toBe(text))

  test('and back', () => expect(parseRoutes('shop', text)).toEqual(shop))

  test('a table without routes is a file that Traefik takes for nothing', () => {
    const none = { app: 'none', routes: [] }
    expect(renderRoutes(none)).toBe('# trimtab: routes of "none". Written by trimtab; changes made here are overwritten.\n')
    expect(parseRoutes('none', renderRoutes(none))).toEqual(none)
  })

  test.each<[what: string, change: (table: RouteTable) => void]>([
    ['an app with a dot', (table) => void Object.assign(table, { app: 'a.b' })],
    ['an app that goes up', (table) => void Object.assign(table, { app: '../a' })],
    ['a host with a backtick', (table) => set(table, { host: 'a`) || Host(`b' })],
    ['a host with braces', (table) => set(table, { host: '{{env "HOME"}}' })],
    ['a host in capitals', (table) => set(table, { host: 'Example.com' })],
    ['a path with a backtick', (table) => set(table, { path: '/`' })],
    ['a path with braces', (table) => set(table, { path: '/{{x}}' })],
    ['a path with a line', (table) => set(table, { path: '/a\nb' })],
    ['a path that is relative', (table) => set(table, { path: 'a' })],
    ['a process with a slash', (table) => set(table, { process: '../web' })],
    ['a server that is no host', (table) => set(table, { servers: [{ host: 'a/b', port: 1 }] })],
    ['a port that is none', (table) => set(table, { servers: [{ host: '127.0.0.1', port: 70_000 }] })],
  ])('%s reaches no file', (_what, change) => {
    const table = structuredClone(shop)
    change(table)
    expect(() => renderRoutes(table)).toThrow(/^A route file cannot hold/)
  })

  test.each([
    ['of another app', text, 'other', 'RouterUnavailable'],
    ['without our mark', text.slice(text.indexOf('http:')), 'shop', 'RouterUnavailable'],
    ['with another rule', text.replace('Host(`shop.example.com`)', 'Path(`/`)'), 'shop', 'ConfigInvalid'],
    ['with two hosts', text.replace('Host(`shop.example.com`)', 'Host(`a`) || Host(`b`)'), 'shop', 'ConfigInvalid'],
    ['with another prefix', text.replace('- "/shop"', '- "/sho"'), 'shop', 'ConfigInvalid'],
    [
      'with a service of nobody',
      text.replace('  services:', '  services:\n    "shop.web.9": {loadBalancer: {servers: []}}'),
      'shop',
      'ConfigInvalid',
    ],
    ['with another name', text.replaceAll('shop.admin-ui.1', 'evil.admin-ui.1'), 'shop', 'ConfigInvalid'],
    ['cut short', text.slice(0, 300), 'shop', 'ConfigInvalid'],
  ])('a file %s is not taken for ours', (_what, changed, app, code) => {
    expect(() => parseRoutes(app, changed)).toThrowError(expect.objectContaining({ code }))
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
  })

  test("in Traefik's own words", () => {
    expect(raw.routers['shop.web.0@file']).toEqual({
      entryPoints: ['web'],
      middlewares: ['shop.web.0@file'],
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
    expect(raw.middlewares['shop.web.0@file']).toEqual({
      stripPrefix: { prefixes: ['/shop'] },
      status: 'enabled',
      usedBy: ['shop.web.0@file'],
    })
  })
})

function set(table: RouteTable, part: Partial<RouteTable['routes'][number]>): void {
  Object.assign(table.routes[0] ?? {}, part)
}
