/** What Traefik is told, and what it says: by exact value. */
import { describe, expect, test } from 'vitest'
import type { Https } from '../../../src/domain.ts'
import { complaintOf, faultsIn } from '../../../src/router/traefik/complaints.ts'
import { refusalIn } from '../../../src/router/traefik/log.ts'
import { placeOf } from '../../../src/router/traefik/place.ts'
import { platformConfig } from '../../../src/router/traefik/platform-file.ts'
import { type Setting, staticConfig } from '../../../src/router/traefik/static.ts'
import { concernsPort, isAddressInUse, lastWords, startFailure } from '../../../src/router/traefik/words.ts'

const secured: Https = {
  listen: { host: '0.0.0.0', port: 443 },
  acme: { email: 'ops@example.com', challenge: 'http', directory: 'https://acme.example.com/dir' },
  files: [],
  redirect: true,
  hsts: { maxAgeSeconds: 31_536_000, includeSubdomains: true, preload: false },
}

const setting: Setting = {
  place: placeOf('/s'),
  routes: '/s/routes',
  http: '0.0.0.0:80',
  https: '0.0.0.0:443',
  api: '127.0.0.1:4000',
  key: 'k',
  wanted: undefined,
  authority: undefined,
}

const HEAD = `# Written by trimtab; changes made here are overwritten.
global:
  checkNewVersion: false
  sendAnonymousUsage: false
log:
  level: INFO
  format: json
  filePath: /s/router/traefik.log
  maxSize: 10
  maxBackups: 2
accessLog:
  format: json
  filePath: /s/router/access.log
api:
  insecure: true
  dashboard: false
  basePath: /api/k
ping: {}
metrics:
  prometheus:
    addServicesLabels: true
    manualRouting: true
`
const TRANSPORT = `    transport:
      respondingTimeouts:
        readTimeout: 1h
        writeTimeout: 0s
        idleTimeout: 3m
      lifeCycle:
        requestAcceptGraceTimeout: 0s
        graceTimeOut: 10s
`
const TAIL = `  traefik:
    address: 127.0.0.1:4000
providers:
  providersThrottleDuration: 20ms
  file:
    directory: /s/routes
    watch: true
serversTransport:
  maxIdleConnsPerHost: 200
  forwardingTimeouts:
    idleConnTimeout: 1s
    dialTimeout: 1.5s
`

describe('the static configuration', () => {
  test('plain', () => {
    expect(staticConfig(setting)).toBe(`${HEAD}entryPoints:
  http:
    address: 0.0.0.0:80
${TRANSPORT}${TAIL}`)
  })

  test('with HTTPS, an authority, the redirect and HSTS', () => {
    expect(staticConfig({ ...setting, wanted: secured })).toBe(`${HEAD}entryPoints:
  http:
    address: 0.0.0.0:80
${TRANSPORT}    http:
      redirections:
        entryPoint:
          to: :443
          scheme: https
          permanent: true
  HTTPS:
    address: 0.0.0.0:443
${TRANSPORT}    http:
      middlewares:
        - hsts@file
      tls:
        certResolver: acme
${TAIL}certificatesResolvers:
  acme:
    acme:
      email: ops@example.com
      caServer: https://acme.example.com/dir
      storage: /s/router/acme.json
      keyType: EC256
      httpChallenge:
        entryPoint: http
`)
  })

  test('certificates from files; the other challenge, and an authority of one’s own', () => {
    const { acme: _, hsts: __, ...files } = { ...secured, redirect: false }
    expect(staticConfig({ ...setting, wanted: files })).toContain(`    http:
      tls: {}
${TAIL}`)
    const acme = { challenge: 'tls' as const, directory: 'https://ca.internal/dir' }
    expect(staticConfig({ ...setting, wanted: { ...files, acme }, authority: '/s/ca.pem' })).toContain(`certificatesResolvers:
  acme:
    acme:
      caServer: https://ca.internal/dir
      caCertificates:
        - /s/ca.pem
      storage: /s/router/acme.json
      keyType: EC256
      tlsChallenge: {}
`)
  })
})

describe('the platform’s own file', () => {
  const METRICS = `# Written by trimtab; changes made here are overwritten.
http:
  routers:
    metrics:
      entryPoints:
        - traefik
      rule: Path(\`/metrics/k\`)
      service: prometheus@internal
`
  test('plain', () => expect(platformConfig({ key: 'k', https: undefined, pairs: [] })).toBe(METRICS))

  test('with everything', () => {
    const pairs = [{ certFile: '/s/a.pem', keyFile: '/s/b.pem' }]
    const anchorless = platformConfig({ key: 'k', https: secured, pairs })
    expect(anchorless).toBe(`${METRICS}  middlewares:
    hsts:
      headers:
        stsSeconds: 31536000
        stsIncludeSubdomains: true
        stsPreload: false
tls:
  options:
    default:
      minVersion: VersionTLS12
  certificates:
    - certFile: /s/a.pem
      keyFile: /s/b.pem
  stores:
    default:
      defaultCertificate:
        certFile: /s/a.pem
        keyFile: /s/b.pem
`)
  })
})

