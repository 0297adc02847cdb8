import { describe, expect, it } from 'vitest'
import { projectOf } from '../../src/config/project.ts'
import { forgeFor } from '../../src/config/sources.ts'
import { standing } from '../../src/forge/labels.ts'
import { wordsOf } from '../../src/forge/refused.ts'
import { failure } from '../source/fixture.ts'

describe('the project of an address', () => {
  const of = (repo: string, kind: 'github' | 'gitlab' = 'github', api = 'https://api.example') => {
    const { owner, name } = projectOf(repo, kind, api)
    return `${owner} ${name}`
  }

  it.each([
    'https://github.com/acme/hello',
    'https://github.com/acme/hello.git',
    'https://github.com/acme/hello.git/',
    'https://user:pass@github.com/acme/hello.git',
    'https://git.example.com/forgejo/acme/hello.git',
    'http://127.0.0.1:3000/acme/hello',
    'ssh://git@git.example.com:2222/acme/hello.git',
    'git@github.com:acme/hello.git',
    'github.com:acme/hello',
    'git@[::1]:acme/hello.git',
  ])('%s', (repo) => expect(of(repo)).toBe('acme hello'))

  it('dots and dashes belong to the name', () => {
    expect(of('https://github.com/acme-co/hello.github.io.git')).toBe('acme-co hello.github.io')
  })

  it('GitLab has groups within groups, and may be below a path of its own', () => {
    expect(of('https://gitlab.com/acme/web/shop.git', 'gitlab', 'https://gitlab.com/api/v4')).toBe('acme/web shop')
    expect(of('git@gitlab.com:acme/web/shop.git', 'gitlab', 'https://gitlab.com/api/v4')).toBe('acme/web shop')
    expect(of('https://example.com/gitlab/acme/shop', 'gitlab', 'https://example.com/gitlab/api/v4')).toBe('acme shop')
  })

  it.each(['/srv/hello.git', 'file:///srv/acme/hello.git', './acme/hello'])('%s is a local path', (repo) => {
    expect(() => of(repo)).toThrow(failure('ConfigInvalid', 'local path'))
  })

  it.each(['https://github.com/hello', 'https://github.com/', 'git@github.com:hello.git'])('%s has no owner', (repo) => {
    expect(() => of(repo)).toThrow(failure('ConfigInvalid', 'owner/name'))
  })

  it.each(['https://github.com/acme/..', 'https://github.com/acme%2f..%2f/x%3fy', 'git@github.com:a b/c', 'https://h/a/b;c'])(
    '%s holds what no project is named',
    (repo) => expect(() => of(repo)).toThrow(failure('ConfigInvalid')),
  )

  it('credentials are not said', () => {
    expect(() => of('https://user:s3cret@github.com/hello')).toThrow(/repo: https:\/\/github\.com\/hello:/)
  })
})

describe('the forge of an app', () => {
  const forge = { kind: 'gitea', api: 'https://git.example.com/api/v1', token: 't' } as const
  const own = { ...forge, token: 'own' }

  it('is its own, else that of its host, else none', () => {
    const git = { forges: { 'git.example.com': forge } }
    expect(forgeFor({ repo: 'git@git.example.com:acme/hello.git' }, git)).toBe(forge)
    expect(forgeFor({ repo: 'https://git.example.com/acme/hello', forge: own }, git)).toBe(own)
    expect(forgeFor({ repo: 'https://other.example/acme/hello' }, git)).toBeNull()
    expect(forgeFor({ repo: '/srv/hello.git' }, git)).toBeNull()
    expect(forgeFor({ repo: 'https://constructor/acme/hello' }, { forges: {} })).toBeNull()
  })
})

describe('what a forge says', () => {
  it.each([
    [{ message: 'Bad credentials', documentation_url: 'https://docs' }, 'Bad credentials'],
    [{ message: 'Validation Failed', errors: [{ field: 'url', code: 'invalid' }] }, 'Validation Failed; url invalid'],
    [{ message: 'Validation Failed', errors: ['one', { message: 'two' }] }, 'Validation Failed; one; two'],
    [{ message: { name: ['is too long', 'is odd'] } }, 'name is too long; name is odd'],
    [{ error: 'insufficient_scope', error_description: 'more' }, 'insufficient_scope; more'],
    [{ type: 'error', error: { message: 'Bad request', detail: 'x' } }, 'Bad request'],
    [{ message: 'one\ntwo' }, 'one'],
    [{ message: 'your token s3cret-token is \u001b[31mold' }, 'your token *** is old'],
    [undefined, ''],
    [[1, 2, null], ''],
    ['text', 'text'],
  ])('%j', (body, said) => expect(wordsOf(body, ['s3cret-token'])).toBe(said))

  it('is bounded, however deep and long', () => {
    let deep: unknown = 'x'.repeat(10_000)
    expect(wordsOf({ message: deep }, []).length).toBeLessThanOrEqual(300)
    for (let i = 0; i < 10_000; i++) deep = { message: deep }
    expect(wordsOf(deep, [])).toBe('')
  })
})

it('the last change of a label decides', () => {
  const change = (at: number, isSet: boolean, by: string | null) => ({ at, isSet, by })
  expect(standing([])).toBeNull()
  expect(standing([change(2, true, 'two'), change(1, true, 'one')])).toBe('two')
  expect(standing([change(1, true, 'one'), change(2, false, 'two')])).toBeNull()
  expect(standing([change(1, true, 'one'), change(2, true, null)])).toBeNull()
})
