/** Pure parts of the proxy, by value: request targets, responses in any pieces, balancing, pages, the table. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Balance } from '../../src/router/embedded/balance.ts'
import { Log } from '../../src/router/embedded/log.ts'
import { Origins } from '../../src/router/embedded/origin.ts'
import { pageFor, rawPage } from '../../src/router/embedded/pages.ts'
import { ResponseParser } from '../../src/router/embedded/response.ts'
import { compile } from '../../src/router/embedded/table.ts'
import { parseTarget, portOf } from '../../src/router/embedded/target.ts'
import { parseModel } from '../../src/router/model.ts'
import { renderRoutes } from '../../src/router/traefik.ts'

describe('request targets', () => {
  test.each<[url: string, host: string, expected: [host: string, path: string, sent: string, query: string] | null]>([
    ['/a?b=/../c', 'Example.COM:8080', ['example.com', '/a', '/a', '?b=/../c']],
    ['/a/./b/../c', 'a.', ['a', '/a/c', '/a/c', '']],
    ['/../../etc', 'a', ['a', '/etc', '/etc', '']],
    ['/a//b/', 'a', ['a', '/a/b/', '/a/b/', '']],
    ['/a/..', 'a', ['a', '/', '/', '']],
    ['/a/b/..', 'a', ['a', '/a/', '/a/', '']],
    ['/%2e%2e/%61%2fb', 'a', ['a', '/a%2Fb', '/a%2Fb', '']],
    ['/foo%20bar%C3%A9', 'a', ['a', '/foo bar\u00c3\u00a9', '/foo%20bar%C3%A9', '']],
    ['http://b.test:81?x', 'a', ['b.test', '/', '/', '?x']],
    ['*', 'a', ['a', '*', '*', '']],
    ['/', '[::1]:80', ['[::1]', '/', '/', '']],
    ['/', '', ['', '/', '/', '']],
    ['/%', 'a', null],
    ['/a#b', 'a', null],
    ['a', 'a', null],
    ['http://', 'a', null],
    ['/', 'a b', null],
    ['/', 'a/b', null],
    ['/', 'a:b', null],
    ['/', '.', null],
  ])('%s at %s', (url, host, expected) => {
    const target = parseTarget(url, host)
    expect(target && [target.host, target.path, target.sent, target.query]).toEqual(expected)
  })

  test('ports', () => expect(['a', 'a:81', '[::1]', '[::1]:82'].map(portOf)).toEqual(['80', '81', '80', '82']))
})

/** Everything a parser says of these bytes, cut as told. */
function read(pieces: Buffer[], toHead = false): unknown[] {
  const said: unknown[] = []
  const parser = new ResponseParser()
  let body = ''
  parser.begin(
    {
      onInformational: (head) => said.push(head.status),
      onUpgraded: (head, rest) => said.push(['upgraded', head.upgrade, rest.toString()]),
      onHead: (head) => said.push([head.status, head.reason, head.fields, head.keepAlive]),
      onBody: (data) => {
        body += data.toString('latin1')
      },
      onEnd: (trailers) => said.push(body, trailers),
    },
    toHead,
  )
  for (const piece of pieces) {
    const extra = parser.execute(piece)
    if (extra > 0) said.push(`${extra} more`)
  }
  if (parser.finish()) said.push('ended with the connection')
  return said
}

