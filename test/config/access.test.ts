/** Whose credentials a repository gets. */
import { describe, expect, it } from 'vitest'
import { parsePlatform } from '../../src/config/platform.ts'
import { githubApiOf, hostOf, withAccess } from '../../src/config/sources.ts'
import type { GitSpec } from '../../src/domain.ts'

describe('the host of an address', () => {
  it.each([
    ['https://github.com/acme/shop.git', 'github.com'],
    ['https://GitHub.com:443/acme/shop.git', 'github.com'],
    ['http://git.example.com:3000/shop', 'git.example.com:3000'],
    ['ssh://git@Git.example.com:2222/shop', 'git.example.com'],
    ['git@git.example.com:acme/shop.git', 'git.example.com'],
    ['/srv/git/shop', null],
    ['file:///srv/git/shop', null],
    // What looks like a host to one reader and not to another is what is connected to.
    ['https://evil.example\\@github.com/x', 'evil.example'],
    ['https://evil.example?@github.com/x', 'evil.example'],
    ['https://evil.example#@github.com/x', 'evil.example'],
    ['https://github.com@evil.example/x', 'evil.example'],
    ['https://github.com:x@evil.example/x', 'evil.example'],
    ['https://[bad', null],
  ])('%s is %s', (repo, host) => expect(hostOf(repo)).toBe(host))
})

describe('credentials by host', () => {
  const git: GitSpec = {
    allow: ['https', 'ssh'],
    credentials: { 'github.com': { token: 'T' }, 'git.example.com': { key: '/key' } },
    forges: { 'github.com': { kind: 'github', api: 'https://api.github.com', token: 'F' } },
  }
  const authOf = (repo: string) => withAccess({ name: 'x', repo, path: '' }, git)

  it('go to repositories of that host, over the transport that they are for', () => {
    expect(authOf('https://github.com/a/b')).toMatchObject({ auth: { token: 'T' }, forge: { token: 'F' } })
    expect(authOf('git@git.example.com:a/b')).toMatchObject({ auth: { key: '/key' } })
    for (const repo of ['git@github.com:a/b', 'https://git.example.com/a/b', 'https://github.com:8443/a/b', '/srv/github.com'])
      expect(authOf(repo)).not.toHaveProperty('auth')
    for (const repo of ['https://evil.example\\@github.com/x', 'https://toString/x', 'https://github.com.evil.example/x'])
      expect(authOf(repo)).toEqual({ name: 'x', repo, path: '' })
  })

  it('not to one that names its own', () => {
    const own = { name: 'x', repo: 'https://github.com/a/b', path: '', auth: { token: 'mine' } }
    expect(withAccess(own, git)).toMatchObject({ auth: { token: 'mine' } })
  })

  it('are given to the apps and the fleets of platform.yaml', () => {
    const file = `
git: {credentials: {github.com: {githubApp: {id: Iv1.x, key: app.pem}}}}
fleet: {repo: https://github.com/acme/fleet}
apps: [{name: shop, repo: https://github.com/acme/shop}]`
    const platform = parsePlatform(file, { file: '/etc/trimtab/platform.yaml', env: {} })
    const auth = { githubApp: { id: 'Iv1.x', key: '/etc/trimtab/app.pem' } }
    expect(platform.apps[0]?.auth).toEqual(auth)
    expect(platform.fleets[0]?.auth).toEqual(auth)
  })
})

it("GitHub's API is at its own host, or below that of the repository", () => {
  expect(githubApiOf('https://github.com/a/b')).toBe('https://api.github.com')
  expect(githubApiOf('https://git.example.com/a/b')).toBe('https://git.example.com/api/v3')
})
