import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parsePlatform } from '../../src/config/platform.ts'
import { CompiledCli, type Options } from '../support/compiled-cli.ts'

let cli: CompiledCli
let dir: string
beforeAll(async () => {
  cli = await CompiledCli.make()
})
afterAll(() => cli.remove())
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trimtab-cli-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const run = (args: string[], options: Options = {}) => cli.run(args, { cwd: dir, ...options })
const write = (name: string, text: string) => {
  mkdirSync(join(dir, name, '..'), { recursive: true })
  writeFileSync(join(dir, name), text)
}
const read = (name: string) => readFileSync(join(dir, name), 'utf8')

describe('validate', () => {
  it('is content with files that are fine, and with none', async () => {
    expect(await run(['validate'])).toMatchObject({ code: 0, out: expect.stringContaining('every default applies') })
    write('app.yaml', 'env: {A: b}\n')
    write('Procfile', 'web: node server.js\n')
    expect(await run(['validate'])).toMatchObject({ code: 0, out: 'app.yaml, Procfile: fine.\n' })
  })

  it('prints every problem of every file, with its place', async () => {
    write('shop/app.yaml', 'processes:\n  web:\n    scale: many\nbuidl: {}\n')
    write('shop/Procfile', 'web: a\nweb: b\n')
    write('shop/platform.yaml', 'apps: []\npol: 30s\n')
    const { code, out, err } = await run(['validate', 'shop'])
    expect([code, err]).toEqual([1, ''])
    expect(out).toContain('app.yaml:3:5 processes.web.scale: ')
    expect(out).toMatch(/app\.yaml:4:1 buidl: .*build/)
    expect(out).toContain('Procfile:2:1')
    expect(out).toContain('platform.yaml:2:1 pol: ')
    const json = JSON.parse((await run(['validate', 'shop', '--json'])).out)
    expect(json).toMatchObject({ ok: false, files: ['app.yaml', 'Procfile', 'platform.yaml'] })
    expect(json.problems).toHaveLength(4)
  })

  it('checks a list of apps, alone or against a platform', async () => {
    write('apps.yaml', 'apps: [{name: a, repo: "http://git.example.com/a.git", previews: {}}]\n')
    expect(await run(['validate', 'apps.yaml'])).toMatchObject({ code: 0, out: 'apps.yaml: fine.\n' })
    write('p.yaml', 'apps: []\n')
    const { code, out } = await run(['validate', 'apps.yaml', '--config', 'p.yaml'])
    expect([code, out]).toEqual([
      1,
      'apps.yaml:1:18 apps[0].repo: git.allow of platform.yaml does not name http\n' +
        'apps.yaml:1:56 apps[0].previews: needs a forge to ask for pull requests: git.forges of platform.yaml, by host\n',
    ])
    write('lists/prod.yaml', 'apps: [{name: a, repo: ./a}, {name: A, repo: .}]\n')
    expect(await run(['validate', 'lists/prod.yaml'])).toMatchObject({
      code: 1,
      out: expect.stringMatching(
        /^prod\.yaml:1:18 apps\[0\]\.repo: a relative path.*\nprod\.yaml:1:31 apps\[1\]\.name: expected a name/,
      ),
    })
    expect(await run(['validate', 'none.yaml'])).toMatchObject({ code: 1, err: expect.stringContaining('There is no none.yaml') })
  })

  it('tells what the platform at hand cannot do, and without one says nothing of it', async () => {
    write('app.yaml', 'routes: [{host: "*.example.com", rateLimit: 100/s}]\nprocesses: {web: {memory: 1G}}\n')
    expect(await run(['validate'])).toMatchObject({ code: 0, out: 'app.yaml: fine.\n' })
    write('p.yaml', 'apps: []\nruntime: process\n')
    const { code, out } = await run(['validate', '--config', 'p.yaml'])
    expect([code, out.split('\n').map((line) => line.split(',')[0])]).toEqual([
      1,
      [
        'app.yaml processes.web.memory: needs containers',
        'app.yaml routes: *.example.com/: a host with * needs Traefik',
        'app.yaml routes: *.example.com/: rateLimit needs Traefik',
        '',
      ],
    ])
    write('p.yaml', 'apps: []\nruntime: docker\nrouter: {kind: traefik}\n')
    expect(await run(['validate', '--config', 'p.yaml'])).toMatchObject({ code: 0 })
    write('p.yaml', `apps: []\nrouter: {kind: traefik}\nsecrets: {admins: "\${NOT_HERE}"}\n`)
    expect((await run(['validate', '--config', 'p.yaml'])).out).toMatch(/^p\.yaml:3:\d+ secrets\.admins: /)
  })

  it('reads the lines of .buildpacks, where app.yaml names none', async () => {
    write('.buildpacks', '# ours\nnodejs\nhttps://git.example.com/pack.git#v1\n./pack\nhttps://git.example.com/pack.tgz\n')
    const { code, out } = await run(['validate'])
    expect([code, out]).toEqual([1, expect.stringMatching(/^\.buildpacks:5: expected the address of a git repository, .*\n$/)])
    write('app.yaml', 'build: {buildpacks: ["http://git.example.com/pack.git", ./pack]}\n')
    expect(await run(['validate'])).toMatchObject({ code: 0, out: 'app.yaml, .buildpacks: fine.\n' })
    // An operator has the last word on how far a repository may reach.
    write('p.yaml', 'apps: []\n')
    expect((await run(['validate', '--config', 'p.yaml'])).out).toContain('git.allow of platform.yaml does not name http')
    write('p.yaml', 'apps: []\ngit: {allow: [http]}\n')
    expect(await run(['validate', '--config', 'p.yaml'])).toMatchObject({ code: 0 })
  })

  it('checks the platform file that is named', async () => {
    write('p.yaml', 'apps: {}\n')
    expect(await run(['validate', '--config', 'p.yaml'])).toMatchObject({
      code: 1,
      out: expect.stringContaining('p.yaml:1:1 apps:'),
    })
    expect(await run(['validate', '--config', 'none.yaml'])).toMatchObject({ code: 1, err: expect.stringContaining('none.yaml') })
  })
})

