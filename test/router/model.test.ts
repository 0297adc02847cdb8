import { describe, expect, test } from 'vitest'
import type { RouteTable } from '../../src/domain.ts'
import { parseModel, serversOf } from '../../src/router/model.ts'
import { hostsOf, matches, parseRule } from '../../src/router/rule.ts'
import { renderRoutes } from '../../src/router/traefik.ts'

describe('rules', () => {
  test.each<[rule: string, host: string, path: string, expected: boolean]>([
    ['Host(`a.test`)', 'a.test', '/', true],
    ['Host(`A.test.`)', 'a.test', '/', true],
    ['Host(`a.test`)', 'b.test', '/', false],
    ['PathPrefix(`/shop`)', 'any', '/shopping', true],
    ['PathPrefix(`/shop/`)', 'any', '/shop', false],
    ['Path(`/a`)', 'any', '/a', true],
    ['Path(`/a`)', 'any', '/a/', false],
    ['PathPrefix(`/é`)', 'any', '/\u00c3\u00a9', true],
    ['Host(`a`) && PathPrefix(`/x`)', 'a', '/y', false],
    ['Host(`a`) || Host(`b`) && Path(`/x`)', 'a', '/y', true],
    ['(Host(`a`) || Host(`b`)) && Path(`/x`)', 'a', '/y', false],
    ['((Host("a")))&&(Path("/x")||Path("/y"))', 'a', '/y', true],
  ])('%s for %s %s: %s', (rule, host, path, expected) => expect(matches(parseRule(rule), host, path)).toBe(expected))

  test.each([
    '',
    'Host(`a`',
    'Host(a)',
    'Host(`a`, `b`)',
    'Host(`a`) Host(`b`)',
    'Host(`a`) &&',
    '!Host(`a`)',
    'HostRegexp(`.*`)',
    'Path(`a`)',
    'Host(`a b`)',
    'Host(`ä`)',
    `${'('.repeat(40)}Host(\`a\`)${')'.repeat(40)}`,
    'x'.repeat(5_000),
  ])('not understood: %s', (rule) =>
    expect(() => parseRule(rule)).toThrowError(expect.objectContaining({ code: 'ConfigInvalid' })),
  )

  test('which hosts a rule can match', () => {
    const hosts = (rule: string) => hostsOf(parseRule(rule))
    expect(hosts('Host(`a`) && Path(`/`)')).toEqual(new Set(['a']))
    expect(hosts('Host(`a`) || Host(`b`)')).toEqual(new Set(['a', 'b']))
    expect(hosts('Host(`a`) || Path(`/`)')).toBeNull()
    expect(hosts('Host(`a`) && Host(`b`)')).toEqual(new Set())
  })
})

const file = (http: string) => `http: ${http}`
const lb = '{loadBalancer: {servers: [{url: "http://127.0.0.1:1"}]}}'

