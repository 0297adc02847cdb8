/** Routes: several hosts, wildcards, and what a route does besides leading to a process. */
import { describe, expect, it } from 'vitest'
import { parseManifest } from '../../src/manifest/manifest.ts'
import { problemsOf } from './problems.ts'

const routesOf = (route: string) => parseManifest({ appYaml: `routes: [{${route}}]`, procfile: null }).routes
const optionsOf = (route: string) => routesOf(`host: a.test, ${route}`)?.map(({ options }) => options)

describe('hosts', () => {
  it('of a list are a route each, with all that is said of them', () => {
    expect(routesOf('host: [a.test, "*.b.test"], path: /x/, process: api, sticky: true')).toStrictEqual([
      { host: 'a.test', path: '/x', stripPrefix: false, process: 'api', options: { sticky: true } },
      { host: '*.b.test', path: '/x', stripPrefix: false, process: 'api', options: { sticky: true } },
    ])
  })

  it('may be any one label in front of a name', () => {
    expect(routesOf('host: "*.example.com"')).toStrictEqual([
      { host: '*.example.com', path: '/', stripPrefix: false, process: 'web' },
    ])
  })

  const star = 'expected a host name; * stands for one whole label in front, as in *.example.com'
  const name = 'expected a host name such as shop.example.com'
  it.each([
    ...['*', '*.', '*example.com', 'a.*.com', '*.*.com', '**.com', '*.Example.com', '*.a b'].map((host) => [
      `host: "${host}"`,
      `11 routes[0].host: ${star}, got "${host}"`,
    ]),
    ['host: ["a.test", "B.test"]', `28 routes[0].host[1]: ${name} in lower case, got "B.test"`],
    ['host: ["a.test", 3]', `28 routes[0].host[1]: ${name}, got 3`],
    ['host: []', '11 routes[0].host: expected at least one host, got a list'],
    ['host: [a.test, b.test, a.test]', '11 routes[0].host: names a host twice'],
    ['host: {a: b}', `11 routes[0].host: ${name}, got a mapping`],
    ['host: "a.test`) || Host(`b.test"', `11 routes[0].host: ${name}, got "a.test\`) || Host(\`b.test"`],
    ['host: "a.test\\nb.test"', `11 routes[0].host: ${name}, got "a.test\\nb.test"`],
    [
      `host: [${Array.from({ length: 101 }, (_, i) => `h${i}.test`)}]`,
      '11 routes[0].host: expected at most 100 hosts, got a list',
    ],
  ])('%s', (route, line) => {
    expect(problemsOf(`routes: [{${route}}]`)).toStrictEqual([`app.yaml:1:${line}`])
  })

  it('and path belong to one route, also where they come out of lists', () => {
    const text =
      'routes:\n  - host: [a.test, b.test]\n  - {host: c.test}\n  - {host: [d.test, b.test]}\n  - {host: b.test, path: /x}\n'
    expect(problemsOf(text)).toStrictEqual(['app.yaml:4:5 routes[2]: is the same host and path as routes[0]'])
    const many = (count: number) =>
      Array.from({ length: count }, (_, i) => `{host: [${Array.from({ length: 100 }, (_, j) => `h${i}-${j}.test`)}]}`)
    expect(problemsOf(`routes: [${many(5).join(', ')}]`)).toStrictEqual([])
    expect(problemsOf(`routes: [${many(6).join(', ')}]`)).toStrictEqual([
      'app.yaml:1:1 routes: expected at most 500 routes, each host of a list counted, got a list',
    ])
  })
})