describe('init', () => {
  const executable = (name: string) => {
    write(name, '#!/bin/sh\n')
    chmodSync(join(dir, name), 0o755)
  }

  it.each([
    ['Node.js', { 'package.json': '{"name":"@acme/My Shop","scripts":{"start":"node server.js"}}' }, 'web: node server.js\n'],
    ['Node.js', { 'package.json': '{"scripts":{"start":"next start"}}' }, 'web: npm start\n'],
    ['Node.js', { 'package.json': 'not json', 'index.js': '' }, 'web: node index.js\n'],
    ['Python', { 'requirements.txt': 'Flask==3\n', 'app.py': '' }, 'web: flask --app app run --host 0.0.0.0 --port $PORT\n'],
    ['Python', { 'requirements.txt': 'flask\ngunicorn\n', 'main.py': '' }, 'web: gunicorn --bind 0.0.0.0:$PORT main:app\n'],
    [
      'Python',
      { 'pyproject.toml': 'dependencies = ["fastapi"]', 'main.py': '' },
      'web: uvicorn main:app --host 0.0.0.0 --port $PORT\n',
    ],
    ['Python', { 'requirements.txt': '', 'server.py': '' }, 'web: python server.py\n'],
    ['Node.js', { 'server.js': '' }, 'web: node server.js\n'],
    ['static', { 'index.html': '<p>' }, null],
    ['a Ruby app (Gemfile)', { Gemfile: '', 'package.json': '{}' }, null],
    ['a Java app (pom.xml)', { 'pom.xml': '<project/>' }, null],
    ['a PHP app (index.php)', { 'index.php': '', 'index.html': '' }, null],
    ['a Go app (go.mod)', { 'go.mod': 'module x\n' }, null],
    ['a Rust app (Cargo.toml)', { 'Cargo.toml': '' }, null],
    ['an app with a Dockerfile', { Dockerfile: 'FROM scratch\n' }, null],
  ] as Array<[string, Record<string, string>, string | null]>)('proposes files for a %s app', async (kind, files, procfile) => {
    for (const [name, text] of Object.entries(files)) write(name, text)
    const { code, out, err } = await run(['init'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain(kind)
    expect(readdirSync(dir).includes('Procfile') ? read('Procfile') : null).toBe(procfile)
    expect(read('app.yaml')).toMatch(/^# yaml-language-server: \$schema=.*docs\/app\.schema\.json\n/)
    expect(await run(['validate'])).toMatchObject({ code: 0 })
  })

  it('knows an app that is its own buildpack', async () => {
    for (const name of ['bin/detect', 'bin/compile', 'bin/release']) executable(name)
    write('package.json', '{}')
    expect((await run(['init'])).out).toContain('a buildpack of its own')
    expect(read('app.yaml')).not.toContain('buildpacks:')
    expect(await run(['validate'])).toMatchObject({ code: 0 })
  })

  it('leaves an app with a .buildpacks file to that', async () => {
    write('package.json', '{}')
    write('.buildpacks', 'nodejs\n')
    expect((await run(['init'])).out).toContain('an app that names its buildpacks')
    expect(read('app.yaml')).not.toContain('buildpacks:')
    expect(await run(['validate'])).toMatchObject({ code: 0, out: 'app.yaml, .buildpacks: fine.\n' })
  })

  it('never writes over anything, nor through a link', async () => {
    write('package.json', '{}')
    write('Procfile', 'web: mine\nworker: mine\nrelease: mine\n')
    symlinkSync(join(dir, 'elsewhere'), join(dir, 'app.yaml'))
    const { code, out } = await run(['init'])
    expect([code, out.match(/^kept /gm)?.length]).toEqual([0, 2])
    expect(readdirSync(dir).sort()).toEqual(['Procfile', 'app.yaml', 'package.json'])
    expect(read('Procfile')).toContain('mine')
  })

  it('takes its process types from the Procfile that is there', async () => {
    write('package.json', '{}')
    write('Procfile', 'web: a\nworker: b\nrelease: c\n')
    await run(['init'])
    expect(read('app.yaml')).toMatch(/processes:\n {2}web:\n {4}scale: 1\n.*\n {2}worker:\n {4}scale: 1\n# release/)
    expect(await run(['validate'])).toMatchObject({ code: 0 })
  })

  it('writes nothing in a dry run', async () => {
    write('package.json', '{}')
    const { out } = await run(['init', '--dry-run', '--platform'])
    expect(out).toContain('would write')
    expect(readdirSync(dir)).toEqual(['package.json'])
  })

  it('says what to put into platform.yaml', async () => {
    write('repo/services/shop/package.json', '{"name":"shop"}')
    mkdirSync(join(dir, 'repo/.git'))
    expect((await run(['init', 'repo/services/shop'])).out).toContain('  - {name: shop, repo: ./repo, path: services/shop}\n')
    write('platform.yaml', 'apps: []\n')
    expect((await run(['init', 'repo/services/shop'])).out).toContain(`Add it to ${join(dir, 'platform.yaml')} under apps:`)
    expect(read('platform.yaml')).toBe('apps: []\n')
  })

  it('writes a platform.yaml that is valid, if asked', async () => {
    write('app #1/package.json', '{}')
    expect(await run(['init', 'app #1', '--platform'])).toMatchObject({ code: 0, out: expect.stringContaining('git init') })
    const spec = parsePlatform(read('platform.yaml'), { file: join(dir, 'platform.yaml'), env: {} })
    expect(spec.apps).toMatchObject([{ name: 'app-1', repo: join(dir, 'app #1') }])
  })

  it('gives up on what nobody would know', async () => {
    write('README', '')
    expect(await run(['init'])).toMatchObject({ code: 1, out: '', err: expect.stringContaining('package.json') })
    expect(await run(['init', 'nowhere'])).toMatchObject({ code: 1, err: expect.stringContaining('no folder nowhere') })
  })
})
