/** Archives made byte by byte, so that they can be as no tool would make them. */
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'

export interface Part {
  name: string
  content?: string | Buffer
  mode?: number
  /** tar: '0' file, '5' folder, '2' link, '1' hard link, … */
  type?: string
  target?: string
  /** What the header says in place of the truth. */
  size?: number
}

const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`

export function header({
  name,
  content = '',
  mode = 0o644,
  type = '0',
  target = '',
  size = Buffer.byteLength(content),
}: Part): Buffer {
  const block = Buffer.alloc(512)
  block.write(name, 0, 100)
  block.write(octal(mode, 8), 100)
  block.write(octal(1000, 8), 108)
  block.write(octal(1000, 8), 116)
  if (size < 8 ** 11) block.write(octal(size, 12), 124)
  else {
    block[124] = 0x80
    block.writeBigUInt64BE(BigInt(size), 128)
  }
  block.write(octal(1_700_000_000, 12), 136)
  block.write(' '.repeat(8), 148)
  block.write(type, 156)
  block.write(target, 157, 100)
  block.write('ustar\x0000', 257, 'latin1')
  block.write(
    octal(
      block.reduce((sum, byte) => sum + byte, 0),
      7,
    ),
    148,
  )
  return block
}

export function tarOf(parts: Part[], { end = true } = {}): Buffer {
  const blocks = parts.flatMap((part) => {
    const content = Buffer.from(part.content ?? '')
    return [header(part), content, Buffer.alloc((512 - (content.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, ...(end ? [Buffer.alloc(1024)] : [])])
}

export const tgzOf = (parts: Part[]) => gzipSync(tarOf(parts))

/** A pax header with these attributes, for the part that comes next. */
export function pax(attributes: Record<string, string>): Part {
  const lines = Object.entries(attributes).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`
    let length = Buffer.byteLength(rest)
    while (String(length).length + Buffer.byteLength(rest) !== length) length = String(length).length + Buffer.byteLength(rest)
    return `${length}${rest}`
  })
  return { name: 'PaxHeader', type: 'x', content: lines.join('') }
}

export interface ZipPart {
  name: string | Buffer
  content?: string | Buffer
  /** Unix mode with the type; absent: made where there are none. */
  mode?: number
  stored?: boolean
  flags?: number
  method?: number
  crc?: number
  size?: number
}

export function zipOf(parts: ZipPart[], { comment = '', zip64 = false } = {}): Buffer {
  const pieces: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const part of parts) {
    const name = Buffer.from(part.name)
    const content = Buffer.from(part.content ?? '')
    const data = part.stored ? content : deflateRawSync(content)
    const method = part.method ?? (part.stored ? 0 : 8)
    const size = part.size ?? content.length
    const extra = zip64 ? Buffer.alloc(20) : Buffer.alloc(0)
    if (zip64) {
      extra.writeUInt16LE(1, 0)
      extra.writeUInt16LE(16, 2)
      extra.writeBigUInt64LE(BigInt(size), 4)
      extra.writeBigUInt64LE(BigInt(data.length), 12)
    }
    const common = Buffer.alloc(26)
    common.writeUInt16LE(zip64 ? 45 : 20, 0)
    common.writeUInt16LE((part.flags ?? 0) | 0x800, 2)
    common.writeUInt16LE(method, 4)
    common.writeUInt32LE(part.crc ?? crc32(content), 10)
    common.writeUInt32LE(zip64 ? 0xffffffff : data.length, 14)
    common.writeUInt32LE(zip64 ? 0xffffffff : size, 18)
    common.writeUInt16LE(name.length, 22)
    common.writeUInt16LE(extra.length, 24)
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, name, extra, data])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(((part.mode ?? 0) << 16) >>> 0, 6)
    tail.writeUInt32LE(offset, 10)
    const madeBy = Buffer.from([20, part.mode === undefined ? 0 : 3])
    central.push(Buffer.from('PK\x01\x02', 'latin1'), madeBy, common, tail, name, extra)
    pieces.push(local)
    offset += local.length
  }
  const list = Buffer.concat(central)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(parts.length, 4)
  end.writeUInt16LE(parts.length, 6)
  end.writeUInt32LE(list.length, 8)
  end.writeUInt32LE(zip64 ? 0xffffffff : offset, 12)
  end.writeUInt16LE(Buffer.byteLength(comment), 16)
  const far = zip64 ? zip64End(parts.length, list.length, offset) : Buffer.alloc(0)
  return Buffer.concat([...pieces, list, far, Buffer.from('PK\x05\x06', 'latin1'), end, Buffer.from(comment)])
}

function zip64End(count: number, size: number, offset: number): Buffer {
  const record = Buffer.alloc(56)
  record.write('PK\x06\x06', 0, 'latin1')
  record.writeBigUInt64LE(44n, 4)
  record.writeBigUInt64LE(BigInt(count), 24)
  record.writeBigUInt64LE(BigInt(count), 32)
  record.writeBigUInt64LE(BigInt(size), 40)
  record.writeBigUInt64LE(BigInt(offset), 48)
  const locator = Buffer.alloc(20)
  locator.write('PK\x06\x07', 0, 'latin1')
  locator.writeBigUInt64LE(BigInt(offset + size), 8)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([record, locator])
}
