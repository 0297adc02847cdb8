/** Random damage to a file, the same for the same seed. */

/** mulberry32: small, seeded, good enough to choose bytes. */
export function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

const PIECES = [
  '\t',
  '\n',
  '  ',
  ': ',
  '- ',
  '? ',
  '{',
  '}',
  '[',
  ']',
  '&a ',
  '*a',
  '!t ',
  '<<: *a',
  '|\n',
  '>-\n',
  '"',
  "'",
  '#',
  '%',
  '`',
  '@',
  '---\n',
  '...\n',
  '\\',
  '\0',
  '\u2028',
  '\ud800',
  '__proto__: x',
  '${',
  `\${A}`,
  '1e999',
  '~',
  'é',
  ',',
  '\r',
]

/** One to four of: a piece put in, bytes cut out, a byte changed, a stretch copied elsewhere. */
export function mutate(valid: string, pick: (below: number) => number): Buffer {
  let bytes = Buffer.from(valid)
  for (let change = pick(4); change >= 0; change--) {
    const at = pick(bytes.length + 1)
    const end = at + 1 + pick(20)
    switch (pick(4)) {
      case 0:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(PIECES[pick(PIECES.length)] ?? ''), bytes.subarray(at)])
        break
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)])
        break
      case 2:
        if (at < bytes.length) bytes[at] = pick(256)
        break
      case 3: {
        const to = pick(bytes.length + 1)
        bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(at, end), bytes.subarray(to)])
        break
      }
    }
  }
  return bytes
}
