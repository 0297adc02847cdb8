import { join } from 'node:path'
import { expect } from 'vitest'
import { makeRepo } from '../support/repo.ts'
import { app, failure, test } from './fixture.ts'

test('entries and files are read as git objects', async ({ tmp, source }) => {
  const repo = makeRepo(join(tmp, 'hello')).write({
    'app.yaml': 'name: hello\n',
    empty: '',
    'bin/run': { executable: '#!/bin/sh\n' },
    link: { link: 'app.yaml' },
    'services/shop/Procfile': 'web: x\n',
    'services/shop/é ü': 'ü',
  })
  const commit = repo.commit()
  const hello = app(repo.dir)
  await source.look(hello)
  const entries = await source.entries(hello, commit, '')
  expect(entries.map(({ name, mode }) => [name, mode])).toEqual([
    ['app.yaml', '100644'],
    ['bin', '040000'],
    ['empty', '100644'],
    ['link', '120000'],
    ['services', '040000'],
  ])
  expect(entries[0]?.id).toBe(repo.git('rev-parse', 'HEAD:app.yaml'))
  expect((await source.entries(hello, commit, 'services/shop')).map(({ name }) => name)).toEqual(['Procfile', 'é ü'])
  const read = (path: string, limit = 100) => source.read(hello, commit, path, limit)
  expect(await read('app.yaml')).toEqual(Buffer.from('name: hello\n'))
  expect(await read('services/shop/é ü')).toEqual(Buffer.from('ü'))
  expect(await read('empty', 0)).toEqual(Buffer.alloc(0))
  for (const none of ['none', 'link', 'bin', '', 'app.yaml/x', 'services/none/x', '../x', 'x\ny'])
    expect(await read(none), none).toBeNull()
})

test('a folder that is not there', async ({ tmp, source }) => {
  const repo = makeRepo(join(tmp, 'hello')).write({ x: '1' })
  const commit = repo.commit()
  await source.look(app(repo.dir))
  const entries = (path: string) => source.entries(app(repo.dir), commit, path)
  await expect(entries('services/shop')).rejects.toEqual(
    failure('PathMissing', commit.slice(0, 12), 'no folder services/shop', '`path`'),
  )
  await expect(entries('x')).rejects.toEqual(failure('PathMissing', 'x is not a folder'))
})

test('a file that is too large is refused, and what comes after it is read', async ({ tmp, source }) => {
  const repo = makeRepo(join(tmp, 'hello')).write({ 'app.yaml': Buffer.alloc(5_000_000, '# '), small: 's' })
  const commit = repo.commit()
  await source.look(app(repo.dir))
  const read = (path: string, limit: number) => source.read(app(repo.dir), commit, path, limit)
  const [large, small] = await Promise.allSettled([read('app.yaml', 65_536), read('small', 10)])
  expect(large).toMatchObject({ reason: failure('SourceInvalid', 'app.yaml is 5000000 bytes', 'limit is 65536') })
  expect(small).toMatchObject({ value: Buffer.from('s') })
  expect(await read('app.yaml', 5_000_000)).toHaveLength(5_000_000)
})

test('many readers at once, while commits come in', async ({ tmp, source }) => {
  const repo = makeRepo(join(tmp, 'hello'))
  const hello = app(repo.dir)
  for (let i = 0; i < 5; i++) {
    const commit = repo.write({ n: String(i), 'a/b/c': `deep ${i}` }).commit()
    await source.look(hello)
    const reads = Array.from({ length: 50 }, (_, k) => source.read(hello, commit, k % 2 ? 'n' : 'a/b/c', 100))
    const seen = new Set((await Promise.all(reads)).map(String))
    expect(seen).toEqual(new Set([String(i), `deep ${i}`]))
  }
})
