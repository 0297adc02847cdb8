import { expect, it } from 'vitest'
import { beginning, ending, indent, listed, oneLine, printable, shortCommit } from '../src/text.ts'

it.each([
  ['colours', '\u001b[1;31mred\u001b[0m', 'red'],
  ['cursor movements', 'a\u001b[2J\u001b[Hb\u001b[?25l', 'ab'],
  ['window titles', '\u001b]0;evil\u0007a\u001b]8;;http://x\u001b\\b', 'ab'],
  ['one-byte forms', '\u009b31mred\u009d0;evil\u009cok', 'redok'],
  ['an unended one, with its line only', '\u001b]0;evil\nnext', '\nnext'],
  ['other escapes', '\u001bcreset\u001b(B\u001b', 'reset'],
  ['bells, backspaces, carriage returns', 'a\u0007\b\rb', 'ab'],
  ['turned directions', 'a\u202eb\u2066c', 'abc'],
  ['lines that git does not know', 'a\u2028b\u2029c', 'abc'],
  ['halves of characters', 'a\ud800b', 'ab'],
])('what is shown loses %s', (_what, text, expected) => expect(printable(text)).toBe(expected))

it('keeps newlines, tabs and other scripts', () => expect(printable('é\t漢字\r\nnext 🙂')).toBe('é\t漢字\nnext 🙂'))

it('comes on one line where there is but one', () => {
  expect(oneLine(' a \n\n b\u001b[1A ')).toBe('a b')
  expect(oneLine(' a\r\n\tb\tc\u0000d \u202e')).toBe('a b cd')
  expect(oneLine('two  blanks')).toBe('two  blanks')
})

it('is cut between characters, and the cut shows', () => {
  expect(beginning('short', 5)).toBe('short')
  expect(beginning('abcdef', 4)).toBe('abc…')
  expect(beginning('ab\u{1f600}', 4)).toBe('ab\u{1f600}')
  expect(beginning('ab\u{1f600}c', 4)).toBe('ab…')
  expect(ending('one\ntwo\nthree', 9)).toBe('…\nthree')
  expect(ending('abcdef', 6)).toBe('abcdef')
})

it('names the first of many', () => {
  expect(listed(['a', 'b'], 2)).toBe('a, b')
  expect(listed(['a', 'b', 'c'], 2)).toBe('a, b, …')
  expect(listed([], 2)).toBe('')
})

it('is set in, but for its empty lines', () => expect(indent('a\n\nb\n')).toBe('  a\n\n  b'))

it('a commit is as long as git shows it', () => {
  expect(shortCommit('1a2b3c4d5e6f')).toBe('1a2b3c4')
  expect(shortCommit(null)).toBe('-')
})
