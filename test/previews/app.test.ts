import { expect, it } from 'vitest'
import type { AppSpec } from '../../src/domain.ts'
import { previewOf } from '../../src/previews/app.ts'
import { previewName } from '../../src/previews/name.ts'

const app: AppSpec = {
  name: 'shop',
  repo: 'https://git.example.com/acme/shop.git',
  branch: 'main',
  path: 'services/shop',
  auth: { token: 'a' },
  verify: { signers: '/etc/signers', commits: 'every' },
  forge: { kind: 'gitea', api: 'https://git.example.com/api/v1', token: 'b' },
  previews: { label: 'preview', limit: 5, ttlMs: 1 },
}
const commit = 'a'.repeat(40)

it('a preview is the app at another ref', () => {
  const { branch: _, previews: __, ...same } = app
  const ref = 'refs/pull/7/head'
  expect(previewOf(app, { number: 7, ref, isFork: false, commit })).toEqual({
    ...same,
    name: 'shop-pr-7',
    ref,
    preview: { of: 'shop', number: 7, isFork: false },
  })
  const { branch: ___, ...tagged } = { ...app, tag: 'v*' }
  expect(previewOf(tagged, { number: 8, ref, isFork: true, commit })).toEqual({
    ...same,
    name: 'shop-pr-8',
    ref,
    preview: { of: 'shop', number: 8, isFork: true, commit },
  })
})

it('a name is one that an app may have, however long the app is called', () => {
  expect(previewName('shop', 7)).toBe('shop-pr-7')
  expect(previewName('a'.repeat(33), 123)).toBe(`${'a'.repeat(33)}-pr-123`)
  const long = 'a-very-long-name-of-an-app-with-hyphens'
  for (const number of [1, 12, 123, 1234, 99_999, 999_999_999]) {
    const name = previewName(long, number)
    expect(name).toMatch(/^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/)
    expect(name).toMatch(new RegExp(`^a-very-long-name.*[a-z0-9]-[0-9a-f]{6}-pr-${number}$`))
    expect(previewName(long, number)).toBe(name)
  }
  expect(previewName(`${'a'.repeat(39)}b`, 1)).not.toBe(previewName(`${'a'.repeat(39)}c`, 1))
})
