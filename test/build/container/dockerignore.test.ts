import { expect, test } from 'vitest'
import { dockerignore } from '../../../src/build/container/dockerignore.ts'

/** Which of these paths are left out, folders being asked before what is in them, as the archive does. */
function leftOut(text: string, paths: string[], dockerfile = 'Dockerfile'): string[] {
  const isLeftOut = dockerignore(text, dockerfile)
  return paths.filter((path) => path.split('/').some((_, at, all) => isLeftOut(all.slice(0, at + 1).join('/'))))
}

test.each<[string, string[], string[]]>([
  ['', ['a', 'b/c'], []],
  ['# a\n\n  \n', ['a', '# a'], []],
  ['*.md', ['a.md', 'b/a.md', 'a.mdx'], ['a.md']],
  ['**/*.md', ['a.md', 'b/c/a.md', 'a.txt'], ['a.md', 'b/c/a.md']],
  ['/node_modules/', ['node_modules/x', 'sub/node_modules/x'], ['node_modules/x']],
  ['temp?', ['temp1', 'temp', 'temp12'], ['temp1']],
  ['*/temp*', ['a/temporary.txt', 'temp', 'a/b/temp'], ['a/temporary.txt']],
  ['*.md\n!README.md', ['a.md', 'README.md'], ['a.md']],
  ['*.md\n!README*.md\nREADME-secret.md', ['a.md', 'README.md', 'README-secret.md'], ['a.md', 'README-secret.md']],
  ['*\n!src', ['a', 'src/a/b', 'lib/src'], ['a', 'lib/src']],
  ['docs\n!docs/keep/*.txt', ['docs/a', 'docs/keep/a.txt', 'docs/keep/b.md'], ['docs/a', 'docs/keep/b.md']],
  ['a/../b\n./c', ['a/x', 'b/x', 'c'], ['b/x', 'c']],
  ['*', ['Dockerfile', '.dockerignore', 'a'], ['a']],
  ['[ab].txt', ['a.txt', 'c.txt'], ['a.txt']],
])('%j of %j leaves out %j', (text, paths, expected) => {
  expect(leftOut(text, paths)).toEqual(expected)
})

test('the Dockerfile is sent wherever it is, and nothing beside it', () => {
  expect(leftOut('docker', ['docker/Web', 'docker/other'], 'docker/Web')).toEqual(['docker/other'])
})

test('a hostile pattern takes no longer than another', () => {
  const started = performance.now()
  expect(leftOut(`${'*a'.repeat(200)}b`, ['a'.repeat(2000)])).toEqual([])
  expect(performance.now() - started).toBeLessThan(1000)
})
