/**
 * As much of Protocol Buffers as BuildKit's few messages need: numbers and lengths as varints, everything else as bytes
 * (protobuf.dev/programming-guides/encoding). What is read comes from the engine.
 */

/** A message's fields in their order, by number; a number's value, or the bytes of a text, a message, a map's entry. */
export function* fields(message: Buffer): Generator<{ number: number; value: number | Buffer }> {
  let at = 0
  const varint = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++]
      if (byte === undefined || shift > 63) throw new TypeError('a message that ends in the middle of a number')
      // Beyond 2 ** 53 nothing of ours is exact, nor has to be.
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
  const bytes = (length: number) => {
    at += length
    if (at > message.length) throw new TypeError('a message that ends in the middle of a field')
    return message.subarray(at - length, at)
  }
  while (at < message.length) {
    const tag = varint()
    const number = Math.floor(tag / 8)
    const wire = tag % 8
    if (wire === 0) yield { number, value: varint() }
    else if (wire === 1) yield { number, value: bytes(8) }
    else if (wire === 2) yield { number, value: bytes(varint()) }
    else if (wire === 5) yield { number, value: bytes(4) }
    else throw new TypeError(`a field of kind ${wire}`)
  }
}

/** The first field of this number, as text; '' if there is none, as everywhere in proto3. */
export function textOf(message: Buffer, number: number): string {
  for (const field of fields(message)) {
    if (field.number === number && Buffer.isBuffer(field.value)) return field.value.toString('utf8')
  }
  return ''
}

/** A field that holds a text or bytes. */
export function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([varintOf(number * 8 + 2), varintOf(bytes.length), bytes])
}

function varintOf(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return Buffer.from([...bytes, rest])
}
