import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Source } from '../../src/ports.ts'
import { makeRepo, type Repo } from '../support/repo.ts'
import { app, test as base, failure } from './fixture.ts'

const test = base.extend<{
  repo: Repo
  out: string
  exported(commit: string, path?: string, omit?: string[], with_?: Source): Promise<string>
}>({
  repo: async ({ tmp }, use) => use(makeRepo(join(tmp, 'hello'))),
  out: async ({ tmp }, use) => {
    mkdirSync(join(tmp, 'out'))
    await use(join(tmp, 'out'))
  },
  exported: async ({ repo, out, source }, use) => {
    await use(async (commit, path = '', omit = [], from = source) => {
      await from.look(app(repo.dir))
      await from.export(app(repo.dir), commit, path, out, { omit })
      return out
    })
  },
})

/** Everything in a folder: names, kinds and contents. */
function list(dir: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of (readdirSync(dir, { recursive: true }) as string[]).sort()) {
    if (Object.entries(found).some(([path, what]) => what.startsWith('->') && name.startsWith(`${path}/`))) continue
    const stat = lstatSync(join(dir, name))
    const mode = (stat.mode & 0o777).toString(8)
    if (stat.isSymbolicLink()) found[name] = `-> ${readlinkSync(join(dir, name))}`
    else found[name] = stat.isDirectory() ? `${mode} folder` : `${mode} ${readFileSync(join(dir, name), 'utf8')}`
  }
  return found
}

/** Commits a tree that git's own commands would not make; `entries` as of git-mktree(1) without its checks. */
function commitTree(repo: Repo, entries: Array<{ mode: string; name: string; id: string }>): string {
  const tree = Buffer.concat(
    entries.map(({ mode, name, id }) => Buffer.concat([Buffer.from(`${mode} ${name}\0`, 'latin1'), Buffer.from(id, 'hex')])),
  )
  const id = object(repo, 'tree', tree)
  const commit = repo.git('commit-tree', '-m', 'hostile', id)
  repo.git('update-ref', 'refs/heads/main', commit)
  return commit
}

function object(repo: Repo, type: string, content: Buffer | string): string {
  const args = ['hash-object', '-t', type, '-w', '--literally', '--stdin']
  return execFileSync('git', args, { cwd: repo.dir, input: content, encoding: 'utf8' }).trim()
}

test('files, executable bits, links and folders, as committed', async ({ repo, exported }) => {
  const before = process.umask(0o077)
  try {
    const commit = repo
      .write({
        'server.js': 'hi',
        'bin/run': { executable: '#!/bin/sh' },
        'a/b/c/deep': '',
        'a/up': { link: '../server.js' },
        later: { link: 'node_modules/.bin/x' },
        deep: { link: 'a/b' },
        inside: { link: 'deep/../../server.js' },
        'back\\slash': '1',
        '-rf': '2',
        ' é\n': '3',
        'x.gitignore': '4',
        '.github/x': '5',
      })
      .commit()
    expect(list(await exported(commit))).toEqual({
      'server.js': '644 hi',
      bin: '755 folder',
      'bin/run': '755 #!/bin/sh',
      a: '755 folder',
      'a/b': '755 folder',
      'a/b/c': '755 folder',
      'a/b/c/deep': '644 ',
      'a/up': '-> ../server.js',
      later: '-> node_modules/.bin/x',
      deep: '-> a/b',
      inside: '-> deep/../../server.js',
      'back\\slash': '644 1',
      '-rf': '644 2',
      ' é\n': '644 3',
      'x.gitignore': '644 4',
      '.github': '755 folder',
      '.github/x': '644 5',
    })
  } finally {
    process.umask(before)
  }
})

test('every time of it is the same', async ({ repo, exported }) => {
  const out = await exported(repo.write({ 'a/b': '1', c: { link: 'a' } }).commit())
  const times = ['', 'a', 'a/b', 'c'].map((name) => lstatSync(join(out, name)).mtimeMs)
  expect(new Set(times)).toEqual(new Set([1_000_000_000_000]))
})

test('a folder of the repository, without what is omitted at its top', async ({ repo, exported }) => {
  const commit = repo
    .write({ 'app.yaml': '0', 'shop/app.yaml': '1', 'shop/Procfile': '2', 'shop/sub/app.yaml': '3', 'shop/x': '4' })
    .commit()
  expect(Object.keys(list(await exported(commit, 'shop', ['app.yaml', 'Procfile'])))).toEqual(['sub', 'sub/app.yaml', 'x'])
})

test('what is omitted is not looked at either', async ({ repo, exported }) => {
  const commit = repo.write({ x: '1', bad: { link: '/etc/passwd' } }).commit()
  expect(Object.keys(list(await exported(commit, '', ['bad'])))).toEqual(['x'])
})

test('names that are no UTF-8', async ({ repo, exported, skip }) => {
  if (process.platform === 'darwin') skip('this file system takes UTF-8 only')
  const blob = object(repo, 'blob', '1')
  const out = await exported(
    commitTree(repo, [
      { mode: '100644', name: 'a\xfe', id: blob },
      { mode: '100644', name: 'a\xff', id: blob },
    ]),
  )
  const names = readdirSync(out, { encoding: 'buffer' }).map((name) => name.toString('latin1'))
  expect(names.sort()).toEqual(['a\xfe', 'a\xff'])
})

