import { readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished } from 'vitest'
import { type GitHttpOptions, startGitHttp } from '../support/githttp.ts'
import { makeRepo, type Repo } from '../support/repo.ts'
import { failure, mirrors, spyOnGit, test } from './fixture.ts'

/** A repository with two commits, a branch, a tag of each kind; and its address. */
async function packs(tmp: string, options: GitHttpOptions = {}) {
  const repo = makeRepo(join(tmp, 'served/pack.git/.git/..'))
  const first = repo.write({ 'bin/compile': { executable: 'one' }, 'lib/a': 'a' }).commit('one')
  repo.git('tag', 'v1')
  repo.git('tag', '--annotate', '--message', 'first', 'v1.0')
  repo.git('branch', 'stable')
  const second = repo.write({ 'bin/compile': { executable: 'two' } }).commit('two')
  const server = await startGitHttp(join(tmp, 'served'), options)
  onTestFinished(() => server.close())
  return { repo, first, second, server, url: `${server.url}/pack.git/.git` }
}

describe('what a ref stands for', () => {
  test('over http: HEAD, a branch, a tag of either kind, a commit', async ({ tmp, source }) => {
    const { repo, first, second, url } = await packs(tmp)
    expect(await source.packs.fetch(url, undefined)).toBe(second)
    expect(await source.packs.fetch(url, 'main')).toBe(second)
    for (const ref of ['stable', 'v1', 'v1.0', first]) expect(await source.packs.fetch(url, ref), ref).toBe(first)
    // As git itself has it: of a tag and a branch of one name, the tag.
    repo.git('branch', 'v1', second)
    expect(await source.packs.fetch(url, 'v1')).toBe(first)
    const third = repo.write({ 'lib/b': 'b' }).commit('three')
    expect(await source.packs.fetch(url, 'main')).toBe(third)
    for (const [commit, says] of [
      [first, 'one'],
      [third, 'two'],
    ] as const) {
      const dir = await mkdtemp(join(tmp, 'out-'))
      await source.packs.export(url, commit, dir)
      expect(readFileSync(join(dir, 'bin/compile'), 'utf8')).toBe(says)
    }
    expect((await source.packs.entries(url, third, 'bin')).map(({ name, mode }) => [name, mode])).toEqual([['compile', '100755']])
    expect(await source.packs.entries(url, third, 'none')).toEqual([])
  })

  test('a commit that no ref names any more: of a server of today, and of one that gives only what a ref leads to', async ({
    tmp,
    source,
  }) => {
    const { repo, first, second, url, server } = await packs(tmp, { old: true })
    repo.write({ 'lib/b': 'b' }).commit('three')
    expect(await source.packs.fetch(url, second)).toBe(second)
    expect(await source.packs.entries(url, second, 'lib')).toHaveLength(1)
    await server.close()
    const today = await startGitHttp(join(tmp, 'served'))
    onTestFinished(() => today.close())
    const lost = repo.head()
    repo.git('reset', '--quiet', '--hard', first)
    expect(await source.packs.fetch(`${today.url}/pack.git/.git`, lost)).toBe(lost)
  })

  test('a path of this machine', async ({ tmp, source }) => {
    const { repo, first, second } = await packs(tmp)
    expect(await source.packs.fetch(repo.dir, undefined)).toBe(second)
    expect(await source.packs.fetch(repo.dir, 'v1.0')).toBe(first)
  })

  test('a repository of sha256 objects', async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'sha256'), 'main', ['--object-format=sha256'])
    const commit = repo.write({ 'bin/compile': { executable: 'x' } }).commit()
    expect(await source.packs.fetch(repo.dir, 'main')).toBe(commit)
    expect(await source.packs.entries(repo.dir, commit, 'bin')).toHaveLength(1)
  })
})

