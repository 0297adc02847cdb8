/** Bad input gets a clear error, and nothing that runs is hurt: each time, another app of the platform is asked all along. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { appYaml, webApp } from '../support/apps.ts'
import { overKinds } from '../support/kinds.ts'
import { need } from '../support/need.ts'
import { TestPlatform, until, type Visitor } from '../support/platform.ts'
import type { Content } from '../support/repo.ts'

/** Ten levels of ten: ten thousand million nodes, were they resolved. */
const BOMB = `x-0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]
${Array.from({ length: 9 }, (_, i) => `x-${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`).join('\n')}
env: {LOL: *a9}
`

/** What a commit holds beside a sound app, and the error it gets. */
const HOSTILE: Array<{ what: string; files: Record<string, Content>; code: string; says: RegExp[] }> = [
  {
    what: 'an app.yaml of 100 MB',
    files: { 'app.yaml': Buffer.alloc(100 * 2 ** 20, '# a comment that does not end\n') },
    code: 'SourceInvalid',
    says: [/app\.yaml/, /larger|large/],
  },
  { what: 'an alias bomb', files: { 'app.yaml': BOMB }, code: 'ManifestInvalid', says: [/app\.yaml:\d+:\d+/, /alias/i] },
  {
    what: 'a process type twice in the Procfile',
    files: { Procfile: 'web: node server.js\nworker: node a.js\nweb: node b.js\n' },
    code: 'ManifestInvalid',
    says: [/Procfile:3/, /web/],
  },
  {
    what: 'unknown keys',
    files: { 'app.yaml': 'proceses:\n  web: {}\nenv: {A: b}\nbuild: {buildpack: nodejs}\n' },
    code: 'ManifestInvalid',
    says: [/app\.yaml:1:1 proceses.*did you mean "processes"/, /app\.yaml:4:\d+ build\.buildpack.*did you mean "buildpacks"/],
  },
  {
    what: 'a process name with ../ in app.yaml',
    files: { 'app.yaml': 'processes:\n  ../../evil: {command: node server.js}\n' },
    code: 'ManifestInvalid',
    says: [/app\.yaml:2:3/, /process type/],
  },
  {
    what: 'a process name with ../ in the Procfile',
    files: { Procfile: 'web: node server.js\n../../evil: node server.js\n' },
    code: 'ManifestInvalid',
    says: [/Procfile:2/],
  },
  {
    what: 'a link out of the tree',
    files: { 'data/passwords': { link: '../../../../../../etc/passwd' } },
    code: 'SourceInvalid',
    says: [/data\/passwords/, /link/],
  },
  {
    what: 'a template in a host name',
    files: { 'app.yaml': 'routes:\n  - host: \'{{ env "HOME" }}.example.test\'\n' },
    code: 'ManifestInvalid',
    says: [/app\.yaml:2:5 routes\[0\]\.host/, /host name/],
  },
  {
    what: 'a rule smuggled into a path',
    files: appYaml({ routes: [{ host: 'a.example.test', path: '/`) || Host(`shop.test.localhost' }] }),
    code: 'ManifestInvalid',
    says: [/app\.yaml:\d+:\d+ routes\[0\]\.path/],
  },
]

overKinds((kind) => {
  let platform: TestPlatform
  let visitor: Visitor
  const apps = () => [
    { name: 'bystander', repo: './bystander' },
    ...HOSTILE.map((_, i) => ({ name: `hostile-${i}`, repo: `./hostile-${i}` })),
    ...['submodule', 'owner', 'rival'].map((name) => ({ name, repo: `./${name}` })),
  ]

  beforeAll(async () => {
    platform = await TestPlatform.make({ kind })
    platform.configure({ apps: apps() })
    for (const { name } of apps()) platform.repo(name)
    const commit = platform.openRepo('bystander').write(webApp('undisturbed')).commit('First')
    await platform.up()
    await platform.live('bystander', commit)
    visitor = platform.visit('bystander')
  })

  afterAll(async () => {
    await visitor?.stop()
    await platform?.strike()
  })

  const undisturbed = async () => {
    const asked = visitor.answered()
    await until(() => visitor.answered() > asked, 'the bystander to answer')
    expect(visitor.lost).toEqual([])
    expect([...visitor.texts]).toEqual(['undisturbed'])
  }

  it.each(HOSTILE.map((one, i) => ({ ...one, app: `hostile-${i}` })))('$what: $code', async ({ app, files, code, says }) => {
    const repo = platform.openRepo(app)
    const good = repo.write(webApp('good')).commit('Good')
    await platform.live(app, good)
    const bad = repo.write(files).commit('Bad')
    const { failure, serving } = await platform.failed(app, bad)
    expect(failure).toMatchObject({ code, commit: bad })
    for (const words of says) expect(failure.message).toMatch(words)
    expect(failure.message.length).toBeLessThan(2_000)
    expect(serving).toMatchObject({ commit: good })
    expect(await platform.says(app)).toBe('good')
    await undisturbed()
  })

  it('a submodule: SourceInvalid', async () => {
    const repo = platform.openRepo('submodule').write(webApp('bad'))
    repo.commit('Before')
    repo.git('update-index', '--add', '--cacheinfo', `160000,${repo.head()},vendor/theirs`)
    repo.git('commit', '--quiet', '--message', 'A submodule')
    const { failure } = await platform.failed('submodule', repo.head())
    expect(failure).toMatchObject({ code: 'SourceInvalid', message: expect.stringContaining('vendor/theirs') })
    await undisturbed()
  })

  it('a route that another app has: the first keeps it, the other is told who has it, and may have it when it is free', async () => {
    const routes = (own: string) => appYaml({ routes: [{ host: [own, 'wanted.example.test'] }] })
    const first = platform
      .openRepo('owner')
      .write({ ...webApp('owner'), ...routes('owner.example.test') })
      .commit('Mine')
    await platform.live('owner', first)
    const second = platform
      .openRepo('rival')
      .write({ ...webApp('rival'), ...routes('rival.example.test') })
      .commit('Mine, too')
    const { failure, serving } = await platform.failed('rival', second)
    expect(failure).toMatchObject({ code: 'RouteTaken', message: expect.stringMatching(/wanted\.example\.test\/ .*"owner"/) })
    expect(serving).toBe(null)
    expect((await platform.get('wanted.example.test')).body).toBe('owner')
    expect((await platform.get('rival.example.test')).status).toBe(404)
    expect(platform.running('rival')).toEqual([])
    await undisturbed()

    const away = platform.openRepo('owner').write({ 'app.yaml': null }).commit('Yours')
    await platform.live('owner', away)
    const { code, out } = await platform.run('sync', 'rival', '--wait')
    expect({ code, out }).toMatchObject({ code: 0 })
    expect((await platform.get('wanted.example.test')).body).toBe('rival')
    expect(await platform.says('owner')).toBe('owner')
    // And the other way round.
    const again = platform.openRepo('owner').revert()
    expect((await platform.failed('owner', again)).failure).toMatchObject({
      code: 'RouteTaken',
      message: expect.stringContaining('"rival"'),
    })
    expect(await platform.says('owner')).toBe('owner')
    await undisturbed()
  })

  it('a second up on the same state ends with 1 and says who has it', async () => {
    const { code, out, err } = await platform.run('up')
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain(`process ${platform.pid}`)
    expect(err).toContain(platform.state)
    await undisturbed()
  })

  it('a state directory of a newer version: up ends with 1, says so, and touches nothing', async () => {
    const before = platform.running('bystander')
    await platform.end()
    const file = join(platform.state, 'trimtab.db')
    const db = new Database(file)
    const known = db.pragma('user_version', { simple: true })
    db.pragma('user_version = 999')
    try {
      const { code, err } = await platform.run('up')
      expect(code).toBe(1)
      expect(err).toMatch(/newer trimtab/)
      expect(err).toContain(file)
      expect(platform.running('bystander')).toEqual(before)
    } finally {
      db.pragma(`user_version = ${known}`)
      db.close()
    }
    await undisturbed()
    await platform.up()
    await platform.live('bystander', platform.openRepo('bystander').head())
    expect(platform.running('bystander')).toEqual(before)
  })

  it.concurrent('no free port: told, tried again by itself, and live when there is one', {
    timeout: kind.isOnHost ? 60_000 : 180_000,
  }, async () => {
    const tight = await TestPlatform.make({ kind })
    try {
      const names = ['first', 'second']
      const of = (...which: string[]) => which.map((name) => ({ name, repo: `./${name}` }))
      tight.configure({ apps: of(...names), extra: await kind.tight(tight.state, tight.routerPort, 2) })
      for (const name of names) tight.repo(name).write(webApp(name)).commit('First')
      await tight.up()
      for (const name of names) await tight.live(name, tight.openRepo(name).head())
      const first = tight.visit('first')
      const commit = tight.openRepo('first').write({ 'text.txt': 'first, changed' }).commit('Needs a port more')
      const { failure, serving } = await tight.failed('first', commit)
      expect(failure).toMatchObject({
        code: 'NoPort',
        message: expect.stringMatching(
          kind.isOnHost ? /No free port in \d+-\d+.*runtime\.ports/s : /No free address.*runtime\.subnet/s,
        ),
      })
      expect(serving).toMatchObject({ release: 1 })
      expect(await tight.says('second')).toBe('second')

      tight.configure({ apps: of('first') })
      await tight.when('first', ({ status }) => status === 'Live')
      expect(await tight.says('first')).toBe('first, changed')
      await first.stop()
      expect(first.lost).toEqual([])
    } finally {
      await tight.strike()
    }
  })

  it.concurrent('a full disk: what runs goes on, and what was asked for is done when there is room', {
    timeout: kind.isOnHost ? 90_000 : 180_000,
  }, async (context) => {
    need(context, 'root', process.getuid?.() === 0 ? null : 'only root may mount a small file system')
    const full = await TestPlatform.make({ kind })
    mkdirSync(full.state)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kind.isOnHost ? 200 : 64}m,mode=700`, 'tmpfs', full.state])
    try {
      const names = ['first', 'second']
      const all = [...names, 'third']
      full.configure({ apps: all.map((name) => ({ name, repo: `./${name}` })), extra: { poll: '1s' } })
      for (const name of all) full.repo(name).write(webApp(name)).commit('First')
      await full.up()
      for (const name of all) await full.live(name, full.openRepo(name).head())
      const before = names.map((name) => full.running(name))
      const both = names.map((name) => full.visit(name))

      const ballast = join(full.state, 'ballast')
      fill(ballast)
      const commit = full
        .openRepo('first')
        .write({ 'text.txt': 'first, changed', 'big.bin': Buffer.alloc(2 ** 20, 'x') })
        .commit('More')
      const status = await full.when('first', ({ failure }) => failure?.code === 'DiskFull')
      expect(status.serving).toMatchObject({ release: 1 })
      expect(status.failure?.message).toMatch(/is full|no room|No space/i)
      // It is still there to be asked, and nothing was stopped.
      expect((await full.run('status')).code).toBe(0)
      expect(names.map((name) => full.running(name))).toEqual(before)
      // One that dies now cannot be started: it could not be noted that it died, and how often.
      const [dead] = full.running('third')
      if (dead) kind.kill(full.state, dead)
      await until(() => full.running('third').length === 0, 'the third to be dead')
      const asked = full.visit('second')
      await until(() => asked.answered() > 200, 'two hundred answers')
      await asked.stop()
      expect(full.ended).toBe(null)

      rmSync(ballast)
      // Failed, with its next try ahead, until that try comes.
      await full.when('first', ({ status, serving }) => status === 'Live' && serving?.commit === commit)
      expect(await full.says('first')).toBe('first, changed')
      await full.when('third', ({ processes }) => processes[0]?.ready === 1)
      expect(await full.says('third')).toBe('third')
      for (const each of both) {
        await each.stop()
        expect(each.lost).toEqual([])
      }
    } finally {
      await full.end()
      await full.run('down')
      execFileSync('umount', [full.state])
      await full.strike()
    }
  })
})

/** Takes all the room there is. */
function fill(file: string): void {
  const chunk = Buffer.alloc(2 ** 20)
  writeFileSync(file, '')
  for (let size = chunk.length; size > 0; size = size === chunk.length ? 512 : size === 512 ? 1 : 0) {
    try {
      for (;;) writeFileSync(file, chunk.subarray(0, size), { flag: 'a' })
    } catch {
      // Full for pieces of this size.
    }
  }
}
