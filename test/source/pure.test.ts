import { expect, test } from 'vitest'
import { gitEnvironment, proxied } from '../../src/source/environment.ts'
import { isBranchName } from '../../src/source/follow.ts'
import { faultOf } from '../../src/source/gitError.ts'
import { parseLsRemote } from '../../src/source/lsRemote.ts'
import { badName, wayOut } from '../../src/source/names.ts'
import { parseCommit, parseTree } from '../../src/source/parse.ts'
import { packet, packets } from '../../src/source/pktLine.ts'

const id = 'a'.repeat(40)

test('names that are never written', () => {
  const bad = [
    '',
    '.',
    '..',
    '.git',
    '.GIT',
    '.git ',
    '.git.',
    '.git::$INDEX_ALLOCATION',
    'git~1',
    'a/b',
    'a\0b',
    'x'.repeat(256),
  ]
  for (const name of bad) expect(badName(name), JSON.stringify(name)).not.toBeNull()
  expect(badName(Buffer.from('.g\u200cit').toString('latin1'))).not.toBeNull()
  for (const name of ['.gitignore', '.github', 'git', 'a\\b', '-rf', ' ', '...', 'é', '\xff'])
    expect(badName(name), name).toBeNull()
})

test('links that leave the tree are found, by whatever way', () => {
  const links = new Map(
    Object.entries({
      fine: 'sub/file',
      up: 'sub/../file',
      later: 'node_modules/.bin/x',
      'sub/ok': '../file',
      'sub/out': '../../etc/passwd',
      out: '..',
      abs: '/etc/passwd',
      inDeep: 'a/b/c',
      'a/b': '../deep/er',
      viaDeep: 'a/b/../../..',
      here: '.',
      circle: 'circle2',
      circle2: 'circle',
      throughHere: 'here/here/..',
      viaAbs: 'abs/x',
      git: '.GIT/hooks',
    }),
  )
  const out = (path: string) => wayOut(links, path)
  for (const path of ['fine', 'up', 'later', 'sub/ok', 'inDeep', 'a/b', 'here']) {
    if (path === 'a/b') continue
    expect(out(path), path).toBeNull()
  }
  expect(out('sub/out')).toBe('leaves the tree')
  expect(out('out')).toBe('leaves the tree')
  expect(out('abs')).toBe('is absolute')
  // a/b leads to deep/er, so that b/../../.. is one above the root, though by its letters it is not.
  expect(out('viaDeep')).toBe('leaves the tree')
  expect(out('throughHere')).toBe('leaves the tree')
  expect(out('viaAbs')).toBe('leads to an absolute link')
  expect(out('circle')).toBe('runs in a circle')
  expect(out('git')).toBe("leads into git's own folder")
})

test('branch names, as git-check-ref-format has them', () => {
  for (const name of ['main', 'feature/a', 'é', 'a-b', 'a.b']) expect(isBranchName(name), name).toBe(true)
  const bad = [
    '',
    '@',
    '-x',
    '/a',
    'a/',
    'a//b',
    'a..b',
    '../x',
    '.a',
    'a/.b',
    'a.lock',
    'a.',
    'a b',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[',
    'a\\b',
    'a@{1}',
    'a\nb',
  ]
  for (const name of bad) expect(isBranchName(name), name).toBe(false)
})

test('packet lines', () => {
  expect(packet('é')).toBe('0007é\n')
  expect([...packets(Buffer.from('0007é\n00010000'))]).toEqual([
    { kind: 'data', text: 'é' },
    { kind: 'delim' },
    { kind: 'flush' },
  ])
  expect(() => [...packets(Buffer.from('<html>'))]).toThrow('not packet lines')
  expect(() => [...packets(Buffer.from('00ffshort'))]).toThrow('cut off')
})

test('what ls-remote prints', () => {
  expect(parseLsRemote(`ref: refs/heads/main\tHEAD\n${id}\tHEAD\n${id}\trefs/heads/main\n`)).toEqual({
    head: { branch: 'main', commit: id },
    branches: new Map([['main', id]]),
    tags: new Map(),
    others: new Map(),
  })
  expect(parseLsRemote('').branches.size).toBe(0)
})

test('commits and trees', () => {
  const text = `tree ${id}\nparent ${id}\nauthor A <a@b> 1 +0000\ncommitter C <c@d> 1700000000 +0200\nencoding ISO-8859-1\n\n`
  const commit = parseCommit(Buffer.concat([Buffer.from(text), Buffer.from([0xe9, 0x0a])]))
  expect(commit).toEqual({ tree: id, parents: [id], message: 'é\n', committedAt: 1_700_000_000_000 })
  const tree = Buffer.concat([
    Buffer.from('40000 a\0'),
    Buffer.alloc(20, 0xaa),
    Buffer.from('100644 \xff\0', 'latin1'),
    Buffer.alloc(20, 0xaa),
  ])
  expect(parseTree(tree, 40)).toEqual([
    { name: 'a', mode: 0o40000, id },
    { name: '\xff', mode: 0o100644, id },
  ])
  expect(() => parseTree(tree.subarray(0, 30), 40)).toThrow('not a tree')
})

test.each([
  ["fatal: repository 'http://h/x/' not found", 'gone'],
  ["fatal: '/x' does not appear to be a git repository\nfatal: Could not read from remote repository.", 'gone'],
  ["fatal: could not read Username for 'http://h': terminal prompts disabled", 'auth'],
  ['git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.', 'auth'],
  ['Host key verification failed.\nfatal: Could not read from remote repository.', 'auth'],
  ['ssh: connect to host h port 22: Connection refused\nfatal: Could not read from remote repository.', 'network'],
  ["fatal: unable to access 'https://h/': Could not resolve host: h", 'network'],
  ["fatal: unable to access 'https://h/': The requested URL returned error: 503", 'network'],
  ["fatal: couldn't find remote ref refs/heads/x", 'branch'],
  ['error: file write error: No space left on device\nfatal: early EOF', 'disk'],
  ['fatal: bad object HEAD', 'unknown'],
])('git says %j: %s', (stderr, fault) => {
  expect(faultOf({ code: 128, stdout: '', stderr, timedOut: false })).toBe(fault)
})

test('git sees no more of the environment than it needs', () => {
  const env = gitEnvironment({
    PATH: '/bin',
    GIT_DIR: '/x',
    SECRET: 's',
    SSH_AUTH_SOCK: '/a',
    SSL_CERT_FILE: '/ca.pem',
    GIT_SSH_COMMAND: 'ssh -v',
  })
  expect(env).toMatchObject({ PATH: '/bin', SSH_AUTH_SOCK: '/a', GIT_SSL_CAINFO: '/ca.pem', GIT_TERMINAL_PROMPT: '0' })
  expect(env.GIT_SSH_COMMAND).toMatch(/^ssh -v -oBatchMode=yes/)
  expect(env).not.toHaveProperty('GIT_DIR')
  expect(env).not.toHaveProperty('SECRET')
})

test('which hosts are asked through a proxy', () => {
  const env = { https_proxy: 'http://proxy:3128', no_proxy: 'localhost,.internal.example' }
  expect(proxied(new URL('https://github.com/x'), env)).toBe(true)
  expect(proxied(new URL('http://github.com/x'), env)).toBe(false)
  expect(proxied(new URL('https://localhost/x'), env)).toBe(false)
  expect(proxied(new URL('https://git.internal.example/x'), env)).toBe(false)
})