describe('what cannot be had', () => {
  test('a ref that is not there names those that are', async ({ tmp, source }) => {
    const { repo, first, url } = await packs(tmp)
    await expect(source.packs.fetch(url, 'stabel')).rejects.toThrow(
      failure('BranchMissing', 'no branch or tag stabel', 'Did you mean stable?', 'main, stable, v1, v1.0'),
    )
    await expect(source.packs.fetch(url, first.slice(0, 10))).rejects.toThrow(failure('BranchMissing', 'all of its 40 digits'))
    const other = 'f'.repeat(40)
    for (const address of [url, repo.dir]) {
      await expect(source.packs.fetch(address, other)).rejects.toThrow(failure('BranchMissing', `has no commit ${other}`))
    }
    const tree = repo.git('rev-parse', 'HEAD^{tree}')
    await expect(source.packs.fetch(url, tree)).rejects.toThrow(failure('BranchMissing', `has no commit ${tree}`))
  })

  test('no repository, an empty one, one that wants credentials, and nobody there', async ({ tmp, source }) => {
    const { url, server } = await packs(tmp)
    const empty: Repo = makeRepo(join(tmp, 'served/empty'))
    await expect(source.packs.fetch(`${server.url}/none.git`, 'main')).rejects.toThrow(
      failure('RepositoryGone', 'no git repository that can be read without credentials at'),
    )
    for (const ref of [undefined, 'main']) {
      await expect(source.packs.fetch(`${server.url}/empty/.git`, ref)).rejects.toThrow(failure('RepositoryEmpty', 'no commit'))
      await expect(source.packs.fetch(empty.dir, ref)).rejects.toThrow(failure('RepositoryEmpty', 'no commit'))
    }
    const locked = await packs(join(tmp, 'locked'), { auth: { username: 'a', password: 'b' } })
    await expect(source.packs.fetch(locked.url, 'main')).rejects.toThrow(
      failure('SourceUnreachable', 'Buildpacks are read without credentials.'),
    )
    await server.close()
    await expect(source.packs.fetch(url, 'main')).rejects.toMatchObject({ code: 'SourceUnreachable', retry: true })
  })

  test('a tree by the rules of an app’s: a link that leaves it, a submodule, too many files', async ({ tmp, open }) => {
    const source = open({ limits: { entries: 5 } })
    const repo = makeRepo(join(tmp, 'bad'))
    const link = repo.write({ 'bin/compile': { link: '../../etc/passwd' } }).commit()
    repo.write({ 'bin/compile': { executable: 'x' } })
    repo.git('update-index', '--add', '--cacheinfo', `160000,${link},vendor`)
    repo.git('commit', '--quiet', '--message', 'a submodule')
    const submodule = repo.head()
    repo.git('rm', '--quiet', '--cached', 'vendor')
    const many = repo.write(Object.fromEntries([...'abcdefg'].map((name) => [name, name]))).commit()
    for (const [commit, why] of [
      [link, 'leaves the tree'],
      [submodule, 'a submodule'],
      [many, 'more than 5 files'],
    ] as const) {
      await source.packs.fetch(repo.dir, commit)
      const dir = await mkdtemp(join(tmp, 'out-'))
      await expect(source.packs.export(repo.dir, commit, dir)).rejects.toThrow(failure('SourceInvalid', why))
      expect(readdirSync(dir)).toEqual([])
    }
  })
})

describe('mirrors', () => {
  test('what is here is not asked for again, also by the next trimtab, and comes without its history', async ({ tmp, open }) => {
    const { env, calls } = spyOnGit(tmp)
    const { second, url, server } = await packs(tmp)
    expect(await open({ env }).packs.fetch(url, 'main')).toBe(second)
    expect(calls(' fetch ').map(({ args }) => args.includes('--depth=1'))).toEqual([true])
    await server.close()
    const next = open({ env })
    expect(await next.packs.fetch(url, second)).toBe(second)
    await next.packs.export(url, second, await mkdtemp(join(tmp, 'out-')))
    expect(calls(' fetch ')).toHaveLength(1)
  })

  test('they survive the pruning of apps’ mirrors, until nobody has asked for them in two months', async ({ tmp, source }) => {
    const { second, url } = await packs(tmp)
    await source.packs.fetch(url, 'main')
    await source.prune([])
    expect(mirrors(tmp)).toHaveLength(1)
    const [dir = ''] = mirrors(tmp)
    const old = Date.now() / 1000 - 61 * 86_400
    utimesSync(dir, old, old)
    await source.prune([])
    expect(mirrors(tmp)).toEqual([])
    expect(await source.packs.fetch(url, second)).toBe(second)
  })

  test('one that is damaged or gone is fetched anew', async ({ tmp, source }) => {
    const { second, url } = await packs(tmp)
    await source.packs.fetch(url, 'main')
    const [dir = ''] = mirrors(tmp)
    rmSync(join(dir, 'objects'), { recursive: true })
    const out = await mkdtemp(join(tmp, 'out-'))
    await source.packs.export(url, second, out)
    expect(readdirSync(out).sort()).toEqual(['bin', 'lib'])
    rmSync(dir, { recursive: true })
    expect(await source.packs.entries(url, second, 'bin')).toHaveLength(1)
  })
})
