/** `runtime`, `router`, `builds`, `stack`, `registries` and `secrets`: what is refused, and how. */
import { describe, expect, it } from 'vitest'
import { problemsOf } from './problems.ts'

const refused = (cases: Array<[text: string, ...lines: string[]]>) =>
  it.each(cases)('%s', (text, ...lines) => {
    expect(problemsOf(`${text}\napps: []`)).toStrictEqual(
      lines.map((line) => `platform.yaml:${line.startsWith('2:') ? '' : '1:'}${line}`),
    )
  })

describe('keys that do not belong together', () => {
  refused([
    [
      'runtime: {kind: process, socket: /s, name: a, network: n, subnet: 10.0.0.0/8}',
      '26 runtime.socket: is for kind: docker',
      '38 runtime.name: is for kind: docker',
      '47 runtime.network: is for kind: docker',
      '59 runtime.subnet: is for kind: docker',
    ],
    ['runtime: {kind: docker, ports: 1-2}', '25 runtime.ports: is for kind: process'],
    [
      'router: {run: binary, binary: t, image: t, https: ":443", routes: r, api: "http://a"}',
      '10 router.run: is for kind: traefik',
      '23 router.binary: is for kind: traefik',
      '34 router.image: is for kind: traefik',
      '44 router.https: is for kind: traefik',
      '59 router.routes: is for kind: traefik',
      '70 router.api: is for kind: traefik',
    ],
    [
      'router: {kind: traefik, image: t, routes: r, api: "http://a"}',
      '25 router.image: is for run: container',
      '35 router.routes: is for run: external',
      '46 router.api: is for run: external',
    ],
    [
      'router: {kind: traefik, run: container, binary: t, routes: r}',
      '41 router.binary: is for run: binary',
      '52 router.routes: is for run: external',
    ],
    [
      'router: {kind: traefik, run: external, image: t, binary: t}',
      '1 router: run: external needs routes',
      '1 router: run: external needs api',
      '40 router.image: is for run: container',
      '50 router.binary: is for run: binary',
    ],
    ['runtime: process\nrouter: {kind: traefik, run: container}', '2:25 router.run: needs runtime: docker'],
    ['router: {kind: traefik, run: external, routes: r}', '1 router: run: external needs api'],
    [
      'router: {kind: traefik, run: external, routes: r, api: "http://a", https: {listen: ":443", hsts: true}}',
      '68 router.https: certificates are the business of who runs Traefik; name the address alone',
    ],
    [
      'router: {kind: traefik, https: {listen: ":443", acme: false}}',
      '49 router.https.acme: without it, certificates have to come from files',
    ],
    [
      'router: {kind: traefik, https: {listen: ":443", acme: {staging: true, directory: "https://ca/dir"}}}',
      `56 router.https.acme.staging: is for Let's Encrypt; directory names another authority`,
    ],
    [
      'router: {kind: traefik, https: {listen: ":443", hsts: {maxAge: 1h, preload: true}}}',
      '56 router.https.hsts.maxAge: has to be 8760h at least for preload',
      '68 router.https.hsts.preload: needs includeSubdomains: true',
    ],
  ])
})

describe('addresses that cannot both be listened on', () => {
  refused([
    ['http: {listen: ":8080"}', '8 http.listen: http.listen and router.listen are the same'],
    ['router: {listen: "[::]:8700"}', '10 router.listen: http.listen and router.listen are the same'],
    ['router: {kind: traefik, listen: ":443", https: ":443"}', '25 router.listen: router.listen and router.https are the same'],
    ['router: {kind: traefik, https: {listen: ":80"}}', '25 router.https: router.listen and router.https are the same'],
    ['router: {kind: traefik, https: "127.0.0.1:8700"}', '25 router.https: http.listen and router.https are the same'],
  ])
})

