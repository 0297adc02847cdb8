import { describe, expect, it } from 'vitest'
import { parsePlatform } from '../../src/config/platform.ts'

const parse = (text: string) => parsePlatform(`${text}\napps: []`, { file: '/srv/ops/platform.yaml', env: {} })

const PORTS = { from: 20_000, to: 29_999 }

describe('runtime', () => {
  it.each([
    ['process', { kind: 'process', ports: PORTS }],
    ['docker', { kind: 'docker' }],
    ['auto', { kind: 'auto', process: { kind: 'process', ports: PORTS }, docker: { kind: 'docker' } }],
    ['{kind: process}', { kind: 'process', ports: PORTS }],
    ['{kind: process, ports: 3000-3000}', { kind: 'process', ports: { from: 3000, to: 3000 } }],
    ['{kind: docker}', { kind: 'docker' }],
    [
      '{kind: docker, socket: /run/user/1000/docker.sock, name: blue-1, network: shop_net.1, subnet: 10.86.0.0/16}',
      {
        kind: 'docker',
        socket: '/run/user/1000/docker.sock',
        name: 'blue-1',
        network: 'shop_net.1',
        subnet: '10.86.0.0/16',
      },
    ],
    [
      '{kind: auto, ports: 21000-21099, name: blue}',
      {
        kind: 'auto',
        process: { kind: 'process', ports: { from: 21_000, to: 21_099 } },
        docker: { kind: 'docker', name: 'blue' },
      },
    ],
  ])('%s', (written, runtime) => {
    expect(parse(`runtime: ${written}`).runtime).toStrictEqual(runtime)
  })

  it.each(['10.0.0.0/8', '172.30.0.0/15', '192.168.0.16/28', '100.64.0.0/10', '223.255.255.0/24'])('subnet: %s', (subnet) => {
    expect(parse(`runtime: {kind: docker, subnet: ${subnet}}`).runtime).toMatchObject({ subnet })
  })
})

