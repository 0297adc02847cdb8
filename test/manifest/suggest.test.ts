import { expect, it } from 'vitest'
import { didYouMean, suggest } from '../../src/manifest/suggest.ts'

const KEYS = ['name', 'build', 'env', 'processes', 'release', 'routes', 'cron', 'services', 'volumes', 'dependsOn']

it.each([
  ['proceses', 'processes'],
  ['Routes', 'routes'],
  ['rotues', 'routes'],
  ['enf', 'env'],
  ['depends_on', 'dependsOn'],
  ['depends', 'dependsOn'],
  ['xyz', undefined],
  ['', undefined],
  ['n'.repeat(10_000), undefined],
])('%s → %s', (name, expected) => {
  expect(suggest(name, KEYS)).toBe(expected)
})

it('takes the nearest, and the first of equals', () => {
  expect(suggest('shop', ['ship', 'shop2', 'shops'])).toBe('ship')
  expect(suggest('TERM', ['SIGINT', 'SIGTERM'])).toBe('SIGTERM')
})

it('writes the end of a message', () => {
  expect(didYouMean('scal', ['scale'])).toBe(' (did you mean "scale"?)')
  expect(didYouMean('qqq', ['scale'])).toBe('')
})
