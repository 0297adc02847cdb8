/** Where commits come from, and what becomes of an app when that changes, is damaged or goes away. */
import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { webApp } from '../support/apps.ts'
import { type GitHttp, startGitHttp } from '../support/githttp.ts'
import { overKinds } from '../support/kinds.ts'
import { need } from '../support/need.ts'
import { TestPlatform, until } from '../support/platform.ts'
import { makeRepo } from '../support/repo.ts'
import { type Sshd, sshdMissing, startSshd } from '../support/sshd.ts'

const TOKEN = 'a-token-that-nobody-may-see-7f3a'
const LOCAL = ['default', 'forced', 'deleted', 'empty', 'gone', 'replaced', 'folder']
const noSshd = sshdMissing()

overKinds((kind) => {
  let platform: TestPlatform
  let open: GitHttp
  let closed: GitHttp
  let sshd: Sshd | undefined

  beforeAll(async () => {
    platform = await TestPlatform.make({ kind })
    open = await startGitHttp(platform.dir)
    closed = await startGitHttp(platform.dir, { auth: { username: 'x-access-token', password: TOKEN } })
    if (!noSshd) sshd = await startSshd(join(platform.dir, 'sshd'))
    platform.configure({
      extra: { poll: '1s' },
      env: { HIDDEN_TOKEN: TOKEN, WRONG_TOKEN: `${TOKEN}-not`, ...(sshd && { GIT_SSH_COMMAND: sshd.command }) },
      apps: [
        ...LOCAL.filter((name) => name !== 'folder').map((name) => ({ name, repo: `./${name}` })),
        { name: 'folder', repo: './folder', path: 'services/shop' },
        { name: 'named', repo: './deleted', branch: 'release/one' },
        { name: 'file', repo: `file://${join(platform.dir, 'default')}` },
        { name: 'remote', repo: `${open.url}/remote/.git` },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the operator writes
        { name: 'private', repo: `${closed.url}/private/.git`, auth: { token: '${HIDDEN_TOKEN}' } },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the operator writes
        { name: 'refused', repo: `${closed.url}/private/.git/`, auth: { token: '${WRONG_TOKEN}' } },
        ...(sshd ? [{ name: 'ssh', repo: `${sshd.url}${join(platform.dir, 'remote')}` }] : []),
      ],
    })
    for (const name of [...LOCAL, 'remote', 'private']) platform.repo(name)
    await platform.up()
  })

  afterAll(async () => {
    await open?.close()
    await closed?.close()
    await sshd?.close()
    await platform?.strike()
  })

  const ids = (app: string) => platform.running(app).map(({ id }) => id)
  const failing = (app: string, code: string) => platform.when(app, ({ failure }) => failure?.code === code)

  it('without a branch it is the one that HEAD names, also when HEAD names another', async () => {
    const repo = platform.openRepo('default')
    const main = repo.write(webApp('main')).commit('Main')
    await platform.live('default', main)
    repo.git('switch', '--quiet', '--create', 'trunk')
    const trunk = repo.write({ 'text.txt': 'trunk' }).commit('Trunk')
    await platform.live('default', trunk)
    expect(await platform.says('default')).toBe('trunk')
    // The same repository by its file:// address: polled, or watched, but the same commits.
    await platform.live('file', trunk)
    repo.git('switch', '--quiet', 'main')
    await platform.live('default', main)
    await platform.live('file', main)
    expect(await platform.says('file')).toBe('main')
  })

  it('a branch that is pushed by force is followed, and that is told', async () => {
    const repo = platform.openRepo('forced')
    repo.write(webApp('root')).commit('Root')
    const first = repo.write({ 'text.txt': 'one' }).commit('One')
    await platform.live('forced', first)
    // In one step, as a push is.
    repo.write({ 'text.txt': 'rewritten' }).git('commit', '--quiet', '--all', '--amend', '--message', 'Rewritten')
    const second = repo.head()
    await platform.live('forced', second)
    expect(await platform.says('forced')).toBe('rewritten')
    expect(await platform.story('forced', second)).toContain('HistoryRewritten')
    expect(await platform.story('forced', first)).not.toContain('HistoryRewritten')
  })

  it('a branch that is deleted: nothing stops; it is recreated: it goes on', async () => {
    const repo = platform.openRepo('deleted')
    repo.write(webApp('main')).commit('Main')
    repo.git('switch', '--quiet', '--create', 'release/one')
    const first = repo.write({ 'text.txt': 'one' }).commit('One')
    await platform.live('named', first)
    const before = ids('named')
    repo.git('switch', '--quiet', 'main')
    repo.git('branch', '--quiet', '-D', 'release/one')
    // A name that could not be beside the old one.
    repo.git('branch', 'release')
    // It may have been looked at before the new branch was there.
    const says = /has no branch release\/one\..*main.*release/s
    const status = await platform.when('named', ({ failure }) => says.test(failure?.message ?? ''))
    expect(status).toMatchObject({ status: 'Failed', serving: { commit: first }, failure: { code: 'BranchMissing' } })
    expect(await platform.says('named')).toBe('one')
    expect(ids('named')).toEqual(before)
    expect((await platform.client.plan('named'))[0]?.actions).toEqual([])

    repo.git('branch', '--quiet', '-D', 'release')
    repo.git('switch', '--quiet', '--create', 'release/one')
    const second = repo.write({ 'text.txt': 'two' }).commit('Two')
    await platform.when('named', ({ failure }) => failure === null)
    await platform.live('named', second)
    expect(await platform.says('named')).toBe('two')
  })

  it('a repository without a commit is waited for', async () => {
    const status = await failing('empty', 'RepositoryEmpty')
    expect(status).toMatchObject({ serving: null, desired: { commit: null }, processes: [] })
    expect(status.failure?.message).toContain('no commit yet')
    expect(ids('empty')).toEqual([])
    const first = platform.openRepo('empty').write(webApp('first')).commit('First')
    await platform.live('empty', first)
    expect(await platform.says('empty')).toBe('first')
  })

  it('a repository that is gone: nothing stops; it is back: it goes on', async () => {
    const repo = platform.openRepo('gone')
    const first = repo.write(webApp('here')).commit('Here')
    await platform.live('gone', first)
    const before = ids('gone')
    renameSync(repo.dir, `${repo.dir}-away`)
    const status = await failing('gone', 'RepositoryGone')
    expect(status).toMatchObject({ status: 'Failed', serving: { commit: first } })
    expect(await platform.says('gone')).toBe('here')
    // A new start knows no more, and is as careful.
    await platform.end()
    await platform.up()
    expect(await failing('gone', 'RepositoryGone')).toMatchObject({ serving: { commit: first } })
    expect(ids('gone')).toEqual(before)
    expect(await platform.says('gone')).toBe('here')

    renameSync(`${repo.dir}-away`, repo.dir)
    await platform.when('gone', ({ failure }) => failure === null)
    await platform.live('gone', first)
    expect(ids('gone')).toEqual(before)
    const second = repo.write({ 'text.txt': 'and back' }).commit('Back')
    await platform.live('gone', second)
    expect(await platform.says('gone')).toBe('and back')
    const types = (await platform.events('gone')).map(({ type }) => type)
    expect(types.lastIndexOf('SourceRecovered')).toBeGreaterThan(types.indexOf('SourceFailed'))
  })

  it('another repository in its place is what is wanted now, and that is told', async () => {
    const repo = platform.openRepo('replaced')
    const first = repo.write(webApp('the old one')).commit('Old')
    await platform.live('replaced', first)
    const visitor = platform.visit('replaced')
    rmSync(repo.dir, { recursive: true })
    const second = makeRepo(repo.dir).write(webApp('the new one')).commit('New')
    await platform.live('replaced', second)
    await visitor.stop()
    expect(visitor.lost).toEqual([])
    expect(await platform.says('replaced')).toBe('the new one')
    expect(await platform.story('replaced', second)).toContain('RepositoryReplaced')
  })

  it('a folder that is not in the commit is told; it appears: it goes live', async () => {
    const repo = platform.openRepo('folder')
    const bare = repo.write({ 'README.md': 'Nothing yet' }).commit('Nothing yet')
    const { failure } = await platform.failed('folder', bare)
    expect(failure).toMatchObject({ code: 'PathMissing', commit: bare, message: expect.stringContaining('services/shop') })
    const files = Object.fromEntries(
      Object.entries(webApp('from a folder')).map(([path, text]) => [`services/shop/${path}`, text]),
    )
    const there = repo.write(files).commit('There')
    await platform.live('folder', there)
    expect(await platform.says('folder')).toBe('from a folder')
    // And goes away again: what runs stays.
    const away = repo.write({ services: null }).commit('Away')
    expect(await platform.failed('folder', away)).toMatchObject({ failure: { code: 'PathMissing' }, serving: { commit: there } })
    expect(await platform.says('folder')).toBe('from a folder')
  })

  it('over http: polled, fetched once, and deployed; the host goes away: Live, and told', async () => {
    const repo = platform.openRepo('remote')
    const first = repo.write(webApp('over the wire')).commit('First')
    await platform.live('remote', first)
    const packs = () => open.requests.filter(({ url }) => url.endsWith('/git-upload-pack')).length
    const [fetched, polls] = [packs(), open.requests.length]
    await until(() => open.requests.length >= polls + 3, 'three polls')
    // Asking for refs may be a POST of its own (protocol v2), a pack is asked for by another.
    expect(open.requests.length - polls).toBeLessThanOrEqual(8)
    expect(packs() - fetched).toBeLessThanOrEqual(4)

    const before = ids('remote')
    const { port } = new URL(open.url)
    await open.close()
    const status = await failing('remote', 'SourceUnreachable')
    expect(status).toMatchObject({ status: 'Live', serving: { commit: first }, failure: { commit: null } })
    expect(await platform.says('remote')).toBe('over the wire')
    expect(ids('remote')).toEqual(before)
    expect((await platform.client.plan('remote'))[0]?.actions).toEqual([])
    const asked = await platform.run('sync', 'remote', '--wait')
    expect({ code: asked.code, out: asked.out }).toMatchObject({ code: 1, out: expect.stringContaining('SourceUnreachable') })

    const second = repo.write({ 'text.txt': 'over the wire again' }).commit('Second')
    open = await startGitHttp(platform.dir, { port: Number(port) })
    expect((await platform.run('sync', 'remote', '--wait')).code).toBe(0)
    await platform.live('remote', second)
    expect(await platform.says('remote')).toBe('over the wire again')
  })

  it('a token reads a private repository, and is seen nowhere', async () => {
    const seen = lookForToken()
    const repo = platform.openRepo('private')
    const first = repo.write(webApp('private')).commit('First')
    await platform.live('private', first)
    const second = repo.write({ 'text.txt': 'private, too' }).commit('Second')
    await platform.run('sync', 'private', '--wait')
    await platform.live('private', second)
    expect(await platform.says('private')).toBe('private, too')
    expect(closed.requests.some(({ authorization }) => authorization === basic(TOKEN))).toBe(true)

    const refused = await failing('refused', 'SourceUnreachable')
    expect(refused.failure?.message).toContain('auth')
    expect(refused).toMatchObject({ serving: null })

    expect(seen()).toEqual([])
    expect(holdsToken(platform.output)).toBe(false)
    expect(holdsToken(JSON.stringify(await platform.events()))).toBe(false)
    expect(holdsToken(JSON.stringify(await platform.client.status()))).toBe(false)
    expect(holdsToken(JSON.stringify((await platform.told('private')).env))).toBe(false)
    expect(holdsToken(JSON.stringify(await platform.run('logs', 'private', '--build')))).toBe(false)
    expect(filesWithToken(platform.state)).toEqual([])
  })

  it('over ssh', async (context) => {
    need(context, 'sshd', noSshd)
    const commit = platform.openRepo('remote').write({ 'text.txt': 'over ssh' }).commit('Over ssh')
    await platform.live('ssh', commit)
    expect(await platform.says('ssh')).toBe('over ssh')
  })
})

const basic = (token: string) => `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`

function holdsToken(text: string): boolean {
  return text.includes(TOKEN) || text.includes(basic(TOKEN).slice('Basic '.length))
}

/** Looks at the arguments of every process, again and again; gives a function that ends it and tells what was found. */
function lookForToken(): () => string[] {
  const found = new Set<string>()
  const timer = setInterval(() => {
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid)) continue
      const command = read(`/proc/${pid}/cmdline`)
      if (holdsToken(command)) found.add(command)
    }
  }, 2)
  return () => {
    clearInterval(timer)
    return [...found]
  }
}

function filesWithToken(dir: string): string[] {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map((entry) => join(entry.parentPath, entry.name)).filter((file) => holdsToken(read(file)))
}

/** '' for what has gone meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