describe('runtime', () => {
  const socket = 'expected the path of a socket such as /var/run/docker.sock'
  const name = 'expected a name of lower-case letters, digits and -, at most 40 long'
  const network = 'expected the name of a Docker network of your own'
  const subnet = 'expected a network such as 10.86.0.0/16, from /8 to /28'
  const docker = (key: string, value: string): [string, string] => [
    `runtime: {kind: docker, ${key}: ${value}}`,
    `25 runtime.${key}: ${{ socket, name, network, subnet }[key]}, got ${value}`,
  ]
  refused([
    docker('socket', '"docker.sock"'),
    docker('socket', '"unix:///var/run/docker.sock"'),
    docker('socket', '"tcp://127.0.0.1:2375"'),
    docker('name', '"Blue"'),
    docker('name', '"-blue"'),
    docker('name', '"blue/../red"'),
    docker('name', '"a=b"'),
    docker('name', `"${'a'.repeat(41)}"`),
    docker('network', '"host"'),
    docker('network', '"bridge"'),
    docker('network', '"none"'),
    docker('network', '"container:db"'),
    docker('network', '"--internal"'),
    docker('network', '"a b"'),
    docker('subnet', '"10.86.0.0"'),
    docker('subnet', '"10.86.0.1/16"'),
    docker('subnet', '"10.86.0.0/29"'),
    docker('subnet', '"10.0.0.0/7"'),
    docker('subnet', '"0.0.0.0/8"'),
    docker('subnet', '"127.0.0.0/8"'),
    docker('subnet', '"224.0.0.0/8"'),
    docker('subnet', '"010.0.0.0/8"'),
    docker('subnet', '"10.86.0.0/16/16"'),
    docker('subnet', '"fd00::/64"'),
    ['runtime: {ports: 1-2}', '1 runtime.kind: expected one of auto, process, docker, but it is missing'],
  ])
})

describe('router', () => {
  const https = 'expected an address such as ":443", or a mapping such as {listen: ":443", acme: {email: …}}'
  const at = (keys: string) => `router: {kind: traefik, https: {listen: ":443", ${keys}}}`
  refused([
    ['router: {kind: traefik, run: docker}', '25 router.run: expected one of binary, container, external, got "docker"'],
    ['router: {kind: traefik, binary: ""}', '25 router.binary: expected the path of the Traefik binary, got ""'],
    ['router: {kind: traefik, https: 443}', `25 router.https: ${https}, got 443`],
    ['router: {kind: traefik, https: true}', `25 router.https: ${https}, got true`],
    ['router: {kind: traefik, https: ":0"}', '25 router.https: expected host:port such as 127.0.0.1:8080, or :8080, got ":0"'],
    [
      'router: {kind: traefik, https: {acme: true}}',
      '25 router.https.listen: expected host:port such as 127.0.0.1:8080, or :8080, but it is missing',
    ],
    [at('acme: no'), '49 router.https.acme: expected true, false, or a mapping such as {email: …}, got "no"'],
    [at('acme: {emial: a}'), '56 router.https.acme.emial: unknown key (did you mean "email"?)'],
    [at('acme: {email: me}'), '56 router.https.acme.email: expected an email address, got "me"'],
    [at('acme: {challenge: dns}'), '56 router.https.acme.challenge: expected one of http, tls, got "dns"'],
    [at('acme: {staging: 1}'), '56 router.https.acme.staging: expected true or false, got 1'],
    [at('acme: {directory: ca}'), '56 router.https.acme.directory: expected the address of an ACME directory, got "ca"'],
    [at('files: a.pem'), '49 router.https.files: expected a list of {certificate, key}, got "a.pem"'],
    [at('files: [a.pem]'), '57 router.https.files[0]: expected a mapping {certificate, key}, got "a.pem"'],
    [at('files: [{certificate: a}]'), '57 router.https.files[0].key: expected the path of a PEM file, but it is missing'],
    [at('redirect: 301'), '49 router.https.redirect: expected true or false, got 301'],
    [at('hsts: 1y'), '49 router.https.hsts: expected true, false, or a mapping such as {maxAge: 8760h}, got "1y"'],
    [at('hsts: {maxAge: 3y}'), '56 router.https.hsts.maxAge: expected a duration such as 500ms, 30s or 1h30m, got "3y"'],
    [at('hsts: {preload: 5}'), '56 router.https.hsts.preload: expected true or false, got 5'],
    ...['http://', 'ftp://a', 'http://u:p@a', 'http://a?x=1', 'http://a:99999', 'http://a b'].map((api): [string, string] => [
      `router: {kind: traefik, run: external, routes: r, api: "${api}"}`,
      `51 router.api: expected an address such as http://127.0.0.1:8081, got "${api.replace('u:p@', '…@')}"`,
    ]),
  ])
})

