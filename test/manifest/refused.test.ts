import { describe, expect, it } from 'vitest'
import { problemsOf } from './problems.ts'

const LATER = 'not available yet in this version'

it('tells every problem of both files at once, in their order', () => {
  const appYaml = `name: Shop
env:
  PORT: 3
  LIST: [a]
processes:
  web:
    scale: many
    helth: {}
routes:
  - {path: shop}
nmae: x
`
  expect(problemsOf(appYaml, 'web: a\nweb: b\nno colon')).toStrictEqual([
    'app.yaml:1:1 name: expected a name of lower-case letters, digits and -, beginning with a letter, at most 40 long, got "Shop"',
    'app.yaml:3:3 env.PORT: is set by the platform; take another name',
    'app.yaml:4:3 env.LIST: expected text, a number, true or false, got a list',
    'app.yaml:7:5 processes.web.scale: expected a whole number from 0 to 100, got "many"',
    'app.yaml:8:5 processes.web.helth: unknown key (did you mean "health"?)',
    'app.yaml:10:5 routes[0].host: expected a host name such as shop.example.com, but it is missing',
    'app.yaml:10:6 routes[0].path: expected a path such as /shop, got "shop"',
    'app.yaml:11:1 nmae: unknown key (did you mean "name"?)',
    'Procfile:2:1 web: is there already, on line 1',
    'Procfile:3:1 expected "type: command", got "no colon"',
  ])
})

describe('keys of the design that no code honours yet', () => {
  it.each([
    ['env: {K: {secret: stripe-key}}', '1:7 env.K', `secrets are ${LATER}`],
    ['build: {env: {K: {sealed: "age…"}}}', '1:15 build.env.K', `secrets are ${LATER}`],
    [
      'processes: {web: {scale: {min: 1, max: 6, cpu: 70}}}',
      '1:19 processes.web.scale',
      `scaling by load ({min, max, cpu}) is ${LATER}`,
    ],
    ['cron: []', '1:1 cron', LATER],
    ['services: [postgres]', '1:1 services', LATER],
    ['volumes:', '1:1 volumes', LATER],
  ])('%s', (text, where, message) => {
    expect(problemsOf(text)).toStrictEqual([`app.yaml:${where}: ${message}`])
  })
})

