/** Mirrors that a crash, a disk or somebody damaged. */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { makeRepo } from '../support/repo.ts'
import { app, failure, mirrors, spyOnGit, test, until } from './fixture.ts'

/** A mirror's only path. */
function mirrorOf(tmp: string): string {
  const [mirror = ''] = mirrors(tmp)
  return mirror
}

/** Files of the mirror's objects whose path contains `part`, made writable. */
function objectFiles(mirror: string, part = ''): string[] {
  const all = readdirSync(join(mirror, 'objects'), { recursive: true }).map((name) => join(mirror, 'objects', String(name)))
  const files = all.filter((file) => statSync(file).isFile() && file.includes(part))
  for (const file of files) chmodSync(file, 0o644)
  return files
}

describe('a mirror that is damaged is rebuilt', () => {
  test('when everything in it is cut short', async ({ tmp, open }) => {
    const repo = makeRepo(join(tmp, 'hello'))
    for (let i = 0; i < 120; i++) repo.write({ [`f${i}`]: String(i) })
    const first = repo.commit()
    const before = open()
    await before.look(app(repo.dir))
    await before.close()
    const packs = objectFiles(mirrorOf(tmp), '.pack')
    expect(packs).toHaveLength(1) // more than a hundred objects stay a pack
    for (const file of packs) truncateSync(file, 200)
    const second = repo.write({ f1: 'new' }).commit()
    const source = open()
    expect(await source.look(app(repo.dir))).toMatchObject({ commit: second, since: { commit: first, how: 'forward' } })
    expect(await source.read(app(repo.dir), second, 'f2', 10)).toEqual(Buffer.from('2'))
  })

  test('when it is found on reading, though nothing moved', async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'hello'))
    const commit = repo.write({ 'app.yaml': 'name: x', sub: 'y' }).commit()
    const hello = app(repo.dir)
    await source.look(hello)
    const whole = repo.git('rev-parse', 'HEAD:app.yaml')
    for (const file of objectFiles(mirrorOf(tmp), join(whole.slice(0, 2), whole.slice(2)))) writeFileSync(file, '')
    expect(await source.read(hello, commit, 'app.yaml', 100)).toEqual(Buffer.from('name: x'))
    // A whole object under another's name, which git itself does not notice.
    const other = repo.git('rev-parse', 'HEAD:sub')
    const [file = ''] = objectFiles(mirrorOf(tmp), join(whole.slice(0, 2), whole.slice(2)))
    rmSync(file)
    execFileSync('cp', [join(repo.dir, '.git/objects', other.slice(0, 2), other.slice(2)), file])
    mkdirSync(join(tmp, 'out'))
    await source.export(hello, commit, '', join(tmp, 'out'))
    expect(readdirSync(join(tmp, 'out')).sort()).toEqual(['app.yaml', 'sub'])
    expect(await source.look(hello)).toMatchObject({ commit })
  })

  test('when it was removed while in use', async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'hello'))
    repo.git('branch', '--force', 'x', repo.write({ x: '1' }).commit())
    const hello = app(repo.dir)
    await Promise.all([source.look(hello), source.look(app(repo.dir, { branch: 'x' }))])
    rmSync(mirrorOf(tmp), { recursive: true })
    const commit = repo.write({ x: '2' }).commit()
    expect(await source.look(hello)).toMatchObject({ commit })
    rmSync(mirrorOf(tmp), { recursive: true })
    expect(await source.read(hello, commit, 'x', 10)).toEqual(Buffer.from('2'))
    // The other branch's objects went with it, and are fetched again.
    const other = await source.look(app(repo.dir, { branch: 'x' }))
    expect(await source.read(app(repo.dir, { branch: 'x' }), other.commit, 'x', 10)).toEqual(Buffer.from('1'))
  })

  test('only once the repository can be read: until then nothing is thrown away', async ({ tmp, source }) => {
    const repo = makeRepo(join(tmp, 'hello'))
    const commit = repo.write({ a: '1', b: '2' }).commit()
    await source.look(app(repo.dir))
    const lost = repo.git('rev-parse', 'HEAD:a')
    for (const file of objectFiles(mirrorOf(tmp), lost.slice(2))) rmSync(file)
    execFileSync('mv', [repo.dir, join(tmp, 'away')])
    await expect(source.read(app(repo.dir), commit, 'a', 10)).rejects.toEqual(failure('RepositoryGone', repo.dir))
    expect(await source.read(app(repo.dir), commit, 'b', 10)).toEqual(Buffer.from('2'))
    execFileSync('mv', [join(tmp, 'away'), repo.dir])
    expect(await source.read(app(repo.dir), commit, 'a', 10)).toEqual(Buffer.from('1'))
  })
})

test('what a killed process left does not stand in the way', async ({ tmp, open }) => {
  const repo = makeRepo(join(tmp, 'hello'))
  repo.commit()
  const before = open()
  await before.look(app(repo.dir))
  await before.close()
  const mirror = mirrorOf(tmp)
  const [ref = ''] = readdirSync(join(mirror, 'refs/trimtab'))
  const left = [
    `refs/trimtab/${ref}.lock`,
    'shallow.lock',
    'packed-refs.lock',
    'config.lock',
    'objects/pack/tmp_pack_x',
    'objects/tmp_obj_x',
    'gc.pid',
  ]
  mkdirSync(join(mirror, 'objects/pack'), { recursive: true })
  for (const each of left) writeFileSync(join(mirror, each), '')
  mkdirSync(`${mirror}.new/objects`, { recursive: true })
  mkdirSync(`${mirror}.old`)
  const commit = repo.commit()
  expect(await open().look(app(repo.dir))).toMatchObject({ commit })
  for (const each of left) expect(existsSync(join(mirror, each)), each).toBe(false)
  for (const each of ['.new', '.old']) expect(existsSync(mirror + each)).toBe(false)
})

test('a commit that was never there is no reason to rebuild', async ({ tmp, open }) => {
  const repo = makeRepo(join(tmp, 'hello'))
  repo.commit()
  const git = spyOnGit(tmp)
  const source = open({ env: git.env })
  await source.look(app(repo.dir))
  const nowhere = 'a'.repeat(40)
  await expect(source.read(app(repo.dir), nowhere, 'x', 10)).rejects.toEqual(
    failure('SourceUnreachable', `Commit ${nowhere} is not in`),
  )
  await expect(source.read(app(repo.dir), '--batch', 'x', 10)).rejects.toEqual(failure('SourceUnreachable', 'is not in'))
  expect(git.calls('fetch')).toHaveLength(1)
})

test('loose objects are packed when there are many', async ({ tmp, open }) => {
  const repo = makeRepo(join(tmp, 'hello'))
  const git = spyOnGit(tmp)
  const source = open({ env: git.env })
  for (let i = 0; git.calls('gc --auto').length === 0; i++) {
    for (let j = 0; j < 95; j++) repo.write({ [`f${j}`]: `${i} ${j}` })
    repo.commit()
    await source.look(app(repo.dir))
    expect(i).toBeLessThan(60)
  }
  const mirror = mirrorOf(tmp)
  await until(
    () => readdirSync(join(mirror, 'objects/pack')).some((name) => name.endsWith('.pack')) && !existsSync(join(mirror, 'gc.pid')),
  )
  await until(() => !existsSync(join(mirror, 'objects/17')))
  expect(await source.read(app(repo.dir), repo.head(), 'f1', 10)).toEqual(Buffer.from(repo.git('show', 'HEAD:f1')))
  expect(await source.look(app(repo.dir))).toMatchObject({ commit: repo.head() })
})