test('a large file, and many small ones', async ({ repo, exported }) => {
  const large = Buffer.alloc(20_000_000, 'large ')
  repo.write({ large })
  for (let i = 0; i < 2000; i++) repo.write({ [`d${i % 20}/f${i}`]: `file ${i}` })
  const out = await exported(repo.commit())
  expect(readFileSync(join(out, 'large')).equals(large)).toBe(true)
  expect(readFileSync(join(out, 'd19/f1999'), 'utf8')).toBe('file 1999')
  expect(readdirSync(out, { recursive: true })).toHaveLength(2021)
})

describe('refused, and nothing left behind', () => {
  test('a folder that is not there', async ({ repo, exported }) => {
    await expect(exported(repo.write({ x: '1' }).commit(), 'none')).rejects.toEqual(failure('PathMissing', 'no folder none'))
  })

  test('a submodule', async ({ tmp, repo, exported }) => {
    const other = makeRepo(join(tmp, 'other'))
    other.commit()
    repo.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', other.dir, 'vendor/other')
    await expect(exported(repo.commit())).rejects.toEqual(failure('SourceInvalid', 'vendor/other: a submodule'))
  })

  test.for([
    ['/etc/passwd', 'is absolute'],
    ['../x', 'leaves the tree'],
    ['a/../../x', 'leaves the tree'],
    ['away/../../../x', 'leaves the tree'],
    ['.git/hooks', "leads into git's own folder"],
    ['bad', 'runs in a circle'],
  ] as const)('a link to %s', async ([target, why], { repo, out, exported }) => {
    const commit = repo.write({ x: '1', 'a/b/c': '1', away: { link: 'a/b' }, bad: { link: target } }).commit()
    await expect(exported(commit)).rejects.toEqual(failure('SourceInvalid', `bad: the link to ${JSON.stringify(target)} ${why}`))
    expect(readdirSync(out)).toEqual([])
  })

  test('a link out of the folder that is exported, though not of the repository', async ({ repo, exported }) => {
    const commit = repo.write({ 'shared/x': '1', 'shop/shared': { link: '../shared' }, 'shop/a': { link: 'shared/x' } }).commit()
    await expect(exported(commit, 'shop')).rejects.toEqual(
      failure('SourceInvalid', 'shared: the link to "../shared" leaves the tree'),
    )
  })

  test.for(['.git', '.GIT', '.git ', 'git~1', '..', '.', '.g\u200cit'])('the name %j', async (name, { repo, out, exported }) => {
    const id = object(repo, 'blob', 'x')
    const bytes = Buffer.from(name).toString('latin1')
    const commit = commitTree(repo, [
      { mode: '100644', name: bytes, id },
      { mode: '100644', name: 'x', id },
    ])
    await expect(exported(commit)).rejects.toEqual(failure('SourceInvalid', 'is not written'))
    expect(readdirSync(out)).toEqual([])
  })

  test('a name with a slash, a name that is there twice, an unknown mode, all told at once', async ({ repo, exported }) => {
    const id = object(repo, 'blob', '/tmp')
    const commit = commitTree(repo, [
      { mode: '100644', name: '../../x', id },
      { mode: '120000', name: 'two', id },
      { mode: '100644', name: 'two', id },
      { mode: '10644', name: 'pipe', id },
    ])
    const says = [
      '../../x: a name with a slash',
      'two: is there twice',
      'pipe: its mode 10644 is unknown',
      'two: the link to "/tmp" is absolute',
    ]
    await expect(exported(commit)).rejects.toEqual(failure('SourceInvalid', ...says))
  })

  test('a tree that unfolds into millions', async ({ repo, open, out, exported }) => {
    let id = object(repo, 'blob', 'boom')
    let mode = '100644'
    for (let depth = 0; depth < 9; depth++) {
      const entries = Array.from({ length: 10 }, (_, i) =>
        Buffer.concat([Buffer.from(`${mode} f${i}\0`), Buffer.from(id, 'hex')]),
      )
      id = object(repo, 'tree', Buffer.concat(entries))
      mode = '40000'
    }
    const commit = commitTree(repo, [{ mode, name: 'bomb', id }])
    const source = open({ limits: { entries: 5000 } })
    await expect(exported(commit, '', [], source)).rejects.toEqual(failure('SourceInvalid', 'more than 5000 files'))
    expect(readdirSync(out)).toEqual([])
  })

  test('folders deeper than a path can be long', async ({ repo, exported }) => {
    let id = object(repo, 'tree', '')
    for (let depth = 0; depth < 600; depth++)
      id = object(repo, 'tree', Buffer.concat([Buffer.from('40000 d\0'), Buffer.from(id, 'hex')]))
    await expect(exported(commitTree(repo, [{ mode: '40000', name: 'd', id }]))).rejects.toEqual(
      failure('SourceInvalid', 'longer than 900 bytes'),
    )
  })

  test('more bytes than are allowed', async ({ repo, open, out, exported }) => {
    const commit = repo.write({ a: 'x'.repeat(600), b: 'y'.repeat(600), 'sub/c': 'z' }).commit()
    const source = open({ limits: { bytes: 1000 } })
    await expect(exported(commit, '', [], source)).rejects.toEqual(failure('SourceInvalid', 'larger than 1000 bytes'))
    expect(readdirSync(out)).toEqual([])
    expect(await source.read(app(repo.dir), commit, 'sub/c', 10)).toEqual(Buffer.from('z'))
  })

  test('names that fall together where the file system does not tell them apart', async ({ repo, out, exported }) => {
    const commit = repo.write({ readme: '1' }).commit()
    // On a file system that tells names apart, what is there already stands for the other name.
    mkdirSync(join(out, 'readme'))
    await expect(exported(commit)).rejects.toEqual(
      failure('SourceInvalid', 'readme: another name in the same folder falls together'),
    )
  })
})
