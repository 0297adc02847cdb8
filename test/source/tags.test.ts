/** Following tags, and refs by their names. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { highest, matches, versionOf } from '../../src/source/tags.ts'
import { startGitHttp } from '../support/githttp.ts'
import { need } from '../support/need.ts'
import { makeRepo, type Repo } from '../support/repo.ts'
import { sshdMissing, startSshd } from '../support/sshd.ts'
import { app, failure, test, until } from './fixture.ts'

describe('which tag', () => {
  it.each([
    ['v*', ['v1.2.0', 'v1.10.0', 'v1.9.9', 'v2.0.0-rc.1', 'v3', 'vx', '9.0.0'], 'v1.10.0'],
    ['*', ['1.0.0', 'v1.1.0', 'other'], 'v1.1.0'],
    ['v*-*', ['v1.0.0', 'v2.0.0-rc.1', 'v2.0.0-rc.2'], 'v2.0.0-rc.2'],
    ['v2.0.0-*', ['v2.0.0-beta', 'v2.0.0-alpha'], 'v2.0.0-beta'],
    ['v1.*', ['v1.2.3', 'v1.4.0', 'v11.0.0', 'v2.0.0'], 'v1.4.0'],
    ['release-*', ['release-1.0.0', 'release-1.1.0-rc.1', 'release-v1.0.1', '5.0.0'], 'release-v1.0.1'],
    ['release-1*', ['release-1.0.0', 'release-11.0.0'], 'release-11.0.0'],
    ['shop/v*', ['shop/v1.0.0', 'web/v2.0.0', 'shop/v1.0.0/x'], 'shop/v1.0.0'],
    ['v1.2.3', ['v1.2.3', 'v1.2.4'], 'v1.2.3'],
    ['*', ['v1.0.0', '1.0.0'], '1.0.0'],
    ['*', ['1.0.0+1', '1.0.0+2', '1.0.0'], '1.0.0+2'],
    ['v*', ['v1', 'latest', 'v1.0'], null],
    ['v*', [], null],
  ])('%s of %j is %s', (pattern, names, expected) => {
    expect(highest(pattern, names)).toBe(expected)
    expect(highest(pattern, [...names].reverse())).toBe(expected)
  })

  it('takes no longer for a hostile pattern and name', () => {
    expect(matches(`${'*a'.repeat(49)}b`, 'a'.repeat(10_000))).toBe(false)
    expect(versionOf('*'.repeat(100), `${'1'.repeat(250)}.0.0`)).toBeNull()
  })
})

/** Tags of both kinds, and one of a folder. */
function tagged(dir: string): { repo: Repo; one: string; two: string } {
  const repo = makeRepo(dir)
  const one = repo.write({ x: '1' }).commit('One')
  repo.git('tag', 'v1.0.0')
  const two = repo.write({ x: '2' }).commit('Two')
  repo.git('tag', '-a', '-m', 'Two', 'v1.10.0')
  repo.write({ x: '3' }).commit('Three')
  repo.git('tag', 'v2.0.0-rc.1')
  return { repo, one, two }
}