describe('its last words', () => {
  const inUse =
    '{"level":"error","error":"error while building entryPoint http: building listener: error opening listener: listen tcp 127.0.0.1:8080: bind: address already in use","time":"2026-11-21T12:00:00Z","message":"Command error"}'

  test.each([
    ['', ''],
    ['{"level":"info","message":"Starting provider"}\n', ''],
    [inUse, JSON.parse(inUse).error],
    ['2026/11/21 12:00:00 command traefik error: field not found, node: basePath\n', 'field not found, node: basePath'],
    ['error: the moon is full\n', 'error: the moon is full'],
    [`${inUse}\n{"level":"error","message":"later"}\n`, 'later'],
  ])('%j', (said, words) => expect(lastWords(said)).toBe(words))

  test('what to do is said', () => {
    const listens = [
      { host: '0.0.0.0', port: 80 },
      { host: '0.0.0.0', port: 443 },
    ]
    const failure = (words: string) => startFailure(words, listens, '/s/log')
    expect(failure('listen tcp 0.0.0.0:443: bind: address already in use').message).toMatch(
      /^Traefik cannot listen on 0\.0\.0\.0:443: another program has port 443\. Stop that program, or choose another address/,
    )
    expect(failure('listen tcp 0.0.0.0:80: bind: permission denied').message).toMatch(
      /^Traefik may not listen on 0\.0\.0\.0:80: ports below 1024 are kept for root\. Allow it \(sysctl net\.ipv4\.ip_unprivileged_port_start=80, or setcap/,
    )
    expect(failure('listen tcp 9.9.9.9:80: bind: cannot assign requested address').message).toMatch(
      /this machine has no such address/,
    )
    expect(failure('Bind for 0.0.0.0:80 failed: port is already allocated').message).toMatch(/another program has port 80/)
    expect(failure('open /s/acme.json: permission denied').message).toBe(
      'Traefik has ended right after its start: open /s/acme.json: permission denied. Its log: /s/log',
    )
    expect(failure('')).toMatchObject({ code: 'RouterUnavailable', retry: true })
  })

  test('about which port', () => {
    expect(isAddressInUse(inUse)).toBe(true)
    expect(concernsPort('listen tcp 127.0.0.1:8080: bind', 8080)).toBe(true)
    expect(concernsPort('listen tcp 127.0.0.1:8080: bind', 80)).toBe(false)
    expect(concernsPort('listen tcp 127.0.0.1:8080: bind', 808)).toBe(false)
  })
})

describe('a line of its log', () => {
  const at = Date.parse('2026-11-21T12:19:09Z')
  const line = (error: string, more: object = {}) =>
    JSON.stringify({
      level: 'error',
      providerName: 'file',
      error,
      time: '2026-11-21T12:19:09Z',
      message: 'Error occurred during watcher callback',
      ...more,
    })

  test.each([
    [
      line('/r/bad.yml: yaml: line 1: did not find expected node content'),
      '/r/bad.yml',
      'yaml: line 1: did not find expected node content',
    ],
    [line('/r/t.yml: template: :1: function "foo" not defined'), '/r/t.yml', 'template: :1: function "foo" not defined'],
    [line('unable to load content configuration from subdirectory d sub/: /r/sub/x.yaml: yaml: no'), '/r/sub/x.yaml', 'yaml: no'],
    [line('/r/a.toml: x', { message: 'Error while building configuration (for the first time)' }), '/r/a.toml', 'x'],
    [line('too many open files', { message: 'Cannot start the provider *file.Provider' }), '', 'too many open files'],
    [
      line('', {
        level: 'warn',
        filename: 'shop.yml',
        routerName: 'shop.web.0',
        message: 'HTTP router already configured, skipping',
      }),
      '/r/shop.yml',
      'another file has a router "shop.web.0" too',
    ],
  ])('%s', (text, file, why) => expect(refusalIn(text, '/r')).toEqual({ file, why, at }))

  test.each([
    '',
    'garbage',
    '{',
    line('unable to read directory /r: open /r: no such file or directory'),
    line('/r/a.yml: x', { message: 'Something else' }),
    line('/r/a.yml: x', { time: 'never' }),
  ])('says nothing of a file: %s', (text) => expect(refusalIn(text, '/r')).toBeNull())
})

describe('complaints', () => {
  const data = {
    routers: {
      'shop.web.0@file': { status: 'enabled', service: 'shop.web.0' },
      'https-shop.web.0@file': {
        status: 'disabled',
        service: 'shop.web.0',
        error: ['the middleware "hsts@file" does not exist'],
      },
      'blog.web.0@file': { status: 'disabled', service: 'blog.web.0', error: ['one', 'two'] },
    },
    services: { 'blog.web.0@file': { status: 'disabled', error: ['three'] } },
  }
  const faults = faultsIn(data)

  test('only an app’s own', () => {
    expect(complaintOf('shop', faults, [])).toBe('https-shop.web.0@file: the middleware "hsts@file" does not exist')
    expect(complaintOf('blog', faults, [])).toBe('blog.web.0@file: one; two\nblog.web.0@file: three')
    expect(complaintOf('https-shop', faults, [])).toBeNull()
    expect(complaintOf('sho', faults, [])).toBeNull()
  })

  test('what keeps all from being taken concerns all', () => {
    const refused = [
      { file: 'blog.yml', app: 'blog', why: 'yaml: no' },
      { file: 'x.toml', app: null, why: 'no' },
      { file: '', app: null, why: 'too many open files' },
    ]
    expect(complaintOf('shop', [], refused)).toBe(
      [
        'Traefik refuses blog.yml, the route file of "blog": yaml: no; until that is mended it takes no change of any app’s',
        'Traefik refuses x.toml, a file that trimtab has not written: no; until that is mended it takes no change of any app’s',
        'Traefik does not read the route files: too many open files',
      ].join('\n'),
    )
    expect(complaintOf('blog', [], refused.slice(0, 1))).toBe('Traefik refuses blog.yml, its route file: yaml: no')
  })
})
