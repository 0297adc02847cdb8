/** Where no repository is read from. */
import { lookup } from 'node:dns/promises'
import { join } from 'node:path'
import { describe, expect, it, test as plain } from 'vitest'
import { isLinkLocal, isLocal } from '../../src/config/nets.ts'
import { remoteOf } from '../../src/source/address.ts'
import { Git } from '../../src/source/git.ts'
import { settled } from '../../src/source/reach.ts'
import { startGitHttp } from '../support/githttp.ts'
import { makeRepo } from '../support/repo.ts'
import { app, failure, test } from './fixture.ts'

plain.each(['169.254.169.254', 'fe80::1', 'fe80::1%eth0', '::ffff:169.254.1.1', '64:ff9b::a9fe:a9fe', 'fd00:ec2::254', 'x'])(
  '%s is link-local',
  (address) => expect(isLinkLocal(address)).toBe(true),
)

plain.each(['127.0.0.1', '::1', '10.0.0.1', '192.168.0.1', '140.82.112.3', 'fd00::1'])('%s is not', (address) => {
  expect(isLinkLocal(address)).toBe(false)
  expect(isLocal(address)).toBe(/^(127|::1)/.test(address))
})

describe('a link-local host', () => {
  // Each of them stands for 169.254.169.254, or for a neighbour, in a way of its own.
  test.for([
    'http://169.254.169.254/latest',
    'https://2852039166/x',
    'http://0xa9.254.43518/x',
    'http://[::ffff:169.254.169.254]/x',
    'http://[fe80::1]/x',
    'ssh://git@169.254.169.254/x',
    'ssh://git@[fe80::1]/x',
    'git@169.254.169.254:x',
    'ssh://git@2852039166/x',
  ])('%s is not asked', async (repo, { source }) => {
    await expect(source.look(app(repo))).rejects.toEqual(failure('SourceUnreachable', 'link-local'))
  })
})

test('git connects to the addresses that were found, whatever the name leads to by then', async ({ tmp }) => {
  const repo = makeRepo(join(tmp, 'repo')).write({ x: '1' })
  const commit = repo.commit()
  const server = await startGitHttp(tmp)
  const git = new Git(join(tmp, 'git'), process.env)
  try {
    const remote = remoteOf({ repo: `${server.url.replace('127.0.0.1', 'no-such-host.invalid')}/repo/.git` })
    const ask = (addresses: string[]) =>
      git.run(['ls-remote', '--', remote.url, 'HEAD'], { gitDir: repo.dir, remote: { ...remote, addresses }, timeoutMs: 20_000 })
    expect((await ask(['::1', '127.0.0.1'])).stdout).toBe(`${commit}\tHEAD\n`)
  } finally {
    await git.close()
    await server.close()
  }
})

it('git goes where the host was found to be', async () => {
  const found = (await lookup('localhost', { all: true })).map(({ address }) => address)
  expect((await settled(remoteOf({ repo: 'http://localhost:3000/x' }))).addresses).toEqual(found)
  expect((await settled(remoteOf({ repo: 'http://127.0.0.1:3000/x' }))).addresses).toBeUndefined()
  expect((await settled(remoteOf({ repo: 'git@localhost:x' }))).addresses).toBeUndefined()
  // What is not known now is git's to tell.
  expect((await settled(remoteOf({ repo: 'https://no-such-host.invalid/x' }))).addresses).toBeUndefined()
})
