import { describe, expect, it } from 'vitest'
import type { Image, Manifest, Release, RouteSettings } from '../../src/domain.ts'
import { TrimtabError } from '../../src/errors.ts'
import { assemble } from '../../src/release/assemble.ts'
import { environmentOf } from '../../src/release/environment.ts'
import { fingerprintOf } from '../../src/release/fingerprint.ts'
import { processesOf } from '../../src/release/formation.ts'

const STOP = { signal: 'SIGTERM', timeoutMs: 30_000 }
const PLATFORM = { domain: 'apps.test', secrets: {} }
const HEALTH = { intervalMs: 10_000, timeoutMs: 10_000, graceMs: 30_000 }

function manifest(over: Partial<Manifest> = {}): Manifest {
  return { build: { env: {} }, env: {}, processes: {}, ...over }
}

function image(over: Partial<Image> = {}): Image {
  return { key: 'k1', ref: '/slugs/k1', processTypes: {}, configVars: {}, ...over }
}

function refusal(work: () => unknown): { code: string; message: string } {
  try {
    work()
  } catch (error) {
    if (error instanceof TrimtabError) return { ...error.failure, ...(error.retry ? { retry: true } : {}) }
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('processes', () => {
  it('come from the Procfile, in the order of their names, once each', () => {
    const of = manifest({ procfile: { worker: 'node worker.js', web: 'node server.js' } })
    expect(processesOf(of, image({ processTypes: { web: 'npm start', console: 'node' } }))).toEqual([
      { type: 'web', command: 'node server.js', scale: 1, health: HEALTH, stop: STOP },
      { type: 'worker', command: 'node worker.js', scale: 1, health: HEALTH, stop: STOP },
    ])
  })

  it('come from the buildpack where there is no Procfile; an empty Procfile is one', () => {
    const built = image({ processTypes: { web: 'npm start', release: 'npm run migrate' } })
    expect(processesOf(manifest(), built).map((p) => [p.type, p.command])).toEqual([['web', 'npm start']])
    expect(refusal(() => processesOf(manifest({ procfile: {} }), built)).code).toBe('NoProcesses')
  })

  it('take command and settings from app.yaml, and defaults for what it leaves open', () => {
    const of = manifest({
      procfile: { web: 'node server.js', worker: 'node worker.js' },
      processes: {
        web: { command: 'node --prof server.js', scale: 3, health: { path: '/healthz', graceMs: 5_000 } },
        clock: { command: 'node clock.js', scale: 0, stop: { signal: 'SIGINT' }, health: { intervalMs: 1_000 } },
      },
    })
    expect(processesOf(of, image())).toEqual([
      {
        type: 'clock',
        command: 'node clock.js',
        scale: 0,
        health: { ...HEALTH, intervalMs: 1_000 },
        stop: { signal: 'SIGINT', timeoutMs: 30_000 },
      },
      {
        type: 'web',
        command: 'node --prof server.js',
        scale: 3,
        // A health check of its own answers faster than any page may.
        health: { path: '/healthz', intervalMs: 5_000, timeoutMs: 2_000, graceMs: 5_000 },
        stop: STOP,
      },
      // Not named in `processes:`, and not scaled to zero for that.
      { type: 'worker', command: 'node worker.js', scale: 1, health: HEALTH, stop: STOP },
    ])
  })

  it('without a command are refused, all of them at once', () => {
    const of = manifest({ procfile: { web: 'x', api: 'y' }, processes: { wbe: { scale: 2 }, worker: {} } })
    expect(refusal(() => processesOf(of, image()))).toEqual({
      code: 'ManifestInvalid',
      message: [
        'app.yaml processes.wbe: expected a command, here or in the Procfile, got none; there are commands for api, web',
        'app.yaml processes.worker: expected a command, here or in the Procfile, got none; there are commands for api, web',
      ].join('\n'),
    })
    expect(refusal(() => processesOf(manifest({ processes: { web: {} } }), image())).message).toBe(
      'app.yaml processes.web: expected a command, here or in the Procfile, got none',
    )
  })

  it('there are none: says what to do', () => {
    expect(refusal(() => processesOf(manifest(), image()))).toEqual({
      code: 'NoProcesses',
      message:
        'There is nothing to run: no Procfile, no processes with a command in app.yaml, and the buildpack names none. Add a Procfile with a line such as "web: node server.js".',
    })
    const materials = { packs: [], versions: {}, proposed: { web: 'gunicorn app:app' } }
    expect(refusal(() => processesOf(manifest(), { ...image(), materials })).message).toContain(
      'names none. Add a Procfile with the line that the buildpack proposes: "web: gunicorn app:app". The log of the build says more.',
    )
  })
})

describe('a release', () => {
  const app = { name: 'shop' }
  const web = manifest({ procfile: { web: 'node server.js' } })
  const contentOf = (of: Manifest, from = image()) => assemble(app, PLATFORM, of, from).content
  const route = (over: Partial<RouteSettings>): RouteSettings => ({
    host: 'a.test',
    path: '/',
    stripPrefix: false,
    process: 'web',
    ...over,
  })

  it('is made of all that decides what runs', () => {
    const from = image({ configVars: { PATH: '/app/bin', LEVEL: 'debug' } })
    expect(assemble(app, PLATFORM, { ...web, env: { Z: '1', LEVEL: 'info', A: '2' } }, from)).toEqual({
      content: {
        image: from,
        env: { A: '2', LEVEL: 'info', PATH: '/app/bin', Z: '1' },
        processes: [{ type: 'web', command: 'node server.js', scale: 1, health: HEALTH, stop: STOP }],
        routes: [{ host: 'shop.apps.test', path: '/', stripPrefix: false, process: 'web' }],
      },
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
    })
  })

  it('is the same to the letter whatever the order of what it came from', () => {
    const routes = [route({ path: '/b' }), route({ host: 'b.test' }), route({ path: '/a' })]
    const one = { ...manifest({ procfile: { web: 'x', job: 'y' } }), env: { B: '1', A: '2' }, routes }
    const other = { ...manifest({ procfile: { job: 'y', web: 'x' } }), env: { A: '2', B: '1' }, routes: [...routes].reverse() }
    expect(JSON.stringify(assemble(app, PLATFORM, one, image()))).toBe(JSON.stringify(assemble(app, PLATFORM, other, image())))
    expect(contentOf(one).routes.map((r) => r.host + r.path)).toEqual(['a.test/a', 'a.test/b', 'b.test/'])
  })

  it('has a route of its own only if there is a web process', () => {
    expect(contentOf(manifest({ procfile: { worker: 'x' } })).routes).toEqual([])
    expect(contentOf({ ...web, routes: [] }).routes).toEqual([])
  })

  it('refuses routes to processes that are not there, all of them at once', () => {
    const routes = [route({}), route({ host: 'b.test', path: '/api', process: 'api' }), route({ host: 'c.test', process: 'wbe' })]
    expect(refusal(() => contentOf({ ...web, routes }))).toEqual({
      code: 'ManifestInvalid',
      message: [
        'app.yaml routes: b.test/api: expected one of the processes (web), got "api"',
        'app.yaml routes: c.test/: expected one of the processes (web), got "wbe"',
      ].join('\n'),
    })
  })

  it('has its routes in the order in which people are shown them: by name, then wildcards, then redirects', () => {
    const redirect = { process: '', options: { redirect: 'https://a.test' } }
    const routes = [route({ host: '*.a.test' }), route({ host: '0.test', ...redirect }), route({ host: 'z.test' }), route({})]
    expect(contentOf({ ...web, routes }).routes.map((r) => r.host)).toEqual(['a.test', 'z.test', '*.a.test', '0.test'])
  })

  it('leaves redirects alone: they lead to no process', () => {
    const routes = [route({ process: '', options: { redirect: 'https://b.test' } })]
    expect(contentOf({ ...web, routes }).routes).toEqual(routes)
  })

  describe('with basicAuth', () => {
    const users = ['ann:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW', 'bob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=']
    const guarded = { ...web, routes: [route({ options: { sticky: true, basicAuthSecret: 'admins' } })] }
    const given = (admins?: string) =>
      assemble(app, { domain: 'd', secrets: admins === undefined ? {} : { admins } }, guarded, image())

    it('holds the lines of the secret in place of its name', () => {
      const { content, fingerprint } = given(`# who may\n\n ${users[0]}\r\n${users[1]}\n`)
      expect(content.routes).toEqual([{ ...route({}), options: { sticky: true, basicAuth: users } }])
      expect(fingerprint).toBe(assemble(app, PLATFORM, web, image()).fingerprint)
    })

    it('takes every hash that htpasswd makes and Traefik checks', () => {
      for (const line of [
        ...users,
        'a:$2a$10$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW',
        'b:$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0',
      ])
        expect(given(line).content.routes[0]?.options?.basicAuth).toEqual([line])
    })

    const asPrinted = 'a name and its hash ($2y$…, $apr1$… or {SHA}…), as "htpasswd -nB <name>" prints them, never a password'
    const noLine = (line: number) => `line ${line} of the secret "admins" is no line of htpasswd: expected ${asPrinted}`
    it.each<[what: string, secret: string | undefined, problem: string]>([
      ['no secret', undefined, 'there is no secret "admins"; the operator adds it to platform.yaml (secrets: {admins: …})'],
      ['a password', `${users[0]}\nbob:hunter2`, noLine(2)],
      ['no name', users[0]?.slice(4) ?? '', noLine(1)],
      ['two colons', `a:${users[0]}`, noLine(1)],
      ['crypt(3)', 'ann:rl0uE0vXcPF0.', noLine(1)],
      ['a hash cut short', users[0]?.slice(0, -1) ?? '', noLine(1)],
      ['a template', `{{x}}:${users[0]?.slice(4)}`, noLine(1)],
      ['something else', 'sk_live_hunter2', noLine(1)],
      ['nothing', '\n# nobody\n', 'the secret "admins" holds no line of htpasswd'],
      [
        'the same user twice',
        `${users[0]}\nann:${users[1]?.slice(4)}`,
        'line 2 of the secret "admins" is a second line of the same user',
      ],
    ])('%s: is told without the secret', (_what, secret, problem) => {
      expect(refusal(() => given(secret))).toEqual({
        code: 'ManifestInvalid',
        message: `app.yaml routes: a.test/: basicAuth: ${problem}`,
      })
    })

    it('knows no secrets but those that were declared', () => {
      const routes = [route({ options: { basicAuthSecret: 'constructor' } })]
      expect(refusal(() => contentOf({ ...web, routes })).message).toContain('there is no secret "constructor"')
    })
  })

  it('takes its release phase from app.yaml, the Procfile, or a buildpack where there is no Procfile', () => {
    const built = image({ processTypes: { web: 'npm start', release: 'built-in' } })
    expect(contentOf({ ...web, release: 'mine' }, built).release).toBe('mine')
    expect(contentOf(manifest(), built).release).toBe('built-in')
    expect('release' in contentOf(web, built)).toBe(false)
  })
})

describe('a fingerprint', () => {
  const { content, fingerprint } = assemble(
    { name: 'shop' },
    PLATFORM,
    manifest({ procfile: { web: 'x', worker: 'y' }, env: { A: '1' }, release: 'migrate' }),
    image(),
  )
  const processes = (change: object) => content.processes.map((p) => ({ ...p, ...change }))

  it('is the same where nothing of an instance differs: scale, routes, where the image lies', () => {
    expect(fingerprintOf({ ...content, processes: processes({ scale: 9 }) })).toBe(fingerprint)
    expect(fingerprintOf({ ...content, routes: [] })).toBe(fingerprint)
    expect(fingerprintOf({ ...content, image: { ...content.image, ref: '/elsewhere' } })).toBe(fingerprint)
  })

  it('is another for anything an instance is made of', () => {
    const { release: _, ...without } = content
    const others = [
      { ...content, image: { ...content.image, key: 'k2' } },
      { ...content, env: { A: '2' } },
      { ...content, env: { A: '1', B: '' } },
      { ...content, processes: processes({ command: 'z' }) },
      { ...content, processes: processes({ stop: { ...STOP, signal: 'SIGINT' } }) },
      { ...content, processes: processes({ health: { ...HEALTH, path: '/' } }) },
      { ...content, processes: content.processes.slice(1) },
      { ...content, release: 'other' },
      without,
    ].map(fingerprintOf)
    expect(new Set([fingerprint, ...others]).size).toBe(others.length + 1)
  })
})

it('tells an instance who it is, whatever the app’s config says', () => {
  const { content, fingerprint } = assemble(
    { name: 'shop' },
    PLATFORM,
    manifest({ procfile: { web: 'x' }, env: { APP_NAME: 'wrong', LEVEL: 'info' } }),
    image({ configVars: { LEVEL: 'debug', HOME: '/app' } }),
  )
  const commit = 'c'.repeat(40)
  const release: Release = {
    app: 'shop',
    version: 12,
    commit,
    content,
    fingerprint,
    built: true,
    createdAt: 1,
    createdBy: 'git',
    status: 'live',
  }
  expect(environmentOf(release, 'web', 2)).toEqual({
    APP_NAME: 'shop',
    HOME: '/app',
    INSTANCE: '2',
    LEVEL: 'info',
    PROCESS: 'web',
    RELEASE_VERSION: 'v12',
    SOURCE_VERSION: commit,
  })
})