describe('options', () => {
  it.each<[string, object]>([
    ['basicAuth: {secret: admins}', { basicAuthSecret: 'admins' }],
    [
      'allow: [10.0.0.0/8, 192.0.2.7, "2001:db8::/32", "::1", 0.0.0.0/0, "::/0", 127.0.0.1/32]',
      { allow: ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1', '0.0.0.0/0', '::/0', '127.0.0.1/32'] },
    ],
    ['headers: {request: {X-B: "", x-a: c}}', { headers: { request: { 'X-B': '', 'x-a': 'c' } } }],
    [
      'headers: {response: {Content-Security-Policy: "default-src \'self\'; report-to \\"x\\""}}',
      { headers: { response: { 'Content-Security-Policy': `default-src 'self'; report-to "x"` } } },
    ],
    ['rateLimit: 100/s', { rateLimit: { average: 100, periodMs: 1000, burst: 100 } }],
    ['rateLimit: 90/m', { rateLimit: { average: 90, periodMs: 60_000, burst: 2 } }],
    ['rateLimit: 30/h', { rateLimit: { average: 30, periodMs: 3_600_000, burst: 1 } }],
    ['rateLimit: {average: 5}', { rateLimit: { average: 5, periodMs: 1000, burst: 5 } }],
    ['rateLimit: {average: 100, period: 10s, burst: 50}', { rateLimit: { average: 100, periodMs: 10_000, burst: 50 } }],
    ['maxBody: 10M', { maxBodyBytes: 10 * 2 ** 20 }],
    ['maxBody: 1.5k', { maxBodyBytes: 1536 }],
    ['timeout: 1m30s', { timeoutMs: 90_000 }],
    ['sticky: true', { sticky: true }],
  ])('%s', (written, options) => {
    expect(optionsOf(written)).toStrictEqual([options])
  })

  it.each(['sticky: false', 'headers: {}', 'headers: {request: {}}', 'headers: {x-why: free}'])('%s says nothing', (written) => {
    expect(routesOf(`host: a.test, ${written}`)).toStrictEqual([
      { host: 'a.test', path: '/', stripPrefix: false, process: 'web' },
    ])
  })

  const header = 'expected the name of a header, such as X-Frame-Options'
  const value = 'expected printable ASCII on one line, without {{, at most 4000 characters'
  const network = 'expected an address or a network, such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32'
  const behind = 'expected a network without bits behind its prefix; for this address alone leave out'
  const rate = 'expected a rate such as 100/s or 30/m, or a mapping such as {average: 100, period: 1s, burst: 50}'
  const own = 'belongs to the connection; no route sets it'
  it.each([
    [
      'basicAuth: {secret: "../x"}',
      '37 routes[0].basicAuth.secret: expected the name of a secret: lower-case letters, digits and -, got "../x"',
    ],
    [
      'basicAuth: [ann:secret]',
      '25 routes[0].basicAuth: expected {secret: name}; names and passwords do not belong in git, got a list',
    ],
    [
      'basicAuth: {}',
      '25 routes[0].basicAuth.secret: expected the name of a secret: lower-case letters, digits and -, but it is missing',
    ],
    ['basicAuth: {secret: a, secert: b}', '48 routes[0].basicAuth.secert: unknown key (did you mean "secret"?)'],
    [
      'allow: 10.0.0.0/8',
      '25 routes[0].allow: expected a list of addresses and networks, such as [10.0.0.0/8, 192.0.2.7], got "10.0.0.0/8"',
    ],
    ['allow: []', '25 routes[0].allow: expected at least one address or network; nobody could ask otherwise, got a list'],
    ['allow: [10.0.0.1/8]', `33 routes[0].allow[0]: ${behind} /8, got "10.0.0.1/8"`],
    ['allow: ["2001:db8::1/64"]', `33 routes[0].allow[0]: ${behind} /64, got "2001:db8::1/64"`],
    ...[
      '10.0.0.0/33',
      '10.0.0',
      '010.0.0.0/8',
      '::/129',
      '::1/',
      '10.0.0.0/08',
      '10.0.0.0/8/8',
      'fe80::1%eth0',
      '::ffff:10.0.0.1',
      'localhost',
      '',
      ' 10.0.0.1',
      '10.0.0.0-10.0.0.9',
      '*',
    ].map((written) => [`allow: ["${written}"]`, `33 routes[0].allow[0]: ${network}, got "${written}"`]),
    ['headers: {request: {"X A": b}}', `45 routes[0].headers.request["X A"]: ${header}, got "X A"`],
    ['headers: {request: {"X-A:": b}}', `45 routes[0].headers.request["X-A:"]: ${header}, got "X-A:"`],
    ['headers: {request: {"X-A\\r\\nX-B": b}}', `45 routes[0].headers.request["X-A\\r\\nX-B"]: ${header}, got "X-A\\r\\nX-B"`],
    ['headers: {request: {"{{x}}": b}}', `45 routes[0].headers.request["{{x}}"]: ${header}, got "{{x}}"`],
    ...[
      'Host',
      'content-length',
      'Transfer-Encoding',
      'CONNECTION',
      'Keep-Alive',
      'Upgrade',
      'TE',
      'Trailer',
      'Proxy-Authorization',
      'Expect',
    ].map((name) => [`headers: {response: {${name}: b}}`, `46 routes[0].headers.response.${name}: ${own}`]),
    ['headers: {response: {X-A: 1}}', '46 routes[0].headers.response.X-A: expected text; put it in quotes, got 1'],
    ['headers: {response: {x-a: [1]}}', '46 routes[0].headers.response.x-a: expected text; put it in quotes, got a list'],
    [
      'headers: {response: {X-A: "b\\r\\nSet-Cookie: c"}}',
      `46 routes[0].headers.response.X-A: ${value}, got "b\\r\\nSet-Cookie: c"`,
    ],
    [
      'headers: {response: {X-A: "{{ env \\"HOME\\" }}"}}',
      `46 routes[0].headers.response.X-A: ${value}, got "{{ env \\"HOME\\" }}"`,
    ],
    ['headers: {response: {X-A: " b"}}', `46 routes[0].headers.response.X-A: ${value}, got " b"`],
    ['headers: {response: {X-A: "é"}}', `46 routes[0].headers.response.X-A: ${value}, got "é"`],
    [`headers: {response: {X-A: ${'b'.repeat(4001)}}}`, `46 routes[0].headers.response.X-A: ${value}, got "${'b'.repeat(59)}…"`],
    ['headers: {response: {X-A: b, x-A: c}}', '54 routes[0].headers.response.x-A: is there already'],
    ['headers: {X-A: b}', '35 routes[0].headers.X-A: unknown key (there are request, response)'],
    ['headers: {reqest: {}}', '35 routes[0].headers.reqest: unknown key (did you mean "request"?)'],
    [
      `headers: {request: {${Array.from({ length: 51 }, (_, i) => `A${i}: b`)}}}`,
      '35 routes[0].headers.request: expected at most 50 headers, got a mapping',
    ],
    ...['100', '0/s', '1/d', '-1/s', '1.5/s', '100/', '100/s ', '10000000/s'].map((written) => [
      `rateLimit: "${written}"`,
      `25 routes[0].rateLimit: ${rate}, got "${written}"`,
    ]),
    ['rateLimit: 100', `25 routes[0].rateLimit: ${rate}, got 100`],
    ['rateLimit: {average: 0}', '37 routes[0].rateLimit.average: expected a whole number from 1 to 9999999, got 0'],
    ['rateLimit: {burst: 5}', '25 routes[0].rateLimit.average: expected a whole number from 1 to 9999999, but it is missing'],
    ['rateLimit: {average: 1, period: 1ms}', '49 routes[0].rateLimit.period: expected a duration from 1s to 24h, got "1ms"'],
    ['rateLimit: {average: 1, brust: 2}', '49 routes[0].rateLimit.brust: unknown key (did you mean "burst"?)'],
    ...['10', '0', '1023', '10X', 'a lot', '2000T'].map((written) => [
      `maxBody: "${written}"`,
      `25 routes[0].maxBody: expected a size from 1K to 1024T, such as 10M or 512K, got "${written}"`,
    ]),
    ['timeout: 60', '25 routes[0].timeout: expected a duration such as 500ms, 30s or 1h30m (with its unit), got 60'],
    ['timeout: 0s', '25 routes[0].timeout: expected a duration from 100ms to 24h, got "0s"'],
    ['sticky: "yes"', '25 routes[0].sticky: expected true or false, got "yes"'],
    ['rateLimt: 100/s', '25 routes[0].rateLimt: unknown key (did you mean "rateLimit"?)'],
    ['stiky: true', '25 routes[0].stiky: unknown key (did you mean "sticky"?)'],
  ])('%s', (route, line) => {
    expect(problemsOf(`routes: [{host: a.test, ${route}}]`)).toStrictEqual([`app.yaml:1:${line}`])
  })
})

describe('a redirect', () => {
  it.each([
    ['https://new.test', 'https://new.test'],
    ['https://new.test/', 'https://new.test'],
    ['http://new.test:8080/a/b/', 'http://new.test:8080/a/b'],
    ['https://new.test/%7Eshop;a=b', 'https://new.test/%7Eshop;a=b'],
  ])('to %s', (written, redirect) => {
    expect(routesOf(`host: a.test, path: /x, stripPrefix: true, redirect: "${written}"`)).toStrictEqual([
      { host: 'a.test', path: '/x', stripPrefix: true, process: '', options: { redirect } },
    ])
  })

  const expected = 'expected an address such as https://new.example.com or https://example.com/shop'
  const plain = `${expected}, in lower case and without password, query or #fragment`
  it.each([
    ...[
      'new.test',
      '//new.test',
      '/new',
      'ftp://new.test',
      'javascript:alert(1)',
      'https://',
      'https://new.test?a=b',
      'https://new.test/#a',
      'https://new.test/$1',
      'https://new.test/`',
      'https://new.test/{{x}}',
      'https://new.test/a b',
      'https://new.test/../x',
      'https://new.test:0',
      'https://new.test:65536',
      'https://New.test',
      'https://[::1]',

      'https://new.test//x',
      '',
    ].map((address) => [`redirect: "${address}"`, `25 routes[0].redirect: ${plain}, got "${address}"`]),
    ['redirect: "https://ann:hunter2@new.test"', `25 routes[0].redirect: ${plain}, got "https://…@new.test"`],
    ['redirect: "https://new.test\\\\@evil.test"', `25 routes[0].redirect: ${plain}, got "https://…@evil.test"`],
    ['redirect: {to: x}', `25 routes[0].redirect: ${expected}, got a mapping`],
  ])('%s', (route, line) => {
    expect(problemsOf(`routes: [{host: a.test, ${route}}]`)).toStrictEqual([`app.yaml:1:${line}`])
  })

  it('leads to no process, and takes nothing that would be done for one', () => {
    const text = `routes:
  - host: a.test
    redirect: https://b.test
    process: web
    sticky: false
    headers: {}
    rateLimit: 1/s
`
    const why = 'has no meaning beside redirect, which leads to no process; leave it out'
    expect(problemsOf(text)).toStrictEqual(
      ['4:5 routes[0].process', '5:5 routes[0].sticky', '6:5 routes[0].headers', '7:5 routes[0].rateLimit'].map(
        (where) => `app.yaml:${where}: ${why}`,
      ),
    )
  })

  it.each([
    ['host: a.test, redirect: https://a.test', true],
    ['host: a.test, redirect: https://a.test/new', true],
    ['host: a.test, path: /old, redirect: https://a.test', true],
    ['host: a.test, path: /old, redirect: https://a.test/old', true],
    ['host: a.test, path: /old, redirect: https://a.test/new', false],
    ['host: a.test, path: /old, redirect: https://a.test/older', false],
    ['host: a.test, path: /old, stripPrefix: true, redirect: https://a.test', false],
    ['host: a.test, path: /old, stripPrefix: true, redirect: https://a.test/old/x', true],
    ['host: [b.test, a.test], redirect: https://a.test', true],
    ['host: "*.a.test", redirect: https://www.a.test', true],
    ['host: "*.a.test", redirect: https://a.test', false],
    ['host: a.test, redirect: https://www.a.test', false],
    ['host: a.test, redirect: https://a.test:8443', false],
  ])('%s: to itself? %s', (route, itself) => {
    const problems = problemsOf(`routes: [{${route}}]`)
    expect(problems.map((line) => line.replace(/^.*routes/, 'routes'))).toStrictEqual(
      itself ? ['routes[0].redirect: leads to this very route, again and again'] : [],
    )
  })
})
