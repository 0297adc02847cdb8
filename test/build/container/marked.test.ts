import { expect, test } from 'vitest'
import { Marked } from '../../../src/build/container/marked.ts'

const NONCE = '0123456789abcdef0123456789abcdef'
const MARK = `\0${NONCE} 7\0`

/** What comes out when `text` arrives in pieces of this size. */
function taken(text: string, size: number): { said: string; status: number | null } {
  let said = ''
  const marked = new Marked(NONCE, (chunk) => (said += chunk.toString()))
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) marked.take(bytes.subarray(at, at + size))
  return { said, status: marked.status }
}

test.each([1, 2, 3, 7, 33, 34, 35, 1000])('output up to the mark, in pieces of %i', (size) => {
  for (const text of ['', 'plain', '\0', '\0\0\0', `\0${NONCE}`, `\0${NONCE.slice(0, 31)}x 7\0`, `a\0${NONCE.slice(0, 5)}`]) {
    expect(taken(`${text}${MARK}`, size)).toEqual({ said: text, status: 7 })
    expect(taken(`${text}${MARK}afterwards`, size)).toEqual({ said: text, status: 7 })
  }
})

test('nothing is held back that cannot be the beginning of the mark', () => {
  expect(taken('a line\n', 1000).said).toBe('a line\n')
  expect(taken('a\0b\0', 1000).said).toBe('a\0b')
})
