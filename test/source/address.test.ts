import { expect, test } from 'vitest'
import { remoteOf } from '../../src/source/address.ts'

const url = (repo: string) => remoteOf({ repo }).url

test('spellings of one repository are one address', () => {
  expect(url('/srv/git/hello.git/')).toBe('/srv/git/hello.git')
  expect(url('/srv/./git//hello.git')).toBe('/srv/git/hello.git')
  expect(url('file:///srv/git/hello.git')).toBe('/srv/git/hello.git')
  expect(url('file:///srv/with%20space/%C3%A9')).toBe('/srv/with space/é')
  expect(url('HTTPS://Git.Example.com:443/acme/shop.git/')).toBe('https://git.example.com/acme/shop.git')
  expect(url('ssh://git@example.com/acme/shop.git/')).toBe('ssh://git@example.com/acme/shop.git')
  expect(url('git@example.com:acme/shop.git')).toBe('git@example.com:acme/shop.git')
})

test.each([
  ['/srv/-odd', 'local', 'file'],
  ['http://host/x', 'http', 'http'],
  ['https://host/x', 'http', 'https'],
  ['ssh://host:2222/x', 'ssh', 'ssh'],
  ['host:x', 'ssh', 'ssh'],
  ['git@[::1]:x', 'ssh', 'ssh'],
])('%s goes by %s, over %s', (repo, kind, protocol) => {
  expect(remoteOf({ repo })).toMatchObject({ kind, protocol })
})

test.each([
  ['./relative', 'neither an absolute path nor an address'],
  ['ext::sh -c id', 'neither an absolute path nor an address'],
  ['fd::17', 'neither an absolute path nor an address'],
  ['-oProxyCommand=id:x', 'neither an absolute path nor an address'],
  ['-u@host:x', 'neither an absolute path nor an address'],
  ['ssh://-oProxyCommand=id/x', 'it names no host'],
  ['git://host/x', 'git:// is not supported'],
  ['file://host/x', 'file:// takes no host'],
  ['/srv/a\nb', 'a control character'],
])('%j is refused: %s', (repo, why) => {
  expect(() => remoteOf({ repo })).toThrow(
    expect.objectContaining({ code: 'ConfigInvalid', message: expect.stringContaining(why) }),
  )
})

test('credentials leave the address at once, also where it is refused', () => {
  const remote = remoteOf({ repo: 'https://ada:s3cr%40t@git.example.com/x.git' })
  expect(remote).toMatchObject({ url: 'https://git.example.com/x.git', credentials: { username: 'ada', password: 's3cr@t' } })
  expect(url('ssh://git:s3cret@example.com/x')).toBe('ssh://git@example.com/x')
  expect(() => remoteOf({ repo: 'ftp://ada:s3cret@host/x' })).toThrow(
    expect.not.objectContaining({ message: expect.stringContaining('s3cret') }),
  )
})

test('a token goes with the user name its forge wants', () => {
  const auth = { token: 't' }
  expect(remoteOf({ repo: 'https://github.com/a/b', auth }).credentials).toEqual({ username: 'x-access-token', password: 't' })
  expect(remoteOf({ repo: 'https://bitbucket.org/a/b', auth }).credentials).toEqual({ username: 'x-token-auth', password: 't' })
  const named = { username: 'deploy', password: 'p' }
  expect(remoteOf({ repo: 'https://old:x@host/a', auth: named }).credentials).toEqual(named)
})