describe('responses', () => {
  const responses: Array<[name: string, text: string, expected: unknown[], toHead?: boolean]> = [
    [
      'length',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A:  b \r\n\r\nabc',
      [[200, 'OK', ['Content-Length', '3', 'X-A', 'b'], true], 'abc', []],
    ],
    ['nothing', 'HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n', [[404, '', ['Content-Length', '0'], true], '', []]],
    [
      'chunks',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-T: u\r\n\r\n',
      [[200, 'OK', [], true], 'abc0123456789', ['X-T', 'u']],
    ],
    [
      'close',
      'HTTP/1.1 200 OK\r\nConnection: close, X-A\r\nX-A: 1\r\nX-B: 2\r\nContent-Length: 1\r\n\r\na',
      [[200, 'OK', ['X-B', '2', 'Content-Length', '1'], false], 'a', []],
    ],
    [
      'until the end',
      'HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\nabc',
      [[200, 'OK', ['X-A', '1'], false], 'abc', [], 'ended with the connection'],
    ],
    [
      '1.0 kept',
      'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\na',
      [[200, 'OK', ['Content-Length', '1'], true], 'a', []],
    ],
    ['head', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n', [[200, 'OK', ['Content-Length', '3'], true], '', []], true],
    [
      'continue',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
      [100, 103, [204, 'No Content', [], true], '', []],
    ],
    [
      'upgraded',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      [['upgraded', 'websocket', '']],
    ],
    [
      'both',
      'HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
      [[200, 'OK', [], false], 'a', []],
    ],
  ]
  test.each(responses)('%s, in every two pieces and byte by byte', (_name, text, expected, toHead) => {
    const bytes = Buffer.from(text, 'latin1')
    expect(read([bytes], toHead)).toEqual(expected)
    for (let cut = 1; cut < bytes.length; cut++)
      expect(read([bytes.subarray(0, cut), bytes.subarray(cut)], toHead)).toEqual(expected)
    expect(
      read(
        [...bytes].map((byte) => Buffer.from([byte])),
        toHead,
      ),
    ).toEqual(expected)
  })

  test('what comes behind the end is said', () => {
    expect(read([Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP')]).at(-1)).toBe('4 more')
  })

  test.each([
    'HTTP/1.1 200 OK\nX: y\n\r\n\r\n',
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/1.1 2000 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\n: x\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX : y\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nab',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffff\r\n',
  ])('no response: %j', (text) => expect(() => read([Buffer.from(text)])).toThrow())
})

describe('balancing', () => {
  const take = (balance: Balance<string>, count: number) => Array.from({ length: count }, () => balance.next([])).join('')
  test('in turn, by weight, and not the one that was tried', () => {
    expect(take(new Balance([...'abc'].map((value) => ({ value, weight: 1 }))), 7)).toBe('abcabca')
    const weighted = [
      { value: 'a', weight: 5 },
      { value: 'b', weight: 1 },
      { value: 'c', weight: 1 },
      { value: 'd', weight: 0 },
    ]
    expect(take(new Balance(weighted), 7)).toBe('aabacaa')
    const two = new Balance([...'ab'].map((value) => ({ value, weight: 1 })))
    expect([two.next(['a']), two.next(['b']), two.next(['a', 'b']) !== null]).toEqual(['b', 'a', true])
    expect(new Balance<string>([]).next([])).toBeNull()
  })
})

describe('the table', () => {
  test('a thousand apps: found by host; a rule for any host comes where its priority puts it', () => {
    const apps = Array.from({ length: 1_000 }, (_, at) => {
      const servers = [{ host: '127.0.0.1', port: 20_000 + at }]
      return parseModel(
        renderRoutes({
          app: `app${at}`,
          routes: [{ host: `app${at}.test`, path: '/', stripPrefix: false, process: 'web', servers }],
        }),
      )
    })
    const anywhere = parseModel(
      'http: {routers: {low: {rule: "PathPrefix(`/`)", service: s}, high: {rule: "Path(`/ping`)", priority: 99999, service: s}}, services: {s: {loadBalancer: {servers: []}}}}',
    )
    const origins = new Origins(1_000)
    const table = compile([...apps, anywhere], origins)
    expect(table.find('app777.test', '/x')?.router.name).toBe('app777.web.0')
    expect(table.find('app777.test', '/ping')?.router.name).toBe('high')
    expect(table.find('other.test', '/x')?.router.name).toBe('low')
    expect(compile([], origins).find('app777.test', '/x')).toBeNull()
  })
})

test('pages', () => {
  expect(pageFor(404, false)).toMatchObject({
    status: 404,
    reason: 'Not found',
    body: '404 Not found: No app is served at this address.\n',
  })
  expect(pageFor(503, true).fields).toContain('Retry-After')
  expect(rawPage(400)).toMatch(/^HTTP\/1\.1 400 Bad request\r\n[\s\S]*Connection: close\r\n\r\n400 Bad request/)
})

test('the log is bounded in size and in how often it says the same', () => {
  const dir = mkdtempSync(join(tmpdir(), 'trimtab-log-'))
  const path = join(dir, 'router.log')
  let now = 0
  const log = new Log(path, () => now)
  for (let at = 0; at < 1_000; at++) log.write('broken', `line ${at}\nforged`)
  now = 20_000
  log.write('broken', 'later')
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  expect(lines).toHaveLength(12)
  expect(lines[0]).toBe('1970-01-01T00:00:00.000Z broken: line 0 forged')
  expect(lines[10]).toContain('990 more')
  for (let at = 0; at < 700; at++) log.write(`topic ${at}`, 'x'.repeat(10_000))
  expect(statSync(path).size).toBeLessThan(5_300_000)
  expect(statSync(`${path}.1`).size).toBeLessThan(5_300_000)
  rmSync(dir, { recursive: true })
})