describe('values', () => {
  const path = 'expected a path such as /shop'
  const host = 'expected a host name such as shop.example.com'
  const duration = 'expected a duration such as 500ms, 30s or 1h30m'
  it.each([
    ['processes: {web: {scale: -1}}', '1:19 processes.web.scale: expected a whole number from 0 to 100, got -1'],
    ['processes: {web: {scale: 101}}', '1:19 processes.web.scale: expected a whole number from 0 to 100, got 101'],
    ['processes: {web: {scale: 1.5}}', '1:19 processes.web.scale: expected a whole number from 0 to 100, got 1.5'],
    ['processes: {web: {scale: "2"}}', '1:19 processes.web.scale: expected a whole number from 0 to 100, got "2"'],
    ['processes: {web: {scale: 1e999}}', '1:19 processes.web.scale: expected a whole number from 0 to 100, got 1e999'],
    ['processes: {web: }', '1:13 processes.web: expected a mapping of scale, command, health, stop, memory, …, got nothing'],
    ['processes: [web]', '1:1 processes: expected a mapping of process types, got a list'],
    ['processes: {web: {command: " "}}', '1:19 processes.web.command: expected a command, got " "'],
    ['processes: {web: {command: "a\\0b"}}', '1:19 processes.web.command: holds a NUL character, which no command can'],
    [
      'processes: {web: {stop: {signal: TERM}}}',
      '1:26 processes.web.stop.signal: expected one of SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH (did you mean "SIGTERM"?), got "TERM"',
    ],
    ['processes: {web: {stop: {timeout: 30}}}', `1:26 processes.web.stop.timeout: ${duration} (with its unit), got 30`],
    [
      'processes: {web: {health: {interval: 1ms}}}',
      '1:28 processes.web.health.interval: expected a duration from 100ms to 1h, got "1ms"',
    ],
    ['processes: {web: {health: {path: "a b"}}}', '1:28 processes.web.health.path: expected a path such as /healthz, got "a b"'],
    ['build: {timeout: soon}', `1:9 build.timeout: ${duration}, got "soon"`],
    ['build: {timeout: 25h}', '1:9 build.timeout: expected a duration from 100ms to 24h, got "25h"'],
    [
      'build: {buildpacks: []}',
      '1:9 build.buildpacks: expected at least one buildpack; leave the key out to have it detected, got a list',
    ],
    [
      'build: {buildpacks: [nodjs]}',
      '1:22 build.buildpacks[0]: expected one of go, java, nodejs, php, python, ruby, rust, static, ./path in the repository, or a git address (did you mean "nodejs"?), got "nodjs"',
    ],
    [
      'build: {buildpacks: [heroku/scala]}',
      '1:22 build.buildpacks[0]: expected one of go, java, nodejs, php, python, ruby, rust, static, ./path in the repository, or a git address; a buildpack of Heroku\'s registry goes by the address of its git repository, got "heroku/scala"',
    ],
    [
      'build: {buildpacks: [./a/../../b]}',
      '1:22 build.buildpacks[0]: expected a folder inside the repository, such as ./buildpack, got "./a/../../b"',
    ],
    [
      'build: {buildpacks: [~/packs]}',
      '1:22 build.buildpacks[0]: expected an address such as https://host/path, ssh://user@host/path or user@host:path, got "~/packs"',
    ],
    ['env: {A-B: c}', '1:7 env.A-B: expected a name of letters, digits and _, got "A-B"'],
    ['env: {A: }', '1:7 env.A: expected text, a number, true or false, got nothing'],
    ['env: {A: "b\\0c"}', '1:7 env.A: holds a NUL character, which no environment can'],
    ['release: 3', '1:1 release: expected a command, got 3'],
    ['routes: {host: a.b}', '1:1 routes: expected a list of routes such as [{host: shop.example.com}], got a mapping'],
    ['routes: [a.b]', '1:10 routes[0]: expected a mapping such as {host: shop.example.com}, got "a.b"'],
    ['routes: [{host: Shop.b}]', `1:11 routes[0].host: ${host} in lower case, got "Shop.b"`],
    ['routes: [{host: "{{x}}"}]', `1:11 routes[0].host: ${host}, got "{{x}}"`],
    ['routes: [{host: "a`b"}]', `1:11 routes[0].host: ${host}, got "a\`b"`],
    ['routes: [{host: "a.b:80"}]', `1:11 routes[0].host: ${host} alone, without scheme, port or path, got "a.b:80"`],
    ['routes: [{host: bücher.de}]', `1:11 routes[0].host: ${host} in ASCII: write it as punycode (xn--…), got "bücher.de"`],
    [`routes: [{host: ${'a'.repeat(64)}.b}]`, `1:11 routes[0].host: ${host}, got "${'a'.repeat(59)}…"`],
    [
      `routes: [{host: ${'a.'.repeat(127)}b}]`,
      `1:11 routes[0].host: ${host}, at most 253 characters long, got "${`${'a.'.repeat(30)}`.slice(0, 59)}…"`,
    ],
    ['routes: [{host: a.b, path: "/{{x}}"}]', `1:22 routes[0].path: ${path}, got "/{{x}}"`],
    ['routes: [{host: a.b, path: "/a`"}]', `1:22 routes[0].path: ${path}, got "/a\`"`],
    ['routes: [{host: a.b, path: /a/../b}]', `1:22 routes[0].path: ${path}, got "/a/../b"`],
    ['routes: [{host: a.b, path: "/a\\tb"}]', `1:22 routes[0].path: ${path}, got "/a\\tb"`],
    ['routes: [{host: a.b, path: /a%2e}]', `1:22 routes[0].path: ${path}, got "/a%2e"`],
    ['routes: [{host: a.b, stripPrefix: yes}]', '1:22 routes[0].stripPrefix: expected true or false, got "yes"'],
    [
      'routes: [{host: a.b, process: ../x}]',
      '1:22 routes[0].process: expected a process type of letters, digits, - and _, at most 31 long, got "../x"',
    ],
    ['routes: [{host: a.b}, {host: c.d}, {host: a.b, path: /}]', '1:36 routes[2]: is the same host and path as routes[0]'],
    ['routes: [{host: a.b, path: /x/}, {host: a.b, path: /x}]', '1:34 routes[1]: is the same host and path as routes[0]'],
    [
      'processes: {release: {}}',
      '1:13 processes.release: release is not a process type; its command goes to the key "release" at the top',
    ],
    [
      'processes: {../x: {}}',
      '1:13 processes["../x"]: expected a process type of letters, digits, - and _, at most 31 long, got "../x"',
    ],
    ['- a', '1:1 expected a mapping of name, build, env, processes, release, …, got a list'],
    ['just text', '1:1 expected a mapping of name, build, env, processes, release, …, got "just text"'],
  ])('%s', (text, line) => {
    expect(problemsOf(text)).toStrictEqual([`app.yaml:${line}`])
  })
})

describe('Procfile', () => {
  const type = 'expected a process type of letters, digits, - and _, at most 31 long'
  it.each([
    ['web: a\nweb: b', '2:1 web: is there already, on line 1'],
    ['release: a\n\nrelease: b', '3:1 release: is there already, on line 1'],
    ['web node', '1:1 expected "type: command", got "web node"'],
    ['  web: a', '1:1 expected "type: command", got "  web: a"'],
    ['../x: a', '1:1 expected "type: command", got "../x: a"'],
    ['web:', '1:1 web: expected a command, got nothing'],
    ['_a: b', `1:1 ${type}, got "_a"`],
    [`${'a'.repeat(32)}: b`, `1:1 ${type}, got "${'a'.repeat(32)}"`],
    ['constructor: a', '1:1 constructor: this name cannot be used as a process type'],
    ['__proto__: a', `1:1 ${type}, got "__proto__"`],
    ['web: a\0b', '1:7 holds the control character U+0000'],
  ])('%j', (text, line) => {
    expect(problemsOf(null, text)).toStrictEqual([`Procfile:${line}`])
  })

  it('may not name a process that app.yaml cannot configure', () => {
    const free = 'keys that begin with x- are free and never read; give the process of the Procfile another name'
    expect(problemsOf('processes: {x-q: {scale: 2}}', 'x-q: a')).toStrictEqual([`app.yaml:1:13 processes.x-q: ${free}`])
    expect(problemsOf(null, 'x-q: a')).toStrictEqual([])
  })
})
