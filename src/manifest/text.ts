/** From the bytes of a file to text that a parser may see. */
import { type Problem, position } from './problems.ts'

/** The text, without a byte order mark; or the one reason why these bytes are no text to go on with. */
export function decode(input: Buffer | string, limit: number): { text: string } | { problem: Problem } {
  const bytes = typeof input === 'string' ? Buffer.from(input) : input
  if (bytes.length > limit) return { problem: at('', 0, `is larger than ${limit / 1024} KiB`) }
  const text = bytes.toString('utf8')
  const broken = firstBroken(bytes, text)
  if (broken !== -1) return { problem: at(text, broken, 'is not UTF-8 text here; save the file as UTF-8') }
  const control = text.search(CONTROL)
  if (control !== -1) {
    const code = text.charCodeAt(control).toString(16).toUpperCase().padStart(4, '0')
    return { problem: at(text, control, `holds the control character U+${code}`) }
  }
  return { text: text.startsWith('\ufeff') ? text.slice(1) : text }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose; tab, line feed and return may stay.
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

function at(text: string, offset: number, message: string): Problem {
  return { ...position(text, offset), path: '', message }
}

/** Index in `text` of the first character that stands for bytes that were no UTF-8; -1: none. */
function firstBroken(bytes: Buffer, text: string): number {
  let byteOffset = 0
  let from = 0
  for (let found = text.indexOf('\ufffd'); found !== -1; found = text.indexOf('\ufffd', from)) {
    byteOffset += Buffer.byteLength(text.slice(from, found))
    // A real U+FFFD in the file is these three bytes; anything else was replaced by the decoder.
    const real = bytes[byteOffset] === 0xef && bytes[byteOffset + 1] === 0xbf && bytes[byteOffset + 2] === 0xbd
    if (!real) return found
    byteOffset += 3
    from = found + 1
  }
  return -1
}
