import { expect, it } from 'vitest'
import { parsePlatform } from '../../src/config/platform.ts'

const parse = (text: string, env: Record<string, string> = {}) => parsePlatform(text, { file: '/srv/ops/platform.yaml', env })

it('fills in the defaults', () => {
  expect(parse('apps: []')).toStrictEqual({
    domain: 'apps.localhost',
    state: '/srv/ops/.trimtab',
    poll: { everyMs: 30_000 },
    http: { host: '127.0.0.1', port: 8700 },
    runtime: { kind: 'auto', process: { kind: 'process', ports: { from: 20_000, to: 29_999 } }, docker: { kind: 'docker' } },
    router: { kind: 'embedded', listen: { host: '127.0.0.1', port: 8080 } },
    stack: { image: 'trimtab/stack:bookworm' },
    bases: {},
    artifacts: { allow: ['https'], local: false, sizeBytes: 2 ** 30 },
    registries: {},
    secrets: {},
    git: { allow: ['https', 'ssh'] },
    builds: { concurrency: 2, timeoutMs: 900_000, env: {} },
    apps: [],
    notes: [],
  })
})

it('takes every key there is, but for those of containers and Traefik', () => {
  const text = `
domain: apps.example.com
state: ../state
poll: "*/5 * * * *"
http: {listen: "[::1]:9000"}
runtime: {kind: process, ports: 21000-21099}
router: {kind: embedded, listen: ":80"}
builds: {concurrency: 4, timeout: 5m, ca: ca.pem, env: {NPM_CONFIG_REGISTRY: "http://\${MIRROR}/", N: 1.10}}
registries:
  registry.example.com:5000: {username: ci, password: "\${SHOP_TOKEN}"}
  docker.io: {username: a, password: b}
secrets: {shop-users: "admin:$apr1$x$y\\nci:z\\n", plain: "$\${plain}"}
git: {allow: [https]}
x-note: "\${NOT_SET}"
bases: {java: "registry.example.com/java:21"}
artifacts: {allow: [https, http], local: true, size: 512M}
apps:
  - {name: hello, repo: ./hello.git, branch: main}
  - {name: shop, repo: "https://git.example.com/acme/shop.git", path: ./services//shop/, auth: {token: "\${SHOP_TOKEN}"}}
  - {name: blog, repo: "http://git.example.com/blog", path: ., auth: {username: ci, password: "$\${plain}"}}
  - {name: local, repo: "file:///srv/git/local.git", branch: feature/x}
`
  expect(parse(text, { MIRROR: 'mirror:4873', SHOP_TOKEN: 's3cret' })).toStrictEqual({
    domain: 'apps.example.com',
    state: '/srv/state',
    poll: { cron: '*/5 * * * *' },
    http: { host: '::1', port: 9000 },
    runtime: { kind: 'process', ports: { from: 21_000, to: 21_099 } },
    router: { kind: 'embedded', listen: { host: '0.0.0.0', port: 80 } },
    stack: { image: 'trimtab/stack:bookworm' },
    bases: { java: 'registry.example.com/java:21' },
    artifacts: { allow: ['https', 'http'], local: true, sizeBytes: 2 ** 29 },
    registries: {
      'registry.example.com:5000': { username: 'ci', password: 's3cret' },
      'docker.io': { username: 'a', password: 'b' },
    },
    secrets: { 'shop-users': 'admin:$apr1$x$y\nci:z\n', plain: `\${plain}` },
    git: { allow: ['https'] },
    builds: {
      concurrency: 4,
      timeoutMs: 300_000,
      ca: '/srv/ops/ca.pem',
      env: { NPM_CONFIG_REGISTRY: 'http://mirror:4873/', N: '1.10' },
    },
    apps: [
      { name: 'hello', repo: '/srv/ops/hello.git', branch: 'main', path: '' },
      { name: 'shop', repo: 'https://git.example.com/acme/shop.git', path: 'services/shop', auth: { token: 's3cret' } },
      { name: 'blog', repo: 'http://git.example.com/blog', path: '', auth: { username: 'ci', password: `\${plain}` } },
      { name: 'local', repo: 'file:///srv/git/local.git', branch: 'feature/x', path: '' },
    ],
    notes: [],
  })
})

it.each([
  ['30s', { everyMs: 30_000 }],
  ['1h30m', { everyMs: 5_400_000 }],
  ['0 3 * * *', { cron: '0 3 * * *' }],
  ['*/10 * * * * *', { cron: '*/10 * * * * *' }],
])('poll: %s', (written, poll) => {
  expect(parse(`poll: "${written}"\napps: []`).poll).toStrictEqual(poll)
})

it('reads a thousand apps', () => {
  const apps = Array.from({ length: 1000 }, (_, i) => `  - {name: app-${i}, repo: ./repo.git, branch: main, path: apps/${i}}`)
  expect(parse(`apps:\n${apps.join('\n')}`).apps).toHaveLength(1000)
})
