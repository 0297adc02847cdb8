import { describe, expect, it } from 'vitest'
import { problemsOf } from './problems.ts'

const LATER = 'not available yet in this version'

it('tells every problem at once, in the order of the file', () => {
  const text = `domian: x
poll: 5
runtime: swarm
apps:
  - {name: Shop, repo: "ext::sh"}
  - {name: a, repo: ./a, branch: -x, path: ../b}
  - {name: a, repo: "\${UNSET}/a", auth: {token: ""}}
`
  expect(problemsOf(text)).toStrictEqual([
    'platform.yaml:1:1 domian: unknown key (did you mean "domain"?)',
    'platform.yaml:2:1 poll: expected a duration from 1s to 24h such as 30s, or a cron expression such as "*/5 * * * *", got 5',
    `platform.yaml:3:1 runtime: swarm is ${LATER}`,
    'platform.yaml:5:6 apps[0].name: expected a name of lower-case letters, digits and -, beginning with a letter, at most 40 long, got "Shop"',
    'platform.yaml:5:18 apps[0].repo: expected a path, file:///path, https://host/path, ssh://user@host/path or user@host:path, got "ext::sh"',
    'platform.yaml:6:26 apps[1].branch: expected the name of a branch, got "-x"',
    'platform.yaml:6:38 apps[1].path: expected a folder inside the repository, such as services/shop, got "../b"',
    'platform.yaml:7:5 apps[2]: has the same name as apps[1]',
    'platform.yaml:7:15 apps[2].repo: the environment variable UNSET is not set',
    'platform.yaml:7:42 apps[2].auth.token: is empty',
  ])
})

describe('what no code honours yet', () => {
  it.each([
    ['apps: []\nruntime: swarm', '2:1 runtime', `swarm is ${LATER}`],
    ['apps: []\nruntime: {kind: swarm}', '2:11 runtime.kind', `swarm is ${LATER}`],
  ])('%s', (text, where, message) => {
    expect(problemsOf(text)).toStrictEqual([`platform.yaml:${where}: ${message}`])
  })
})