describe("somebody else's file", () => {
  test("Traefik's own priority is the rule's length; @file is oneself", () => {
    const model = parseModel(
      file(
        `{routers: {r: {rule: "Host(\`a\`)", service: s@file, entryPoints: [web], middlewares: [m@file]}}, middlewares: {m: {stripPrefix: {prefixes: [/a, /b]}}}, services: {s: ${lb}}}`,
      ),
    )
    expect(model.routers).toMatchObject([{ name: 'r', priority: 9, service: 's', middlewares: ['m'] }])
    expect(model.middlewares.get('m')).toEqual({ kind: 'stripPrefix', prefixes: ['/a', '/b'] })
  })

  test('weights are multiplied out', () => {
    const model = parseModel(
      file(`{services: {
        all: {weighted: {services: [{name: a, weight: 3}, {name: b, weight: 1}]}},
        a: {loadBalancer: {servers: [{url: "http://a:1"}, {url: "http://a:2"}]}},
        b: {loadBalancer: {servers: [{url: "http://b:1", weight: 5}]}}}}`),
    )
    expect(serversOf(model, 'all').map(({ url, weight }) => [url, weight])).toEqual([
      ['http://a:1', 1.5],
      ['http://a:2', 1.5],
      ['http://b:1', 1],
    ])
  })

  test('a file of ours is, with its table in a comment, as long as its routes ask for nothing that is not known', () => {
    const plain = { host: 'a.test', path: '/x', stripPrefix: true, process: 'web', servers: [{ host: '127.0.0.1', port: 1 }] }
    const of = (route: Partial<RouteTable['routes'][number]>) => renderRoutes({ app: 'shop', routes: [{ ...plain, ...route }] })
    expect(parseModel(of({})).routers).toMatchObject([{ name: 'shop.web.0', service: 'shop.web.0' }])
    const redirect = { process: '', servers: [], options: { redirect: 'https://b.test' } }
    const more: Array<Partial<RouteTable['routes'][number]>> = [
      { host: '*.a.test' },
      redirect,
      { options: { basicAuth: ['ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='] } },
      { options: { allow: ['::1'] } },
      { options: { headers: { request: { A: 'b' } } } },
      { options: { rateLimit: { average: 1, periodMs: 1000, burst: 1 } } },
      { options: { maxBodyBytes: 1 } },
      { options: { timeoutMs: 1 } },
      { options: { sticky: true } },
    ]
    for (const route of more) {
      const refused = { code: 'ConfigInvalid', message: expect.stringMatching(/does not (support|know)|there is no service/) }
      expect(() => parseModel(of(route))).toThrowError(expect.objectContaining(refused))
    }
  })

  test('nothing at all is valid', () => {
    for (const empty of ['', '# nothing\n', 'http:\n', 'http: {routers: {}}']) expect(parseModel(empty).routers).toEqual([])
  })

  test.each([
    ['tcp: {}', /^tcp: the embedded router does not support this/],
    [file('{routers: {r: {rule: "Host(`a`)", service: s, tls: {}}}}'), /^http\.routers\.r\.tls: /],
    [file(`{routers: {r: {rule: "Host(\`a\`)", service: x}}, services: {s: ${lb}}}`), /no service "x"/],
    [
      file(`{routers: {r: {rule: "Host(\`a\`)", service: s, middlewares: [auth]}}, services: {s: ${lb}}}`),
      /no middleware "auth"/,
    ],
    [file(`{routers: {r: {rule: "Method(\`GET\`)", service: s}}, services: {s: ${lb}}}`), /^http\.routers\.r\.rule: .*Method/],
    [file('{middlewares: {m: {basicAuth: {users: [a]}}}}'), /basicAuth/],
    [file('{middlewares: {m: {}}}'), /expected either stripPrefix or retry/],
    [file('{middlewares: {m: {retry: {attempts: many}}}}'), /^http\.middlewares\.m\.retry\.attempts: expected a whole number/],
    [file('{services: {s: {loadBalancer: {sticky: {}}}}}'), /sticky/],
    [file('{services: {s: {loadBalancer: {passHostHeader: false}}}}'), /passHostHeader/],
    [file('{services: {s: {loadBalancer: {servers: [{url: "https://a"}]}}}}'), /expected http:\/\/host:port/],
    [file('{services: {s: {loadBalancer: {servers: [{url: "http://a@b:1"}]}}}}'), /expected http:\/\/host:port/],
    [file('{services: {s: {weighted: {services: [{name: s}]}}}}'), /circle/],
    [file('{services: {s: {weighted: {services: [{name: x}]}}}}'), /no service "x"/],
    ['http: {routers: {a: 1, a: 2}}', /unique/],
    ['http: "{{ range }}"', /templates/],
    ['a: &a [x]\nb: *a', /does not support|alias/i],
    [
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[at]}`).join(',')}]`)
        .join('\n')}`,
      /./,
    ],
    ['- 1', /expected a mapping/],
    ['x'.repeat(2_000_000), /larger than/],
  ])('refused: %.60s', (text, reason) =>
    expect(() => parseModel(text)).toThrowError(
      expect.objectContaining({ code: 'ConfigInvalid', message: expect.stringMatching(reason) }),
    ),
  )
})
