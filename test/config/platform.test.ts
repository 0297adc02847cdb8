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
    git: { allow: ['https', 'ssh'], credentials: {}, forges: {} },
    hooks: { bytes: 2 ** 20, perMinute: 600 },
    fleets: [],
    notify: [],
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
git:
  allow: [https, ssh]
  credentials: {forge.example.com: {token: "\${SHOP_TOKEN}"}}
  forges: {forge.example.com: {kind: gitea, token: "\${SHOP_TOKEN}"}}
hooks: {secret: "\${SHOP_TOKEN}", url: "https://trimtab.example.com/", limit: 256K, rate: 60}
fleet: {repo: "https://git.example.com/acme/fleet.git", discover: "apps/*/app.yaml", poll: 1m}
notify:
  - {kind: slack, url: "https://hooks.example.com/x", on: [failed], apps: [shop]}
  - {kind: webhook, url: "https://ops.example.com/hook", secret: "\${SHOP_TOKEN}"}
  - {kind: email, server: "smtp://localhost:25", from: a@example.com, to: [b@example.com]}
x-note: "\${NOT_SET}"
bases: {java: "registry.example.com/java:21"}
artifacts: {allow: [https, http], local: true, size: 512M}
apps:
  - {name: hello, repo: ./hello.git, branch: main}
  - {name: shop, repo: "https://git.example.com/acme/shop.git", path: ./services//shop/, auth: {token: "\${SHOP_TOKEN}"}}
  - {name: blog, repo: "http://git.example.com/blog", path: ., auth: {username: ci, password: "$\${plain}"}}
  - {name: local, repo: "file:///srv/git/local.git", branch: feature/x}
  - name: api
    repo: git@github.com:acme/api.git
    tag: v*
    poll: "*/5 * * * *"
    auth: {key: keys/api, knownHosts: keys/hosts}
    webhook: {secret: "\${SHOP_TOKEN}"}
    verify: {signers: allowed_signers, commits: every}
    forge: {token: "\${SHOP_TOKEN}"}
    previews: {label: show, limit: 2, ttl: 24h}
  - {name: web, repo: "https://forge.example.com/acme/web"}
  - {name: app, repo: "https://github.com/acme/app", auth: {githubApp: {id: "123", key: app.pem}}, forge: {githubApp: {id: Iv1.x, key: keys/app.pem}}}
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
    git: {
      allow: ['https', 'ssh'],
      credentials: { 'forge.example.com': { token: 's3cret' } },
      forges: { 'forge.example.com': { kind: 'gitea', api: 'https://forge.example.com/api/v1', token: 's3cret' } },
    },
    hooks: { secret: 's3cret', url: 'https://trimtab.example.com', bytes: 2 ** 18, perMinute: 60 },
    fleets: [{ repo: 'https://git.example.com/acme/fleet.git', discover: 'apps/*/app.yaml', poll: { everyMs: 60_000 } }],
    notify: [
      { kind: 'slack', url: 'https://hooks.example.com/x', on: ['failed'], apps: ['shop'] },
      { kind: 'webhook', url: 'https://ops.example.com/hook', secret: 's3cret', on: ['live', 'failed', 'recovered'] },
      {
        kind: 'email',
        server: 'smtp://localhost:25',
        from: 'a@example.com',
        to: ['b@example.com'],
        on: ['live', 'failed', 'recovered'],
      },
    ],
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
      {
        name: 'api',
        repo: 'git@github.com:acme/api.git',
        tag: 'v*',
        path: '',
        poll: { cron: '*/5 * * * *' },
        auth: { key: '/srv/ops/keys/api', knownHosts: '/srv/ops/keys/hosts' },
        webhook: { secret: 's3cret' },
        verify: { signers: '/srv/ops/allowed_signers', commits: 'every' },
        forge: { kind: 'github', api: 'https://api.github.com', token: 's3cret' },
        previews: { label: 'show', limit: 2, ttlMs: 86_400_000 },
      },
      {
        name: 'web',
        repo: 'https://forge.example.com/acme/web',
        path: '',
        auth: { token: 's3cret' },
        forge: { kind: 'gitea', api: 'https://forge.example.com/api/v1', token: 's3cret' },
      },
      {
        name: 'app',
        repo: 'https://github.com/acme/app',
        path: '',
        auth: { githubApp: { id: '123', key: '/srv/ops/app.pem' } },
        forge: { kind: 'github', api: 'https://api.github.com', githubApp: { id: 'Iv1.x', key: '/srv/ops/keys/app.pem' } },
      },
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