describe('sizes, cores and images', () => {
  const memory = 'expected a size from 6M to 1024T, such as 512M or 2G'
  const cpus = 'expected a number of cores from 0.01 to 1024, such as 0.5'
  const image = 'expected an image such as registry.example.com/shop:1.2 or shop@sha256:…'
  refused([
    ...[
      '512',
      '0',
      '"0"',
      '"512"',
      '"5M"',
      '"5.999M"',
      '"-1G"',
      '"1025T"',
      '"1e9"',
      '"1G1M"',
      '"G"',
      '".5G"',
      '"1,5G"',
      '"２G"',
    ].map((value): [string, string] => [`builds: {memory: ${value}}`, `10 builds.memory: ${memory}, got ${value}`]),
    [`builds: {memory: ${'9'.repeat(70)}G}`, `10 builds.memory: ${memory}, got "${'9'.repeat(59)}…"`],
    ...['0', '0.001', '-1', '1025', '.inf', '.nan', '"2"', '500m'].map((value): [string, string] => [
      `builds: {cpus: ${value}}`,
      `10 builds.cpus: ${cpus}, got ${value === '500m' ? '"500m"' : value}`,
    ]),
    ...[
      '',
      'Debian',
      '-v/:/host',
      '--privileged',
      'a b',
      'a:b:c',
      'a:',
      'a@sha256:b',
      `a@sha256:${'G'.repeat(64)}`,
      'https://h/a',
      'a/../b',
      '/a',
      'a/',
      'h:123456/a',
      'a\\nb',
      'a:{{x}}',
      'a:$(id)',
    ].map((value): [string, string] => [
      `stack: {image: "${value}"}`,
      `9 stack.image: ${image}, got "${value.slice(0, 59)}${value.length > 60 ? '…' : ''}"`,
    ]),
    ['stack: debian', '1 stack: expected a mapping of image, got "debian"'],
  ])

  it('an endless image is refused at once', () => {
    for (const text of ['a-'.repeat(240), `${'a.'.repeat(249)}!`, `${'a__'.repeat(160)}/`, `${'a/'.repeat(248)}A`]) {
      const began = performance.now()
      expect(problemsOf(`apps: []\nstack: {image: "${text}"}`)).toHaveLength(1)
      expect(performance.now() - began).toBeLessThan(500)
    }
  })
})

describe('registries and secrets, whose values are never shown', () => {
  const host = 'expected the host of a registry, such as registry.example.com:5000'
  refused([
    ['registries: hunter2', '1 registries: expected a mapping of registry hosts to {username, password}'],
    ['registries: {h: hunter2}', '14 registries.h: expected a mapping of username, password'],
    ['registries: {h: {username: a}}', '14 registries.h.password: is missing'],
    [
      'registries: {h: {username: 5, password: 6}}',
      '18 registries.h.username: is no text; put it in quotes',
      '31 registries.h.password: is no text; put it in quotes',
    ],
    ['registries: {h: {username: a, password: ""}}', '31 registries.h.password: is empty'],
    [
      'registries: {h: {username: a, password: "b\\nc"}}',
      '31 registries.h.password: holds a line break or another control character',
    ],
    [
      'registries: {h: {username: a, passwrd: hunter2, password: b}}',
      '31 registries.h.passwrd: unknown key (did you mean "password"?)',
    ],
    ['registries: {H.example.com: {username: a, password: b}}', `14 registries["H.example.com"]: ${host}`],
    ['registries: {"h:65536": {username: a, password: b}}', `14 registries["h:65536"]: ${host}`],
    ['registries: {"h/acme": {username: a, password: b}}', `14 registries["h/acme"]: ${host}`],
    ['registries: {"https://u:hunter2@h": {username: a, password: b}}', `14 registries["https://…@h"]: ${host}`],
    ['registries: {constructor: {username: a, password: b}}', '14 registries.constructor: this name cannot be used as a key'],
    ['secrets: hunter2', '1 secrets: expected a mapping of names to secrets'],
    ['secrets: [hunter2]', '1 secrets: expected a mapping of names to secrets'],
    ['secrets: {a: 22}', '11 secrets.a: is no text; put it in quotes'],
    ['secrets: {a: [hunter2]}', '11 secrets.a: is no text; put it in quotes'],
    ['secrets: {a: }', '11 secrets.a: is no text; put it in quotes'],
    ['secrets: {a: ""}', '11 secrets.a: is empty'],
    ['secrets: {A: hunter2}', '11 secrets.A: expected a name of lower-case letters, digits and -'],
    ['secrets: {a_b: hunter2}', '11 secrets.a_b: expected a name of lower-case letters, digits and -'],
    ['secrets: {__proto__: hunter2}', '11 secrets.__proto__: this name cannot be used as a key'],
    [`secrets: {a: "\${HUNTER}"}`, '11 secrets.a: the environment variable HUNTER is not set'],
  ])

  it('a secret that no environment could hold', () => {
    expect(problemsOf(`apps: []\nsecrets: {a: "${'x'.repeat(65_537)}"}`)).toStrictEqual([
      'platform.yaml:2:11 secrets.a: is too long',
    ])
  })
})