describe('router', () => {
  const AUTHORITY = 'https://acme-v02.api.letsencrypt.org/directory'
  const HTTP = { host: '0.0.0.0', port: 80 }
  const HTTPS = { host: '0.0.0.0', port: 443 }
  const BINARY = { by: 'binary', binary: 'traefik' }
  it.each([
    ['{}', { kind: 'embedded', listen: { host: '127.0.0.1', port: 8080 } }],
    ['{kind: traefik}', { kind: 'traefik', listen: HTTP, run: BINARY }],
    [
      '{kind: traefik, run: binary, listen: "127.0.0.1:8080", binary: bin/traefik}',
      { kind: 'traefik', listen: { host: '127.0.0.1', port: 8080 }, run: { by: 'binary', binary: '/srv/ops/bin/traefik' } },
    ],
    ['{kind: traefik, binary: traefik-v3}', { kind: 'traefik', listen: HTTP, run: { by: 'binary', binary: 'traefik-v3' } }],
    ['{kind: traefik, binary: /opt/traefik}', { kind: 'traefik', listen: HTTP, run: { by: 'binary', binary: '/opt/traefik' } }],
    ['{kind: traefik, run: container}', { kind: 'traefik', listen: HTTP, run: { by: 'container', image: 'traefik:v3' } }],
    [
      '{kind: traefik, run: container, image: "registry.example.com:5000/edge/traefik:v3.6.12"}',
      { kind: 'traefik', listen: HTTP, run: { by: 'container', image: 'registry.example.com:5000/edge/traefik:v3.6.12' } },
    ],
    [
      '{kind: traefik, run: external, routes: ../routes, api: "http://127.0.0.1:8081/"}',
      {
        kind: 'traefik',
        listen: HTTP,
        run: { by: 'external', routes: '/srv/routes', api: 'http://127.0.0.1:8081' },
      },
    ],
    [
      // Nothing of certificates: they are the business of who runs it.
      '{kind: traefik, run: external, routes: /routes, api: "https://traefik:8081/inner/", https: ":443"}',
      {
        kind: 'traefik',
        listen: HTTP,
        run: { by: 'external', routes: '/routes', api: 'https://traefik:8081/inner' },
        https: { listen: HTTPS, files: [], redirect: false },
      },
    ],
    [
      '{kind: traefik, https: ":443"}',
      {
        kind: 'traefik',
        listen: HTTP,
        run: BINARY,
        https: { listen: HTTPS, files: [], redirect: true, acme: { challenge: 'http', directory: AUTHORITY } },
      },
    ],
  ])('%s', (written, router) => {
    expect(parse(`router: ${written}`).router).toStrictEqual(router)
  })

  const httpsOf = (written: string) => {
    const { router } = parse(`router: {kind: traefik, https: {listen: ":443", ${written}}}`)
    return router.kind === 'traefik' ? router.https : undefined
  }
  const acme = { challenge: 'http', directory: AUTHORITY }
  it.each([
    ['', { redirect: true, files: [], acme }],
    ['acme: true', { redirect: true, files: [], acme }],
    ['files: []', { redirect: true, files: [], acme }],
    [
      'acme: {email: ops@example.com, challenge: tls}',
      { redirect: true, files: [], acme: { ...acme, email: 'ops@example.com', challenge: 'tls' } },
    ],
    [
      'acme: {staging: true}',
      { redirect: true, files: [], acme: { ...acme, directory: 'https://acme-staging-v02.api.letsencrypt.org/directory' } },
    ],
    ['acme: {staging: false}', { redirect: true, files: [], acme }],
    [
      'acme: {directory: "https://ca.example.com:14000/dir", ca: ca.pem}',
      {
        redirect: true,
        files: [],
        acme: { challenge: 'http', directory: 'https://ca.example.com:14000/dir', ca: '/srv/ops/ca.pem' },
      },
    ],
    [
      'files: [{certificate: tls/a.pem, key: /etc/tls/a.key}]',
      { redirect: true, files: [{ certificate: '/srv/ops/tls/a.pem', key: '/etc/tls/a.key' }] },
    ],
    [
      'acme: true, files: [{certificate: a.pem, key: a.key}], redirect: false',
      { redirect: false, files: [{ certificate: '/srv/ops/a.pem', key: '/srv/ops/a.key' }], acme },
    ],
    ['hsts: false', { redirect: true, files: [], acme }],
    [
      'hsts: true',
      { redirect: true, files: [], acme, hsts: { maxAgeSeconds: 31_536_000, includeSubdomains: false, preload: false } },
    ],
    [
      'hsts: {maxAge: 17520h, includeSubdomains: true, preload: true}',
      { redirect: true, files: [], acme, hsts: { maxAgeSeconds: 63_072_000, includeSubdomains: true, preload: true } },
    ],
    [
      'hsts: {maxAge: 90s}',
      { redirect: true, files: [], acme, hsts: { maxAgeSeconds: 90, includeSubdomains: false, preload: false } },
    ],
  ])('https: {%s}', (written, https) => {
    expect(httpsOf(written)).toStrictEqual({ listen: HTTPS, ...https })
  })

  it('may share a port with an address that it does not listen on', () => {
    for (const text of [
      'http: {listen: "127.0.0.1:80"}\nrouter: {listen: "127.0.0.2:80"}',
      'http: {listen: "127.0.0.1:0"}\nrouter: {listen: ":8700"}',
      'http: {listen: ":80"}\nrouter: {kind: traefik, run: external, routes: r, api: "http://traefik:8080", https: ":80"}',
    ]) {
      expect(() => parse(text)).not.toThrow()
    }
  })
})

describe('builds, stack', () => {
  it.each([
    ['6M', 6 * 2 ** 20],
    ['512M', 2 ** 29],
    ['512m', 2 ** 29],
    ['512MB', 2 ** 29],
    ['512 MiB', 2 ** 29],
    ['1.5G', 1.5 * 2 ** 30],
    ['0.25g', 2 ** 28],
    ['"536870912"', 2 ** 29],
    ['524288k', 2 ** 29],
    ['1024T', 2 ** 50],
  ])('memory: %s', (written, memoryBytes) => {
    expect(parse(`builds: {memory: ${written}}`).builds).toStrictEqual({
      concurrency: 2,
      timeoutMs: 900_000,
      env: {},
      memoryBytes,
    })
  })

  it.each([
    ['0.01', 0.01],
    ['0.5', 0.5],
    ['2', 2],
    ['1024', 1024],
  ])('cpus: %s', (written, cpus) => {
    expect(parse(`builds: {cpus: ${written}}`).builds).toStrictEqual({ concurrency: 2, timeoutMs: 900_000, env: {}, cpus })
  })

  const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`
  it.each([
    'debian',
    'debian:bookworm-slim',
    'a__b.c-d--e/f_g',
    'localhost/x',
    'registry.example.com:5000/acme/stack:1.2_RC-1',
    `shop@${DIGEST}`,
    `Registry.Example.com/shop:1@${DIGEST}`,
  ])('stack.image: %s', (image) => {
    expect(parse(`stack: {image: "${image}"}`).stack).toStrictEqual({ image })
  })
})
