/** Every folder of examples/ as an app of one platform, in one repository, as `npm start` runs them. */
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { onlyWithRegistry } from '../build/registry.ts'
import { overKinds } from '../support/kinds.ts'
import { TestPlatform, until } from '../support/platform.ts'
import type { Repo } from '../support/repo.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples')
/** App → its folder in the repository. */
const APPS: Record<string, string> = {
  hello: 'examples/hello',
  flask: 'examples/flask',
  site: 'examples/site',
  worker: 'examples/worker',
  'own-buildpack': 'examples/own-buildpack',
  'monorepo-api': 'examples/monorepo/api',
  'monorepo-site': 'examples/monorepo/site',
}

it('no example is left out: each is in here, or in another file beside this one', () => {
  const tests = readdirSync(import.meta.dirname).filter((name) => /^examples.*\.test\.ts$/.test(name))
  const text = tests.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8')).join('')
  const all = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(all.map(({ name }) => name).filter((name) => !text.includes(`'examples/${name}`))).toEqual([])
})

overKinds((kind) => {
  let platform: TestPlatform
  let repo: Repo
  let first: string

  beforeAll(async () => {
    platform = await TestPlatform.make({ kind })
    // The last to be declared, and with the longest build: no other one waits for it.
    const names = Object.keys(APPS).filter((name) => name !== 'flask')
    const apps = [...names, 'flask'].map((name) => ({ name, repo: './all', path: APPS[name] ?? '' }))
    platform.configure({ apps })
    repo = platform.repo('all')
    cpSync(EXAMPLES, join(repo.dir, 'examples'), { recursive: true })
    first = repo.commit('The examples')
    await platform.up()
  })

  afterAll(() => platform?.strike())

  const short = () => first.slice(0, 12)

  it('hello: one file of Node', async () => {
    const status = await platform.live('hello', first)
    expect(status.urls).toEqual([`http://hello.test.localhost:${platform.routerPort}/`])
    const { status: code, headers, body } = await platform.get('hello.test.localhost')
    expect({ code, body }).toEqual({ code: 200, body: `Hello from v1, commit ${short()}\n` })
    expect(headers['content-type']).toBe('text/plain; charset=utf-8')
    expect((await platform.get('hello.test.localhost', '/healthz')).body).toBe('ok\n')
  })

  it('site: files of public/, with ETags, ranges and its own page for what is not there', async () => {
    await platform.live('site', first)
    const host = 'site.test.localhost'
    const index = await platform.get(host)
    expect(index.body).toContain('<h1>A static site</h1>')
    expect(index.headers['content-type']).toMatch(/^text\/html/)
    expect(index.headers.etag).toBeTruthy()
    expect((await platform.get(host, '/style.css')).headers['content-type']).toMatch(/^text\/css/)
    expect(await platform.get(host, '/nothing')).toMatchObject({
      status: 404,
      body: expect.stringContaining('There is no such page'),
    })
  })

  it('worker: the release phase once, then web and worker side by side', async () => {
    const status = await platform.live('worker', first)
    expect(status.processes).toEqual([
      { type: 'web', want: 1, ready: 1 },
      { type: 'worker', want: 1, ready: 1 },
    ])
    expect((await platform.get('worker.test.localhost')).body).toBe(
      `web of v1, commit ${short()}; the worker's ticks are in its log\n`,
    )
    const story = await platform.story('worker', first)
    expect(story.filter((type) => type === 'ReleasePhaseStarted')).toHaveLength(1)
    expect(story.indexOf('ReleasePhaseSucceeded')).toBeGreaterThan(story.indexOf('ReleasePhaseStarted'))
    expect(story.indexOf('RolloutStarted')).toBeGreaterThan(story.indexOf('ReleasePhaseSucceeded'))
    const logs = async (...more: string[]) => (await platform.run('logs', 'worker', ...more)).out
    expect(await logs('-p', 'worker')).toContain('worker of v1 begins')
    expect(await logs('-p', 'worker')).not.toContain('web listens')
    expect(await logs()).toContain('web listens on port')
  })

  it('own-buildpack: its build renders the greeting, its own bin/release names the process', async () => {
    await platform.live('own-buildpack', first)
    expect(await platform.says('own-buildpack')).toBe('Hello, world!\n')
    const log = (await platform.run('logs', 'own-buildpack', '--build')).out
    expect(log).toContain('-----> Rendering the greeting')
    expect(log).toContain('       Hello, world!')
  })

  it('monorepo: a commit in one folder leaves the other app as it is, and both are at the new commit', async () => {
    await platform.live('monorepo-api', first)
    await platform.live('monorepo-site', first)
    expect(JSON.parse(await platform.says('monorepo-api'))).toEqual({ service: 'api', release: 'v1', path: '/' })
    expect(await platform.says('monorepo-site')).toContain('The site of the monorepo')
    const others = Object.keys(APPS).filter((name) => name !== 'monorepo-site' && name !== 'flask')
    for (const name of others) await platform.live(name, first)
    const running = () => others.map((name) => platform.running(name).map(({ name, id }) => `${name} ${id}`))
    const before = running()

    const page = '<!doctype html>\n<title>New</title>\n<h1>A new site</h1>\n'
    const second = repo.write({ 'examples/monorepo/site/index.html': page }).commit('A new site')
    expect((await platform.live('monorepo-site', second)).serving).toMatchObject({ commit: second, release: 2 })
    expect(await platform.says('monorepo-site')).toBe(page)
    for (const name of others) {
      expect((await platform.live(name, second)).serving).toMatchObject({ commit: second, release: 1 })
      expect(await platform.releases(name)).toHaveLength(1)
      expect(await platform.story(name, second)).toEqual(['CommitSeen'])
    }
    expect(running()).toEqual(before)
    // A commit that touches no app at all.
    const third = repo.write({ 'README.md': '# Examples\n' }).commit('A README beside them')
    for (const name of ['monorepo-api', 'monorepo-site', 'hello']) await platform.live(name, third)
    expect(running()).toEqual(before)
    await until(() => platform.running('monorepo-site').length === 1, 'the old site to end')
  })

  it('flask: Python with packages', { timeout: 180_000 }, async (context) => {
    await onlyWithRegistry(context, 'pypi')
    const status = await platform.settled('flask', repo.head(), 170_000)
    expect(status).toMatchObject({ status: 'Live', failure: null })
    expect((await platform.get('flask.test.localhost', '/healthz')).body).toBe('ok\n')
    // It may have been built of the first commit or of a later one, which changed nothing of it.
    expect(await platform.says('flask')).toMatch(/^Hello from Flask, v1, commit [0-9a-f]{12}\n$/)
  })
})
