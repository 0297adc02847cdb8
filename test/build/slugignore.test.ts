import { expect, test } from 'vitest'
import { matches, parseRule } from '../../src/build/slugignore.ts'

function ignored(line: string, path: string, isFolder = false): boolean {
  const rule = parseRule(line)
  return rule !== null && matches(rule, path.split('/'), isFolder)
}

test.each([
  ['*.psd', 'logo.psd', true],
  ['*.psd', 'art/deep/logo.psd', true],
  ['*.psd', 'logo.psd.txt', false],
  ['/spec', 'spec', true],
  ['/spec', 'lib/spec', false],
  ['spec', 'lib/spec', true],
  ['docs/*.md', 'docs/a.md', true],
  ['docs/*.md', 'docs/deep/a.md', false],
  ['docs/**/*.md', 'docs/deep/er/a.md', true],
  ['docs/**/*.md', 'docs/a.md', true],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['[a-c]1', 'b1', true],
  ['[!a-c]1', 'b1', false],
  ['\\*', '*', true],
  ['\\*', 'x', false],
  ['# comment', '# comment', false],
  ['!keep', 'keep', false],
  ['../etc', 'etc', false],
  ['', 'x', false],
  ['.env*', '.env.local', true],
])('%j on %j: %j', (line, path, expected) => {
  expect(ignored(line, path)).toBe(expected)
})

test('a slash at the end means folders only', () => {
  expect(ignored('log/', 'log', true)).toBe(true)
  expect(ignored('log/', 'log', false)).toBe(false)
  expect(ignored('log/', 'a/log', true)).toBe(true)
})

test('a hostile pattern takes no time', () => {
  const before = performance.now()
  expect(ignored(`${'*a'.repeat(100)}b`, 'a'.repeat(255))).toBe(false)
  expect(ignored(`${'**/a/'.repeat(50)}b`, 'a/'.repeat(200).slice(0, -1))).toBe(false)
  expect(performance.now() - before).toBeLessThan(1000)
})
