import { describe, expect, it } from 'vitest'
import { guessedForge, hookTarget, repositoryId } from '../../src/config/hooks.ts'
import type { AppSpec } from '../../src/domain.ts'

describe("a repository's id", () => {
  it('is short, and no name that an app could have', () => {
    expect(repositoryId('https://git.example.com/acme/shop.git')).toMatch(/^repo\.[0-9a-f]{12}$/)
  })

  it.each([
    'https://git.example.com/acme/shop',
    'https://git.example.com:443/acme/shop.git/',
    'http://GIT.example.com/acme/shop.git',
    'ssh://git@git.example.com:2222/acme/shop.git',
    'git@git.example.com:acme/shop.git',
    'git.example.com:/acme/shop',
  ])('is the same however its address is written: %s', (address) => {
    expect(repositoryId(address)).toBe(repositoryId('https://git.example.com/acme/shop.git'))
  })

  it.each([
    'https://git.example.com/acme/shop2.git',
    'https://git.example.com:8443/acme/shop.git',
    'https://example.com/acme/shop.git',
    '/git.example.com/acme/shop.git',
    'file:///%',
    'git@[::1]:acme/shop.git',
  ])('is another one for another repository: %s', (address) => {
    expect(repositoryId(address)).not.toBe(repositoryId('https://git.example.com/acme/shop.git'))
  })

  it('of a local one is its path', () => {
    expect(repositoryId('file:///srv/shop.git/')).toBe(repositoryId('/srv/./shop.git'))
    expect(repositoryId('/srv/shop')).not.toBe(repositoryId('/srv/shop.git'))
  })
})

describe('whom a delivery concerns', () => {
  const app = (name: string, repo: string, secret?: string): AppSpec => ({
    name,
    repo,
    path: '',
    ...(secret !== undefined && { webhook: { secret } }),
  })
  const limits = { bytes: 1, perMinute: 1 }
  const [shop, api, other] = [
    app('shop', 'https://a.example.com/x.git', 's'),
    app('api', 'git@a.example.com:x.git', 'a'),
    app('other', '/srv/o'),
  ]
  const list = { repo: 'https://a.example.com/x.git', path: 'apps.yaml', webhook: { secret: 'f' } }
  const platform = { apps: [shop, api, other], fleets: [list], hooks: limits }
  const repository = repositoryId(shop.repo)

  it('an app: everything that its repository is used for, by its own secret', () => {
    expect(hookTarget(platform, 'shop')).toEqual({ repository, apps: [shop, api], fleets: [list], secrets: ['s'] })
  })

  it('a repository: by the secrets of all', () => {
    expect(hookTarget(platform, repository)).toEqual({ repository, apps: [shop, api], fleets: [list], secrets: ['s', 'a', 'f'] })
  })

  it('without a secret, nobody', () => {
    expect(hookTarget(platform, 'other')).toBeNull()
    expect(hookTarget({ ...platform, hooks: { ...limits, secret: 'p' } }, 'other')?.secrets).toEqual(['p'])
    expect(hookTarget({ ...platform, hooks: { ...limits, secret: 'p' } }, 'nobody')).toBeNull()
    expect(hookTarget({ ...platform, hooks: { ...limits, secret: 'p' } }, '__proto__')).toBeNull()
  })
})

it('a forge is guessed by the name of its host', () => {
  const guesses = {
    'https://github.com/a/b': 'github',
    'git@gitlab.example.com:a/b.git': 'gitlab',
    'https://gitea.internal:3000/a/b': 'gitea',
    'https://codeberg.org/a/b': 'forgejo',
    'https://bitbucket.org/a/b': 'bitbucket',
    'https://git.example.com/github/b': null,
    '/srv/github.git': null,
  }
  for (const [repo, kind] of Object.entries(guesses)) expect(guessedForge(repo), repo).toBe(kind)
})
