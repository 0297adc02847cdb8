/** The shapes a local repository comes in. */
import { chmodSync, chownSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { makeRepo, openRepo } from '../support/repo.ts'
import { app, failure, spyOnGit, test } from './fixture.ts'

test('a path with spaces, dashes and other letters', async ({ tmp, source }) => {
  const repo = makeRepo(join(tmp, "-a b'é;$(id)%20"))
  const commit = repo.write({ x: '1' }).commit()
  expect(await source.look(app(repo.dir))).toMatchObject({ commit })
  expect(await source.look(app(new URL(`file://${encodeURI(repo.dir)}`).href))).toMatchObject({ commit })
})

test('a bare repository, with or without its .git', async ({ tmp, source }) => {
  const repo = makeRepo(join(tmp, 'work'))
  const commit = repo.commit()
  repo.git('clone', '--quiet', '--bare', repo.dir, join(tmp, 'hello.git'))
  expect(await source.look(app(join(tmp, 'hello.git')))).toMatchObject({ commit })
  expect(await source.look(app(join(tmp, 'hello')))).toMatchObject({ commit })
})

test('a linked work tree: its own HEAD, the common branches', async ({ tmp, source }) => {
  const repo = makeRepo(join(tmp, 'hello'))
  const commit = repo.commit()
  repo.git('worktree', 'add', '--quiet', '-b', 'next', join(tmp, 'linked'))
  const linked = openRepo(join(tmp, 'linked'))
  const next = linked.commit('next')
  expect(await source.look(app(linked.dir))).toMatchObject({ ref: 'next', commit: next })
  expect(await source.look(app(linked.dir, { branch: 'main' }))).toMatchObject({ ref: 'main', commit })
})

test('packed refs and packed objects, without a process', async ({ tmp, open }) => {
  const repo = makeRepo(join(tmp, 'hello'))
  repo.commit()
  repo.git('gc', '--quiet')
  repo.git('pack-refs', '--all')
  expect(readdirSync(join(repo.dir, '.git/refs/heads'))).toEqual([])
  const git = spyOnGit(tmp)
  const source = open({ env: git.env })
  expect(await source.look(app(repo.dir))).toMatchObject({ ref: 'main', commit: repo.head() })
  const second = repo.commit()
  expect(await source.look(app(repo.dir))).toMatchObject({ commit: second })
  expect(git.calls('ls-remote')).toHaveLength(0)
})

test('a branch that stands for another', async ({ tmp, source }) => {
  const repo = makeRepo(join(tmp, 'hello'))
  const commit = repo.commit()
  repo.git('symbolic-ref', 'refs/heads/live', 'refs/heads/main')
  expect(await source.look(app(repo.dir, { branch: 'live' }))).toMatchObject({ ref: 'live', commit })
})

test('a shallow clone', async ({ tmp, source }) => {
  const repo = makeRepo(join(tmp, 'hello'))
  for (const message of ['1', '2', '3']) repo.write({ x: message }).commit(message)
  repo.git('clone', '--quiet', '--depth=1', `file://${repo.dir}`, join(tmp, 'shallow'))
  const shallow = openRepo(join(tmp, 'shallow'))
  const first = shallow.head()
  expect(await source.look(app(shallow.dir))).toMatchObject({ commit: first, message: '3\n' })
  const commit = shallow.write({ x: '4' }).commit('4')
  expect(await source.look(app(shallow.dir))).toMatchObject({ commit, since: { commit: first, how: 'forward' } })
  expect(await source.read(app(shallow.dir), commit, 'x', 10)).toEqual(Buffer.from('4'))
})

test('a repository of sha256 names, also in the place of another', async ({ tmp, source }) => {
  const repo = makeRepo(join(tmp, 'hello'), 'main', ['--object-format=sha256'])
  const commit = repo.write({ x: '1' }).commit()
  expect(commit).toHaveLength(64)
  expect(await source.look(app(repo.dir))).toMatchObject({ commit, since: null })
  expect(await source.read(app(repo.dir), commit, 'x', 10)).toEqual(Buffer.from('1'))
  renameSync(repo.dir, join(tmp, 'away'))
  const other = makeRepo(repo.dir).write({ x: '2' }).commit()
  expect(await source.look(app(repo.dir))).toMatchObject({ commit: other, since: { commit, how: 'unrelated' } })
  expect(await source.read(app(repo.dir), other, 'x', 10)).toEqual(Buffer.from('2'))
})

test('reftable, where git knows it', async ({ tmp, source, skip }) => {
  const repo = makeRepo(join(tmp, 'hello'))
  const version = repo.git('version')
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number)
  if (major < 2 || (major === 2 && minor < 45)) skip(`${version} has no reftable (2.45 has)`)
  const table = makeRepo(join(tmp, 'table'), 'main', ['--ref-format=reftable'])
  const commit = table.commit()
  expect(await source.look(app(table.dir))).toMatchObject({ ref: 'main', commit })
})

test('a damaged ref is not taken for a missing branch', async ({ tmp, source }) => {
  const repo = makeRepo(join(tmp, 'hello'))
  repo.commit()
  repo.git('branch', 'other')
  await source.look(app(repo.dir))
  writeFileSync(join(repo.dir, '.git/refs/heads/main'), '')
  await expect(source.look(app(repo.dir))).rejects.toEqual(failure('SourceUnreachable', 'refs/heads/main is damaged'))
  expect(await source.look(app(repo.dir, { branch: 'other' }))).toMatchObject({ ref: 'other' })
})

test("another user's repository", async ({ tmp, source, skip }) => {
  if (process.getuid?.() !== 0) skip('only root can give files away')
  const repo = makeRepo(join(tmp, 'hello'))
  const commit = repo.write({ x: '1' }).commit()
  const all = readdirSync(repo.dir, { recursive: true }).map((name) => join(repo.dir, String(name)))
  for (const path of [repo.dir, ...all]) chownSync(path, 12345, 12345)
  expect(await source.look(app(repo.dir))).toMatchObject({ commit })
})

test('a repository that may not be read', async ({ tmp, source, skip }) => {
  if (process.getuid?.() === 0) skip('root may read everything')
  const repo = makeRepo(join(tmp, 'hello'))
  repo.commit()
  chmodSync(join(repo.dir, '.git'), 0)
  await expect(source.look(app(repo.dir))).rejects.toEqual(failure('SourceUnreachable', 'EACCES', 'must be able to read it'))
  chmodSync(join(repo.dir, '.git'), 0o755)
})
