/** A commit that is not good: the old release serves on, it is told why, and nothing is tried again unasked. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { appYaml, ownBuild, webAndWorker, webApp } from '../support/apps.ts'
import { type GitHttp, startGitHttp } from '../support/githttp.ts'
import { overKinds } from '../support/kinds.ts'
import { type Outside, startOutside } from '../support/outside.ts'
import { TestPlatform, until } from '../support/platform.ts'
import type { Content } from '../support/repo.ts'

/** How a commit goes wrong; the code it is told with, and what the message holds. */
const BAD: Array<{ how: string; files: Record<string, Content>; code: string; says: RegExp[] }> = [
  {
    how: 'does not build',
    files: ownBuild('echo the compiler says no; exit 3', 'bad'),
    code: 'BuildFailed',
    says: [/the compiler says no/],
  },
  {
    how: 'builds for too long',
    files: { ...ownBuild('echo thinking; sleep 60', 'bad'), ...appYaml({ build: { timeout: '1s' } }) },
    code: 'BuildTimeout',
    says: [/1 ?s/],
  },
  {
    how: 'has broken YAML',
    files: { 'app.yaml': 'processes:\n  web: {scale: 2\n' },
    code: 'ManifestInvalid',
    says: [/app\.yaml:\d+:\d+/],
  },
  {
    how: 'exits at start',
    files: { 'server.js': 'console.error("no database here"); process.exit(3)\n' },
    code: 'CrashLoop',
    says: [/exit code 3/, /no database here/, /node server\.js/],
  },
  {
    how: 'never becomes ready',
    files: {
      'server.js': 'console.log("still thinking"); setInterval(() => {}, 1000)\n',
      ...appYaml({ processes: { web: { health: { grace: '6s' } } } }),
    },
    code: 'NotReady',
    says: [/did not answer/, /PORT/, /still thinking/],
  },
  {
    how: 'answers its health check with an error',
    files: {
      'server.js':
        "import('node:http').then((h) => h.createServer((q, r) => { r.statusCode = 500; r.end() }).listen(process.env.PORT))\n",
      ...appYaml({ processes: { web: { health: { path: '/healthz', grace: '6s' } } } }),
    },
    code: 'NotReady',
    says: [/GET \/healthz/],
  },
  {
    how: 'fails its release phase',
    files: { Procfile: 'web: node server.js\nrelease: echo cannot migrate; exit 4\n' },
    code: 'ReleaseFailed',
    says: [/exit code 4/, /cannot migrate/],
  },
  {
    how: 'has a worker that exits',
    // Without a port there is nothing to ask it: it must end within the time that counts as its proof.
    files: { Procfile: 'web: node server.js\nworker: echo no queue here; exit 5\n' },
    code: 'CrashLoop',
    says: [/worker/, /exit code 5/, /no queue here/],
  },
]