describe('artifacts and their bases', () => {
  const withoutPlace = (text: string) =>
    problemsOf(`${text}\napps: []`).map((line) => line.replace(/^platform\.yaml:\d+:\d+ /, ''))
  it.each([
    ['bases: {Java: a}', 'bases.Java: expected a name of lower-case letters, digits and -, at most 40 long, got "Java"'],
    ['bases: {java: "A B"}', 'bases.java: expected an image such as registry.example.com/shop:1.2 or shop@sha256:…, got "A B"'],
    ['artifacts: {allow: [ftp]}', 'artifacts.allow[0]: expected one of https, http, got "ftp"'],
    ['artifacts: {local: maybe}', 'artifacts.local: expected true or false, got "maybe"'],
    ['artifacts: {size: 1K}', 'artifacts.size: expected a size from 1M to 1024T, such as 512M or 2G, got "1K"'],
  ])('%s', (text, line) => {
    expect(withoutPlace(text)).toStrictEqual([line])
  })
})

describe('repositories, forges and whom to tell', () => {
  const APP = 'name: a, repo: "https://git.example.com/a/b"'
  it.each([
    [`apps: [{${APP}, branch: main, tag: v*}]`, '1:8 apps[0]: takes a branch or a tag, not both'],
    [`apps: [{${APP}, forge: {token: x}}]`, '1:55 apps[0].forge: needs its kind: github, gitea, forgejo, gitlab or bitbucket'],
    [`apps: [{${APP}, forge: {kind: gitlab}}]`, '1:55 apps[0].forge: takes a token, or a githubApp'],
    [
      `apps: [{${APP}, forge: {kind: gitlab, githubApp: {id: Iv1.x, key: k.pem}}}]`,
      '1:77 apps[0].forge.githubApp: is for kind: github',
    ],
    [
      'apps: []\ngit: {forges: {codeberg.org: {githubApp: {id: Iv1.x, key: k.pem}}}}',
      '2:31 git.forges["codeberg.org"].githubApp: is for kind: github',
    ],
    [
      'apps: []\ngit: {forges: {github.com: {token: x, githubApp: {id: Iv1.x, key: k.pem}}}}',
      '2:16 git.forges["github.com"]: takes a token, or a githubApp',
    ],
    [
      'apps: [{name: a, repo: ./a.git, forge: {token: x}}]',
      '1:33 apps[0].forge: is for a repository at a forge, which is no local path',
    ],
    [
      'apps: [{name: a, repo: "https://github.com/a", forge: {token: x}}]',
      '1:48 apps[0].forge: No project of a forge can be told from repo: https://github.com/a: it does not end with owner/name. ' +
        'Give the app the address that its forge shows for cloning, such as https://host/owner/name.git.',
    ],
    [`apps: [{${APP}, previews: {}}]`, '1:55 apps[0].previews: needs a forge to ask for pull requests'],
    [`apps: [{${APP}, auth: {key: k}}]`, '1:55 apps[0].auth: a key is for ssh addresses'],
    [`apps: [{${APP}, verify: {commits: every}}]`, '1:55 apps[0].verify: needs signers or keyring'],
    [
      'apps: []\nfleet: {repo: "https://h/f", path: a.yaml, discover: "*/app.yaml"}',
      '2:1 fleet: takes a path or discover, not both',
    ],
    [
      'apps: []\nfleet: {repo: "https://h/f", discover: "../*/app.yaml"}',
      '2:30 fleet.discover: expected a pattern such as apps/*/app.yaml, got "../*/app.yaml"',
    ],
    [
      'apps: []\ngit: {forges: {git.example.com: {token: x}}}',
      '2:16 git.forges["git.example.com"]: needs its kind: github, gitea, forgejo, gitlab or bitbucket',
    ],
    ['apps: []\nnotify: [{kind: slack}]', '2:10 notify[0]: kind: slack needs url'],
    ['apps: []\nnotify: [{kind: slack, url: "https://h/x", secret: hunter2}]', '2:44 notify[0].secret: is not for kind: slack'],
    ['apps: []\nhooks: {limit: 26M}', '2:9 hooks.limit: expected at most 25M, the most that any forge sends'],
  ])('%s', (text, problem) => {
    expect(problemsOf(text)).toStrictEqual([`platform.yaml:${problem}`])
  })
})
