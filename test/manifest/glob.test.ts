/** Patterns of paths: what they mean, and that no repository can make them slow. */
import picomatch from 'picomatch'
import { describe, expect, it } from 'vitest'
import { parseGlob } from '../../src/manifest/glob.ts'
import { isPassedOver, parsePattern } from '../../src/manifest/passedOver.ts'
import { seeded } from '../simulation/random.ts'

describe('a pattern', () => {
  it.each([
    ['services/shop/**', 'services/shop/server.js', true],
    ['services/shop/**', 'services/shop/a/b/.env', true],
    ['services/shop/**', 'services/shopping/server.js', false],
    // What takes the folder's place: a link, a submodule.
    ['services/shop/**', 'services/shop', true],
    ['*/**', 'README.md', false],
    ['*/**', 'docs/README.md', true],
    ['*.md', 'README.md', true],
    ['*.md', 'docs/README.md', false],
    ['**/*.md', 'README.md', true],
    ['**/*.md', 'a/b/c.md', true],
    ['**', 'anything/at.all', true],
    ['a/**/z', 'a/z', true],
    ['a/**/z', 'a/b/c/z', true],
    ['a/**/z', 'a/b/c/y', false],
    ['?.js', 'a.js', true],
    ['?.js', 'ab.js', false],
    ['{libs,shared}/*.{js,ts}', 'shared/x.ts', true],
    ['{libs,shared}/*.{js,ts}', 'shared/x.go', false],
    ['v[0-9].txt', 'v7.txt', true],
    ['v[!0-9].txt', 'v7.txt', false],
    ['a.b', 'axb', false],
    ['größe/*', 'größe/x', true],
  ])('%s, %s: %s', (pattern, path, fits) => expect(parseGlob(pattern)?.matches(path)).toBe(fits))

  it.each([
    '',
    '!',
    '/a',
    'a//b',
    'a/',
    './a',
    '../a',
    'a/../b',
    'a\\b',
    'a[b',
    'a{b',
    'a}b',
    '{a,{b,c}}',
    'a\0b',
    '{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}',
  ])('is not %j', (pattern) => expect(parsePattern(pattern)).toBeNull())

  it('means what it means to picomatch', () => {
    const random = seeded(7)
    const names = ['**', '*', 'a', '*a', 'a*', '?', 'ab', '*.js', '[ab]', '{a,b}', '{a,*b}c', '.x', 'a*b']
    const parts = ['a', 'b', 'ab', 'ba', 'x.js', '.x', '.js', 'abc', 'bc']
    const some = (of: string[]) => Array.from({ length: 1 + random.below(4) }, () => random.pick(of)).join('/')
    for (let i = 0; i < 20_000; i++) {
      const [pattern, path] = [some(names), some(parts)]
      // There it depends on the kind of wildcard whether `<pattern>/**` is a file of that name.
      if (/[*?[{][^/]*\/\*\*$/.test(pattern) || /\*\*\/\*\*/.test(pattern)) continue
      const wanted = picomatch.isMatch(path, pattern, { dot: true, nonegate: true, noextglob: true })
      expect(parseGlob(pattern)?.matches(path), `${pattern} on ${path}`).toBe(wanted)
    }
  })
})

describe('a commit is passed over', () => {
  const ours = ['services/shop/app.yaml', 'services/shop/Procfile']
  it.each([
    [['services/shop/**'], ['services/auth/x.js', 'README.md'], true],
    [['services/shop/**'], ['README.md', 'services/shop/x.js'], false],
    [['libs/**', '!libs/docs/**'], ['libs/docs/x.md'], true],
    [['libs/**', '!libs/docs/**', 'libs/docs/api/**'], ['libs/docs/api/x.md'], false],
    [['!**/*.md'], ['a/b.md'], true],
    [['!**/*.md'], ['a/b.md', 'a/b.js'], false],
    [['!**/*.md'], [], true],
    [['libs/**'], ['services/shop/app.yaml'], false],
    [['libs/**'], ['services/shop/Procfile'], false],
    [['libs/**', '!services/**'], ['services/shop/app.yaml'], false],
    [['libs/**'], ['app.yaml'], true],
  ])('%j of %j: %s', (patterns, changed, expected) => expect(isPassedOver(patterns, changed, ours)).toBe(expected))

  it('but not where it would take long to say, and that is found out quickly', () => {
    const began = performance.now()
    const hostile = `${'*a'.repeat(90)}*b`
    expect(isPassedOver([hostile], ['a'.repeat(1_000)], [])).toBe(true)
    expect(isPassedOver(['b'], ['a'.repeat(1_025)], [])).toBe(false)
    const many = Array.from({ length: 20_000 }, (_, i) => `${'a/'.repeat(40)}${i}`)
    expect(isPassedOver(Array(50).fill(hostile), many, [])).toBe(false)
    expect(isPassedOver(['services/**', '!**/*.md'], many, [])).toBe(true)
    expect(performance.now() - began).toBeLessThan(2_000)
  })
})
