import { describe, expect, it } from 'vitest'
import { MANIFEST_LIMIT } from '../../src/manifest/manifest.ts'
import { problemsOf } from './problems.ts'

describe('files that are no honest mistake', () => {
  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x]',
    ...'bcdefgh'.split('').map((name, i) => `${name}: &${name} [${`*${'abcdefgh'[i]}, `.repeat(9)}]`),
  ]
  const tag = (name: string) => `the YAML tag "${name}" is not supported; leave it out`
  it.each<[string, Buffer | string, string]>([
    ['100 MB', Buffer.alloc(100 * 1024 * 1024, 'a'), '1:1 is larger than 64 KiB'],
    ['a byte too many', '#'.repeat(MANIFEST_LIMIT + 1), '1:1 is larger than 64 KiB'],
    ['Latin-1', Buffer.from('name: a\nenv: {A: caf\xe9}', 'latin1'), '2:13 is not UTF-8 text here; save the file as UTF-8'],
    ['UTF-16', Buffer.from('\ufeffname: a', 'utf16le'), '1:1 is not UTF-8 text here; save the file as UTF-8'],
    [
      'broken after a real U+FFFD',
      Buffer.concat([Buffer.from('# \ufffd\n# '), Buffer.from([0xff])]),
      '2:3 is not UTF-8 text here; save the file as UTF-8',
    ],
    ['a NUL', 'name: a\nenv: {A: b\0c}', '2:11 holds the control character U+0000'],
    ['an escape sequence', 'name: "\x1b[31m"', '1:8 holds the control character U+001B'],
    ['a tab', 'env:\n\tA: b', '2:1 tabs cannot indent YAML; use spaces'],
    ['two documents', 'name: a\n---\nname: b', '2:1 holds a second document (---); one file is one document'],
    ['a directive', '%YAML 1.1\n---\nenv: {A: yes}', '1:1 YAML directives (%) are not supported; leave the line out'],
    ['a duplicate key', 'name: a\nenv: {A: b, A: c}', '2:13 env.A: is there already, on line 2'],
    ['a duplicate section', 'env: {A: b}\nname: a\nenv: {C: d}', '3:1 env: is there already, on line 1'],
    ['duplicates under x-', 'x-a:\n  b: 1\n  b: 2', '3:3 x-a.b: is there already, on line 2'],
    ['__proto__', 'env:\n  __proto__: {A: b}', '2:3 env.__proto__: this name cannot be used as a key'],
    ['constructor', 'processes: {constructor: {}}', '1:13 processes.constructor: this name cannot be used as a key'],
    [
      'a merge key',
      'x-a: &a {scale: 1}\nprocesses:\n  web:\n    <<: *a',
      '4:5 processes.web["<<"]: merge keys (<<) are not supported; write the values out',
    ],
    ['a list as key', 'env: {? [a] : b}', '1:9 env: expected a plain name as the key'],
    ['no key', ': a', '1:1 expected a plain name as the key'],
    ['a custom tag', 'env: {A: !env HOME}', `1:7 env.A: ${tag('!env')}`],
    ['a tag of a language', 'env: {A: !!js/function "x"}', `1:7 env.A: ${tag('tag:yaml.org,2002:js/function')}`],
    ['binary', 'env: {A: !!binary aGk=}', `1:7 env.A: ${tag('tag:yaml.org,2002:binary')}`],
    ['an alias bomb', bomb.map((line) => `x-${line}`).join('\n'), '3:10 aliases expand to too much; write the values out'],
    ['many aliases', `x-a: &a 1\nx-b: [${'*a, '.repeat(101)}]`, '2:407 aliases expand to too much; write the values out'],
    [
      'one long text again and again',
      `x-a: &a ${'y'.repeat(40_000)}\nenv: {A: *a, B: *a}`,
      '2:14 aliases expand to too much; write the values out',
    ],
    ['an alias to itself', 'env: &e {A: *e}', '1:10 env.A: the alias *e cannot be used: it refers to itself'],
    ['an alias to nothing', 'env: {A: *e}', '1:7 env.A: the alias *e cannot be used: there is no such anchor before it'],
    ['deep lists', '['.repeat(60_000), '1:33 is nested too deeply'],
    ['deep mappings', '{a: '.repeat(15_000), '1:129 is nested too deeply'],
    ['deep dashes', '- '.repeat(30_000), '1:33 is nested too deeply'],
    ['deep questions', '? '.repeat(30_000), '1:33 is nested too deeply'],
    ['deep colons', 'a: '.repeat(20_000), '1:50 is nested too deeply'],
    ['a deep staircase', Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}x:`).join('\n'), '202:1 is indented too deeply'],
    [
      'an open bracket',
      'routes: [',
      '1:10 is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  ])('%s', (_, text, line) => {
    expect(problemsOf(text)).toContain(`app.yaml:${line}`)
  })
})

it('does not go on about what follows once the YAML is broken', () => {
  expect(problemsOf('name: a\n ] b\nenv: {A: b}\nrelease: x')).toHaveLength(1)
})

it('stops telling after a hundred problems', () => {
  const lines = problemsOf(Array.from({ length: 150 }, (_, i) => `k${i}: 1`).join('\n'))
  expect(lines).toHaveLength(101)
  expect(lines.at(-1)).toBe('app.yaml: … and 50 more')
})

it('prints nothing of a file that a terminal would obey, and no password of an address', () => {
  expect(problemsOf('name: "\\e[2J\\u202e"')[0]).toMatch(/got "\\u001b\[2J\\u202e"$/)
  expect(problemsOf(`name: https://user:${'hunter2'.repeat(9)}@example.com`)[0]).toMatch(/got "https:\/\/…@example.com"$/)
  expect(problemsOf('name: https://user:hunter2@example.com')[0]).toMatch(/got "https:\/\/…@example.com"$/)
})

it('holds the size of a Procfile as well', () => {
  expect(problemsOf(null, '#'.repeat(MANIFEST_LIMIT + 1))).toStrictEqual(['Procfile:1:1 is larger than 64 KiB'])
  expect(problemsOf(null, Buffer.from([0x77, 0x3a, 0xff]))).toStrictEqual([
    'Procfile:1:3 is not UTF-8 text here; save the file as UTF-8',
  ])
  expect(problemsOf(null, `web: ${'x'.repeat(9000)}`)).toStrictEqual([
    'Procfile:1:1 web: expected a command of at most 8192 characters',
  ])
})
