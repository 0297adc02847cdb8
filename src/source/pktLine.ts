/** git's packet lines (gitprotocol-common(5)): four hexadecimal digits of length, then the content. Pure. */

export type Packet = { kind: 'data'; text: string } | { kind: 'flush' | 'delim' | 'end' }

/** The packets of a whole answer. Throws RangeError where it is cut off or is something else. */
export function* packets(answer: Buffer): Generator<Packet> {
  for (let at = 0; at < answer.length; ) {
    const digits = answer.toString('latin1', at, at + 4)
    if (!/^[0-9a-f]{4}$/i.test(digits)) throw new RangeError('not packet lines')
    const length = Number.parseInt(digits, 16)
    if (length < 4) {
      yield { kind: length === 0 ? 'flush' : length === 1 ? 'delim' : 'end' }
      at += 4
      continue
    }
    if (at + length > answer.length) throw new RangeError('cut off')
    yield { kind: 'data', text: answer.toString('utf8', at + 4, at + length).replace(/\n$/, '') }
    at += length
  }
}

export function packet(text: string): string {
  return `${(Buffer.byteLength(text) + 5).toString(16).padStart(4, '0')}${text}\n`
}

export const FLUSH = '0000'
export const DELIM = '0001'
