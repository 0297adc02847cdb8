import { describe, expect, it } from 'vitest'
import { addressProblem, resolveAddress, transportOf } from '../../src/config/address.ts'

describe('addresses that are taken', () => {
  it.each([
    ['./hello.git', 'file', '/srv/ops/hello.git'],
    ['.', 'file', '/srv/ops'],
    ['../a b/ü', 'file', '/srv/a b/ü'],
    ['./with:colon', 'file', '/srv/ops/with:colon'],
    ['/srv/git/hello.git', 'file', '/srv/git/hello.git'],
    ['file:///srv/git/hello.git', 'file', null],
    ['https://git.example.com:8443/a/b.git', 'https', null],
    ['http://[::1]:3000/a/b.git', 'http', null],
    ['ssh://git@git.example.com:22/a/b.git', 'ssh', null],
    ['git@git.example.com:a/b.git', 'ssh', null],
    ['example.com:b.git', 'ssh', null],
    ['git@[::1]:b.git', 'ssh', null],
  ])('%s', (address, transport, resolved) => {
    expect(addressProblem(address)).toBeNull()
    expect(transportOf(address)).toBe(transport)
    expect(resolveAddress(address, '/srv/ops')).toBe(resolved ?? address)
  })
})

describe('addresses that are refused', () => {
  it.each([
    '',
    '-u./x',
    '--upload-pack=touch /tmp/x',
    'ext::sh -c id',
    'fd::17',
    'host::path',
    'git://example.com/a.git',
    'ftp://example.com/a.git',
    'HTTPS://example.com/a.git',
    'javascript:alert(1)//x y',
    'https://',
    'https://example.com',
    'https://exa mple.com/a',
    'ssh://-oProxyCommand=id/a',
    'ssh://-oProxyCommand=id@host/a',
    'ssh://git@/a',
    '-oProxyCommand=id:a',
    'git@-oProxyCommand=id:a',
    'git@host:-x',
    'git@host:',
    'a\nb',
    'a\0b',
    './a\u001bb',
  ])('%j', (address) => {
    expect(addressProblem(address)).toMatch(/^expected a path, /)
  })

  it.each([
    'https://user:hunter2@example.com/a.git',
    'https://hunter2@example.com/a.git',
    'http://user:hunter2@example.com/a.git',
    'ssh://git:hunter2@example.com/a.git',
    'https://user:hunter2@exa mple.com/a.git',
    'user:hunter2@example.com:a.git',
  ])('%s: without the password in the message', (address) => {
    expect(addressProblem(address)).toMatch(/^holds a password or token; /)
    expect(addressProblem(address)).not.toContain('hunter2')
  })

  it.each([
    ['file://host/a', 'expected file:///path, without a host'],
    ['file:///', 'expected file:///path, without a host'],
    ['~/a.git', `expected a path without ~; write \${HOME}/…`],
    ['https://example.com/a.git#main', 'expected an address without ? and #; the branch goes to branch:'],
    ['https://example.com/a.git?x=1', 'expected an address without ? and #; the branch goes to branch:'],
  ])('%s', (address, problem) => {
    expect(addressProblem(address)).toBe(problem)
  })
})
