import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { makeRepo } from '../support/repo.ts'
import { app, failure, mirrors, spyOnGit, test } from './fixture.ts'

describe('a branch', () => {
  test('is looked up, and fetched once', async ({ tmp, open }) => {
    const repo = makeRepo(join(tmp, 'hello'))
    const commit = repo.write({ 'server.js': '1' }).commit('Say hello\n\nAnd why.')
    const git = spyOnGit(tmp)
    const source = open({ env: git.env })
    const hello = app(repo.dir, { branch: 'main' })
    expect(source.head(hello)).toBeNull()
    const head = await source.look(hello)
    expect(head).toEqual({
      ref: 'main',
      commit,
      message: 'Say hello\n\nAnd why.\n',
      committedAt: expect.any(Number),
      since: null,
    })
    expect(head.committedAt).toBe(Number(repo.git('log', '-1', '--format=%ct')) * 1000)
    const calls = git.calls().length
    expect(await source.look(hello)).toEqual(head)
    expect(source.head(hello)).toEqual(head)
    expect(git.calls()).toHaveLength(calls)
    expect(git.calls('fetch')).toHaveLength(1)
  })

  test('moves forward, by one commit or by many', async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'hello'))
    const first = repo.commit('1')
    await source.look(app(repo.dir))
    const second = repo.commit('2')
    expect(await source.look(app(repo.dir))).toMatchObject({
      commit: second,
      message: '2\n',
      since: { commit: first, how: 'forward' },
    })
    for (let i = 0; i < 40; i++) repo.commit(`more ${i}`)
    expect(await source.look(app(repo.dir))).toMatchObject({ commit: repo.head(), since: { commit: second, how: 'forward' } })
    // Looking again does not change what is known of the last move.
    expect(await source.look(app(repo.dir))).toMatchObject({ commit: repo.head(), since: { commit: second, how: 'forward' } })
  })

  test('is rewritten, and put back', async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'hello'))
    repo.commit('1')
    const before = repo.commit('2')
    await source.look(app(repo.dir))
    repo.git('commit', '--quiet', '--amend', '--allow-empty', '--message', 'better')
    const after = repo.head()
    expect(await source.look(app(repo.dir))).toMatchObject({ commit: after, since: { commit: before, how: 'rewritten' } })
    repo.git('reset', '--quiet', '--hard', 'HEAD~1')
    expect(await source.look(app(repo.dir))).toMatchObject({ commit: repo.head(), since: { commit: after, how: 'rewritten' } })
  })

  test('is deleted, and recreated', async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'hello'))
    const commit = repo.commit()
    repo.git('branch', 'release')
    const hello = app(repo.dir, { branch: 'release' })
    await source.look(hello)
    repo.git('branch', '-D', 'release')
    const missing = failure('BranchMissing', 'no branch release', 'There is: main')
    await expect(source.look(hello)).rejects.toEqual(missing)
    expect(() => source.head(hello)).toThrow(expect.objectContaining({ code: 'BranchMissing', retry: false }))
    repo.git('checkout', '--quiet', '-b', 'release')
    const next = repo.commit('again')
    expect(await source.look(hello)).toMatchObject({ commit: next, since: { commit, how: 'forward' } })
    expect(source.head(hello)?.commit).toBe(next)
  })

  test('that never was is answered with those that are', async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'hello'), 'trunk')
    repo.commit()
    repo.git('branch', 'feature/a')
    const look = (branch: string) => source.look(app(repo.dir, { branch }))
    await expect(look('trnk')).rejects.toEqual(failure('BranchMissing', 'Did you mean trunk?', 'There are: feature/a, trunk.'))
    await expect(look('feature')).rejects.toEqual(failure('BranchMissing', 'no branch feature.'))
    await expect(look('entirely-different')).rejects.toSatisfy((error: Error) => !error.message.includes('Did you mean'))
    for (const hostile of ['../../../etc/passwd', '--upload-pack=id', 'a b', 'x\ny', 'refs/../HEAD']) {
      await expect(look(hostile)).rejects.toEqual(failure('BranchMissing', 'no valid branch name'))
    }
  })

  test('may take the place of a branch whose name was a folder', async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'hello'))
    repo.commit()
    repo.git('branch', 'a')
    await source.look(app(repo.dir, { branch: 'a' }))
    repo.git('branch', '-D', 'a')
    repo.git('branch', 'a/b')
    expect(await source.look(app(repo.dir, { branch: 'a/b' }))).toMatchObject({ ref: 'a/b', commit: repo.head() })
  })
})

describe('without a branch', () => {
  test("the repository's HEAD is followed, to another branch too", async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'hello'), 'trunk')
    const first = repo.commit()
    expect(await source.look(app(repo.dir))).toMatchObject({ ref: 'trunk', commit: first })
    repo.git('checkout', '--quiet', '-b', 'next')
    expect(await source.look(app(repo.dir))).toMatchObject({ ref: 'next', commit: first, since: null })
    const second = repo.commit()
    expect(await source.look(app(repo.dir))).toMatchObject({
      ref: 'next',
      commit: second,
      since: { commit: first, how: 'forward' },
    })
  })

  test('a detached HEAD is followed as a commit', async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'hello'))
    repo.commit('1')
    repo.git('checkout', '--quiet', '--detach')
    const commit = repo.commit('nowhere else')
    expect(await source.look(app(repo.dir))).toMatchObject({ ref: 'HEAD', commit })
  })

  test('a HEAD that names no branch is told from an empty repository', async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'hello'), 'main')
    repo.commit()
    repo.git('symbolic-ref', 'HEAD', 'refs/heads/master')
    const says = ['HEAD names the branch master', 'There is: main.', 'Set `branch`']
    await expect(source.look(app(repo.dir))).rejects.toEqual(failure('BranchMissing', ...says))
  })
})