overKinds((kind) => {
  let platform: TestPlatform
  let outside: Outside
  let http: GitHttp

  beforeAll(async () => {
    outside = await startOutside()
    platform = await TestPlatform.make({ kind })
    http = await startGitHttp(platform.dir)
    const local = [...BAD.map((_, i) => `bad-${i}`), 'first', 'permit', 'loop', 'still', 'alone']
    platform.configure({
      extra: { poll: '1s' },
      apps: [
        ...local.map((name) => ({ name, repo: `./${name}` })),
        { name: 'stubborn', repo: `${http.url}/stubborn/.git`, branch: 'main' },
      ],
    })
    for (const name of [...local, 'stubborn']) platform.repo(name)
    await platform.up()
  })

  afterAll(async () => {
    await http?.close()
    await platform?.strike()
    await outside?.end()
  })

  const ids = (app: string) => platform.running(app).map(({ id }) => id)

  it('a failed commit is not tried again by itself, but when somebody asks, and the next one is', async () => {
    const repo = platform.openRepo('stubborn')
    const good = repo.write(webApp('good')).commit('Good')
    await platform.live('stubborn', good)
    const bad = repo.write(ownBuild('echo the compiler says no; exit 3', 'bad')).commit('Bad')
    await platform.failed('stubborn', bad)
    const told = await platform.story('stubborn', bad)
    const polls = http.requests.length
    await until(() => http.requests.length >= polls + 3, 'three more polls')
    expect(await platform.story('stubborn', bad)).toEqual(told)
    expect((await platform.client.plan('stubborn'))[0]?.actions).toEqual([])
    // Not even by a new start.
    await platform.end('SIGKILL')
    await platform.up()
    await platform.failed('stubborn', bad)
    expect(await platform.story('stubborn', bad)).toEqual(told)

    const { code, out } = await platform.run('sync', 'stubborn', '--wait')
    expect(code).toBe(1)
    expect(out).toContain('the compiler says no')
    const again = await platform.story('stubborn', bad)
    expect(again.filter((type) => type === 'BuildStarted')).toHaveLength(2)
    expect(again.filter((type) => type === 'RolloutFailed')).toHaveLength(2)
    expect(await platform.says('stubborn')).toBe('good')

    const better = repo.write({ ...webApp('better'), bin: null }).commit('Better')
    await platform.live('stubborn', better)
    expect(await platform.says('stubborn')).toBe('better')
  })

  // From here on side by side: one app's trouble is not the other's.
  it.concurrent('a live app that crashes again and again is called that, and recovers when it stops', {
    timeout: kind.isOnHost ? 60_000 : 180_000,
  }, async () => {
    const trip = outside.gate('trip')
    const server = `if ((await fetch(process.env.TRIP)).ok) { console.error('tripped over it'); process.exit(7) }
await import('./server.js')
`
    const commit = platform
      .openRepo('loop')
      .write({ ...webApp('up'), 'trip.js': server, Procfile: 'web: node trip.js\n', ...appYaml({ env: { TRIP: trip.url } }) })
      .commit('Trips')
    await platform.live('loop', commit)
    trip.open()
    await platform.get('loop.test.localhost', '/exit?code=7')
    const status = await platform.when('loop', ({ status }) => status === 'Failed', 120_000)
    expect(status).toMatchObject({ serving: { commit }, failure: { code: 'CrashLoop', commit } })
    expect(status.failure?.message).toMatch(/web ended 5 times in a row/)
    expect(status.failure?.message).toContain('tripped over it')
    trip.close()
    await platform.when('loop', ({ status }) => status === 'Live')
    expect(await platform.says('loop')).toBe('up')
    expect((await platform.status('loop')).failure).toBe(null)
    expect((await platform.events('loop')).filter(({ type }) => type === 'InstanceExited').length).toBeGreaterThanOrEqual(5)
    // Each of them was a start of the same release.
    expect(await platform.releases('loop')).toHaveLength(1)
  })

  it.concurrent.each(BAD.map((bad, i) => ({ ...bad, app: `bad-${i}` })))(
    'a commit that $how: $code',
    async ({ app, files, code, says }) => {
      const repo = platform.openRepo(app)
      const good = repo.write(webApp('good')).commit('Good')
      await platform.live(app, good)
      const before = ids(app)
      const visitor = platform.visit(app)

      const bad = repo.write(files).commit('Bad')
      const status = await platform.failed(app, bad)
      expect(status.failure).toMatchObject({ code, commit: bad })
      for (const words of says) expect(status.failure.message).toMatch(words)
      expect(status).toMatchObject({ desired: { commit: bad }, serving: { commit: good, release: 1 } })
      expect((await platform.story(app, bad)).filter((type) => type === 'RolloutFailed')).toHaveLength(1)
      await until(() => ids(app).join() === before.join(), 'nothing but the good release to run')
      expect(await platform.says(app)).toBe('good')

      const better = repo.write({ ...webApp('better'), 'app.yaml': null, bin: null }).commit('Better')
      await platform.live(app, better)
      await until(() => !ids(app).some((id) => before.includes(id)), 'the first instance to end')
      await visitor.stop()
      expect(visitor.lost).toEqual([])
      expect(visitor.answered()).toBeGreaterThan(20)
      expect([...visitor.texts]).toEqual(['good', 'better'])
      expect((await platform.releases(app)).some((release) => release.commit === bad && release.status !== 'failed')).toBe(false)
    },
  )

  it.concurrent('what kept a build from succeeding is put right outside of git: sync makes the same commit live', async () => {
    const permit = outside.gate('permit')
    const commit = platform
      .openRepo('permit')
      .write(ownBuild(`${permit.isOpen} || { echo no permit; exit 1; }`, 'permitted'))
      .commit('Needs a permit')
    expect((await platform.failed('permit', commit)).failure.message).toContain('no permit')
    permit.open()
    const { code, out } = await platform.run('sync', 'permit', '--wait')
    expect({ code, out }).toMatchObject({ code: 0 })
    expect(await platform.says('permit')).toBe('permitted')
  })

  it.concurrent('a first commit that fails leaves nothing running, and no route', async () => {
    const repo = platform.openRepo('first')
    const bad = repo.write(webAndWorker('bad', { 'server.js': 'process.exit(1)\n' })).commit('First')
    const status = await platform.failed('first', bad)
    expect(status).toMatchObject({ serving: null, failure: { code: 'CrashLoop' } })
    await until(() => platform.running('first').length === 0, 'the worker to end, too')
    expect(await platform.says('first')).toBe('status 404')
    const good = repo.write(webApp('good')).commit('Second')
    await platform.live('first', good)
    expect(await platform.says('first')).toBe('good')
  })

  it.concurrent('an instance that stands still leaves the routes and is replaced', {
    timeout: kind.isOnHost ? 60_000 : 180_000,
  }, async () => {
    const health = { path: '/healthz', interval: '1s', timeout: '500ms' }
    const commit = platform
      .openRepo('still')
      .write({ ...webApp('up'), ...appYaml({ processes: { web: { scale: 2, health, stop: { timeout: '1s' } } } }) })
      .commit('Two')
    await platform.live('still', commit)
    const [frozen, other] = platform.running('still')
    if (!frozen || !other) throw new Error('two should run')
    kind.freeze(platform.state, frozen)
    await until(async () => (await platform.story('still', commit)).includes('InstanceUnhealthy'), 'it to be noticed')
    await until(() => platform.running('still').length === 2 && !ids('still').includes(frozen.id), 'it to be replaced')
    expect(ids('still')).toContain(other.id)
    const visitor = platform.visit('still')
    await until(() => visitor.answered() > 50, 'fifty answers')
    await visitor.stop()
    expect(visitor.lost).toEqual([])
    await platform.live('still', commit)
  })

  it.concurrent('so is the only one there is', { timeout: kind.isOnHost ? 60_000 : 180_000 }, async () => {
    const health = { path: '/healthz', interval: '1s', timeout: '500ms' }
    const commit = platform
      .openRepo('alone')
      .write({ ...webApp('up'), ...appYaml({ processes: { web: { health, stop: { timeout: '1s' } } } }) })
      .commit('One')
    await platform.live('alone', commit)
    const [frozen] = platform.running('alone')
    if (!frozen) throw new Error('one should run')
    kind.freeze(platform.state, frozen)
    await until(() => platform.running('alone').length === 1 && !ids('alone').includes(frozen.id), 'it to be replaced')
    await platform.live('alone', commit)
    expect(await platform.says('alone')).toBe('up')
  })
})