describe('values', () => {
  const listen = 'expected host:port such as 127.0.0.1:8080, or :8080'
  const poll = 'expected a duration from 1s to 24h such as 30s, or a cron expression such as "*/5 * * * *"'
  const runtime = 'expected auto, process, docker, or a mapping such as {kind: process, ports: 20000-29999}'
  it.each([
    ['{}', '1:1 apps: expected a list of apps (write [] for none), but it is missing'],
    ['', '1:1 apps: expected a list of apps (write [] for none), but it is missing'],
    ['apps:', '1:1 apps: expected a list of apps (write [] for none), got nothing'],
    ['apps: [hello]', '1:8 apps[0]: expected a mapping such as {name: hello, repo: ./hello.git}, got "hello"'],
    ['apps: [{name: a}]', '1:8 apps[0].repo: expected the address of a git repository, but it is missing'],
    ['apps: []\npoll: 900ms', `2:1 poll: ${poll}, got "900ms"`],
    ['apps: []\npoll: 99 * * * *', `2:1 poll: ${poll}, got "99 * * * *"`],
    ['apps: []\npoll: often', `2:1 poll: ${poll}, got "often"`],
    ['apps: []\nhttp: {listen: 8080}', `2:8 http.listen: ${listen}, got 8080`],
    ['apps: []\nhttp: {listen: "a:99999"}', `2:8 http.listen: ${listen}, got "a:99999"`],
    ['apps: []\nhttp: {listen: "[1.2]:80"}', `2:8 http.listen: ${listen}, got "[1.2]:80"`],
    ['apps: []\nrouter: {listen: ":0"}', `2:10 router.listen: ${listen}, got ":0"`],
    ['apps: []\nrouter: {kind: nginx}', '2:10 router.kind: expected one of embedded, traefik, got "nginx"'],
    ['apps: []\nrouter: {listen: "127.0.0.1:8700"}', '2:10 router.listen: http.listen and router.listen are the same'],
    ['apps: []\nhttp: {listen: "127.0.0.1:8080"}', '2:8 http.listen: http.listen and router.listen are the same'],
    ['apps: []\nruntime: proces', `2:1 runtime: ${runtime} (did you mean "process"?), got "proces"`],
    ['apps: []\nruntime: []', `2:1 runtime: ${runtime}, got a list`],
    [
      'apps: []\nruntime: {kind: process, ports: 9-1}',
      '2:26 runtime.ports: expected a range of ports such as 20000-29999, got "9-1"',
    ],
    ['apps: []\nruntime: {kind: process, prots: x}', '2:26 runtime.prots: unknown key (did you mean "ports"?)'],
    ['apps: []\nbuilds: {concurrency: 0}', '2:10 builds.concurrency: expected a whole number from 1 to 64, got 0'],
    ['apps: []\nbuilds: {env: {PORT: 1}}', '2:16 builds.env.PORT: is set by the platform; take another name'],
    ['apps: []\ndomain: "*.x"', '2:1 domain: expected a host name such as shop.example.com, without *, got "*.x"'],
    ['apps: []\nstate: ""', '2:1 state: expected the path of a folder, got ""'],
    ['apps: []\ngit: {allow: [ext]}', '2:15 git.allow[0]: expected one of https, ssh, http, file, got "ext"'],
    ['git: {allow: [https]}\napps: [{name: a, repo: "git@h:a"}]', '2:18 apps[0].repo: git.allow does not name ssh'],
    [
      'apps: [{name: a, repo: ./a, path: /etc}]',
      '1:29 apps[0].path: expected a folder inside the repository, such as services/shop, got "/etc"',
    ],
    ['apps: [{name: a, repo: ./a, branch: "a..b"}]', '1:29 apps[0].branch: expected the name of a branch, got "a..b"'],
    [
      'apps: [{name: a, repo: ./a, auth: {token: x}}]',
      '1:29 apps[0].auth: is for http and https addresses; ssh takes {key, knownHosts}, or the keys of the user who runs trimtab',
    ],
    [
      'apps: [{name: a, repo: "https://h/a", auth: {token: x, username: y}}]',
      '1:39 apps[0].auth: takes a token, or a username and a password, or an ssh key, or a githubApp',
    ],
    [
      'apps: [{name: a, repo: "https://h/a", auth: {username: y}}]',
      '1:39 apps[0].auth: takes a token, or a username and a password, or an ssh key, or a githubApp',
    ],
    [
      'apps: [{name: a, repo: "https://h/a", auth: {token: "a\\r\\nb"}}]',
      '1:46 apps[0].auth.token: holds a line break or another control character',
    ],
    [
      'apps: [{name: a, repo: "https://h/a", auth: hunter2}]',
      '1:39 apps[0].auth: expected a mapping of token, username, password, key, knownHosts, …',
    ],
    [`apps: []\nstate: "\${A"`, `2:1 state: expected \${NAME}, the name of an environment variable (write $\${ for a plain \${)`],
    [
      `apps: []\nstate: "\${A:-b}"`,
      `2:1 state: expected \${NAME}, the name of an environment variable (write $\${ for a plain \${)`,
    ],
    [`apps: []\nstate: "\${toString}"`, '2:1 state: the environment variable toString is not set'],
    ['apps: []\n--- \napps: []', '2:1 holds a second document (---); one file is one document'],
  ])('%s', (text, line) => {
    expect(problemsOf(text)).toStrictEqual([`platform.yaml:${line}`])
  })
})

it('shows what is written, never what came from the environment or stands under auth', () => {
  const text = `
domain: "\${SECRET}"
poll: "\${SECRET}"
runtime: "\${SECRET}"
router: {kind: "\${SECRET}"}
stack: {image: "\${SECRET}"}
registries: {r.example.com: {username: "\${SECRET}\\n", password: [hunter2]}, h.example.com: {password: hunter2}}
secrets: {a: [hunter2], b: {hunter2: hunter2}, c: 22, d: "", UPPER: hunter2}
apps:
  - {name: "\${SECRET}", repo: "https://\${SECRET}@example.com/a", branch: "-\${SECRET}"}
  - {name: b, repo: "https://example.com/b", auth: {token: "\${SECRET}\\n", pasword: hunter2}}
`
  const lines = problemsOf(text, { SECRET: 'Hunter 2' })
  expect(lines).toHaveLength(18)
  expect(lines.join('\n')).not.toMatch(/hunter/i)
  expect(lines[0]).toContain(`got "\${SECRET}"`)
})