describe('a repository', () => {
  test('that is empty, and then is not', async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'hello'))
    await expect(source.look(app(repo.dir))).rejects.toEqual(failure('RepositoryEmpty', 'has no commit yet'))
    await expect(source.look(app(repo.dir, { branch: 'main' }))).rejects.toEqual(failure('RepositoryEmpty', 'Push one to main'))
    const commit = repo.commit()
    expect(await source.look(app(repo.dir))).toMatchObject({ commit, since: null })
  })

  test('that goes, and comes back', async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'hello'))
    const commit = repo.commit()
    await source.look(app(repo.dir))
    repo.git('bundle', 'create', join(tmp, 'kept'), '--all', 'HEAD')
    rmSync(repo.dir, { recursive: true })
    await expect(source.look(app(repo.dir))).rejects.toEqual(failure('RepositoryGone', repo.dir, 'Check `repo`'))
    // What was fetched is still there to be read.
    expect(await source.entries(app(repo.dir), commit, '')).toEqual([])
    makeRepo(repo.dir).git('pull', '--quiet', join(tmp, 'kept'), 'HEAD')
    expect(await source.look(app(repo.dir))).toMatchObject({ commit })
  })

  test('that is turned into another one', async ({ tmp, source }) => {
    const before = makeRepo(join(tmp, 'hello')).write({ a: '1' }).commit('one')
    await source.look(app(join(tmp, 'hello')))
    rmSync(join(tmp, 'hello'), { recursive: true })
    const commit = makeRepo(join(tmp, 'hello')).write({ b: '2' }).commit('another')
    expect(await source.look(app(join(tmp, 'hello')))).toMatchObject({ commit, since: { commit: before, how: 'unrelated' } })
  })

  test('that never was one', async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'hello')).write({ 'examples/a/x': '' })
    repo.commit()
    const inside = join(repo.dir, 'examples/a')
    await expect(source.look(app(inside))).rejects.toEqual(
      failure('RepositoryGone', `inside the repository ${repo.dir}`, '`path`'),
    )
    await expect(source.look(app(join(tmp, 'none')))).rejects.toEqual(failure('RepositoryGone', 'is not there'))
    await expect(source.look(app('ext::sh -c id'))).rejects.toEqual(failure('ConfigInvalid', 'ext::sh'))
  })
})

describe('several looks', () => {
  test('at the same time are one question', async ({ tmp, open }) => {
    const repo = makeRepo(join(tmp, 'hello'))
    const commit = repo.commit()
    const git = spyOnGit(tmp)
    const source = open({ env: git.env })
    const looks = ['a', 'b', 'c', 'd', 'e'].map((name) => source.look(app(repo.dir, { name })))
    expect(new Set((await Promise.all(looks)).map((head) => head.commit))).toEqual(new Set([commit]))
    expect(git.calls('fetch')).toHaveLength(1)
  })

  test('of several branches share one mirror', async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'hello'))
    const commit = repo.commit()
    repo.git('checkout', '--quiet', '-b', 'next')
    const next = repo.commit()
    const spellings = [app(repo.dir, { branch: 'main' }), app(`${repo.dir}/`, { branch: 'next' }), app(`file://${repo.dir}`)]
    const heads = await Promise.all(spellings.map((each) => source.look(each)))
    expect(heads.map((head) => [head.ref, head.commit])).toEqual([
      ['main', commit],
      ['next', next],
      ['next', next],
    ])
    expect(mirrors(tmp)).toHaveLength(1)
  })

  test('across a restart know what was there before', async ({ tmp, open }) => {
    const repo = makeRepo(join(tmp, 'hello'))
    const first = repo.commit()
    const before = open()
    await before.look(app(repo.dir))
    await before.close()
    await expect(before.look(app(repo.dir, { branch: 'main' }))).rejects.toEqual(failure('SourceUnreachable', 'stopping'))
    const git = spyOnGit(tmp)
    const same = open({ env: git.env })
    expect(await same.look(app(repo.dir))).toMatchObject({ commit: first, since: null })
    expect(git.calls('fetch')).toHaveLength(0)
    await same.close()
    const second = repo.commit()
    expect(await open().look(app(repo.dir))).toMatchObject({ commit: second, since: { commit: first, how: 'forward' } })
  })
})

test('pruning removes the mirrors that no app uses', async ({ tmp, source }) => {
  const [a, b] = ['a', 'b'].map((name) => makeRepo(join(tmp, name)))
  if (!a || !b) return
  const commit = a.commit()
  b.commit()
  await Promise.all([source.look(app(a.dir)), source.look(app(b.dir))])
  expect(mirrors(tmp)).toHaveLength(2)
  await source.prune([app(b.dir)])
  await source.prune([app(b.dir)])
  expect(mirrors(tmp)).toHaveLength(1)
  expect(source.head(app(a.dir))).toBeNull()
  expect(source.head(app(b.dir))).not.toBeNull()
  expect(await source.look(app(a.dir))).toMatchObject({ commit, since: null })
})