async function follows(
  source: Parameters<Parameters<typeof test>[2] & object>[0]['source'],
  repo: Repo,
  address: string,
  two: string,
) {
  const hello = app(address, { tag: 'v*' })
  expect(await source.look(hello)).toMatchObject({ ref: 'v1.10.0', commit: two, message: 'Two\n' })
  expect(source.head(hello)).toMatchObject({ commit: two })
  expect(await source.read(hello, two, 'x', 10)).toEqual(Buffer.from('2'))
  const next = repo.write({ x: '4' }).commit('Four')
  repo.git('tag', '-a', '-m', 'Moved', '-f', 'v2.0.0')
  expect(await source.look(hello)).toMatchObject({ ref: 'v2.0.0', commit: next, since: { commit: two, how: 'forward' } })
  // Moved, then gone: another state of the world each time.
  const moved = repo.write({ x: '5' }).commit('Five')
  repo.git('tag', '-a', '-m', 'Moved', '-f', 'v2.0.0')
  expect(await source.look(hello)).toMatchObject({ ref: 'v2.0.0', commit: moved })
  repo.git('tag', '-d', 'v2.0.0')
  expect(await source.look(hello)).toMatchObject({ ref: 'v1.10.0', commit: two, since: { commit: moved, how: 'rewritten' } })
  const pre = app(address, { tag: 'v*-*' })
  expect(await source.look(pre)).toMatchObject({ ref: 'v2.0.0-rc.1' })
  expect(source.head(hello)).toMatchObject({ ref: 'v1.10.0' })

  const blob = repo.git('rev-parse', 'HEAD:x')
  repo.git('tag', '-a', '-m', 'A file', 'v9.0.0', blob)
  await expect(source.look(hello)).rejects.toEqual(failure('BranchMissing', 'v9.0.0 names no commit'))
  repo.git('tag', '-d', 'v9.0.0')
  await expect(source.look(app(address, { tag: 'w*' }))).rejects.toEqual(
    failure('BranchMissing', 'has no tag that is of the pattern w*', 'v1.0.0'),
  )
  repo.git('tag', 'latest')
  await expect(source.look(app(address, { tag: 'l*' }))).rejects.toEqual(
    failure('BranchMissing', 'is a semantic version', 'three numbers', 'latest'),
  )
  expect(await source.look(app(address, { ref: 'refs/heads/main' }))).toMatchObject({
    ref: 'refs/heads/main',
    commit: repo.head(),
  })
  repo.git('update-ref', 'refs/pull/7/head', moved)
  const pull = app(address, { ref: 'refs/pull/7/head' })
  expect(await source.look(pull)).toMatchObject({ ref: 'refs/pull/7/head', commit: moved })
  repo.git('update-ref', 'refs/pull/7/head', two)
  expect(await source.look(pull)).toMatchObject({ commit: two })
  repo.git('update-ref', '-d', 'refs/pull/7/head')
  await expect(source.look(pull)).rejects.toEqual(failure('BranchMissing', 'has no ref "refs/pull/7/head"'))
  await expect(source.look(app(address, { ref: '--upload-pack=x' }))).rejects.toEqual(failure('BranchMissing', 'has no ref'))
}

describe('tags', () => {
  test('of a local repository, which is watched', async ({ tmp, source }) => {
    const { repo, two } = tagged(join(tmp, 'repo'))
    await follows(source, repo, repo.dir, two)
    let seen = 0
    source.watch(app(repo.dir, { tag: 'v*' }), () => seen++)
    const before = seen
    repo.git('tag', 'v3.0.0')
    await until(() => seen > before)
  })

  for (const old of [false, true]) {
    test(`over http, ${old ? 'of a server that knows the old protocol alone' : 'protocol v2'}`, async ({ tmp, source }) => {
      const { repo, two } = tagged(join(tmp, 'repo'))
      const server = await startGitHttp(tmp, { old })
      try {
        await follows(source, repo, `${server.url}/repo/.git`, two)
      } finally {
        await server.close()
      }
    })
  }

  test('over ssh', async ({ tmp, open, skip }) => {
    need({ skip }, 'sshd', sshdMissing())
    const { repo, two } = tagged(join(tmp, 'repo'))
    const sshd = await startSshd(join(tmp, 'sshd'))
    try {
      const source = open({ env: { ...process.env, GIT_SSH_COMMAND: sshd.command } })
      const hello = app(`${sshd.url}${repo.dir}`, { tag: 'v*' })
      expect(await source.look(hello)).toMatchObject({ ref: 'v1.10.0', commit: two })
      repo.git('tag', '-a', '-m', 'Three', 'v3.0.0')
      expect(await source.look(hello)).toMatchObject({ ref: 'v3.0.0', commit: repo.head() })
    } finally {
      await sshd.close()
    }
  })

  test('of a repository that has none, or nothing at all', async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'repo'))
    const hello = app(repo.dir, { tag: 'v*' })
    await expect(source.look(hello)).rejects.toEqual(failure('RepositoryEmpty', 'no commit yet'))
    repo.write({ x: '1' }).commit()
    await expect(source.look(hello)).rejects.toEqual(failure('BranchMissing', 'has no tags', 'v1.0.0'))
  })
})
