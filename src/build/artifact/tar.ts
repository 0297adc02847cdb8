import { type Entry, refused } from './entry.ts'

/** What an archive says of its next entry in place of a name that is too long for a header: no more is held in memory. */
const LONGEST_EXTRA = 64 * 1024

const BLOCK = 512

/**
 * The entries of a tar archive: ustar, pax and GNU's long names (POSIX.1-2024, pax, "ustar Interchange Format"; gnu.org/software/tar/
 * manual, "Standard"). Of our own, because what is common holds a header's extra parts in memory as large as a bomb wants them.
 */
export async function* tarEntries(bytes: AsyncIterable<Buffer>): AsyncGenerator<Entry> {
  const reader = new Reader(bytes)
  let extra: Extra = {}
  for (;;) {
    const header = await reader.take(BLOCK)
    if (header === null) throw refused('is cut off: the archive has no end')
    if (header.every((byte) => byte === 0)) break
    checkSum(header)
    const type = String.fromCharCode(header[156] ?? 0)
    const size = extra.size ?? numberIn(header, 124, 12)
    if (type === 'x' || type === 'g' || type === 'L' || type === 'K') {
      if (size > LONGEST_EXTRA) throw refused(`has a name or attributes of ${size} bytes`)
      const content = (await reader.take(padded(size)))?.subarray(0, size)
      if (content === undefined) throw refused('is cut off in the middle')
      // Global attributes are remarks: git writes its commit there.
      if (type !== 'g') extra = { ...extra, ...(type === 'x' ? paxOf(content) : longOf(type, content)) }
      continue
    }
    yield* reader.entry(entryOf(header, type, size, extra))
    extra = {}
  }
  // To the end of what it is compressed in: there is a checksum.
  while ((await reader.some(1024 * 1024)) !== null);
}

interface Extra {
  name?: string
  target?: string
  size?: number
}

type Head = Omit<Entry, 'content'>

function entryOf(header: Buffer, type: string, size: number, extra: Extra): Head {
  const short = textIn(header, 0, 100)
  // GNU's own old form has other things there.
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? textIn(header, 345, 155) : ''
  const name = extra.name ?? (prefix === '' ? short : `${prefix}/${short}`)
  const executable = (numberIn(header, 100, 8) & 0o111) !== 0
  if (type === '5' || ((type === '0' || type === '\0') && name.endsWith('/'))) return { name, kind: 'folder', size }
  if (type === '0' || type === '\0' || type === '7') return { name, kind: 'file', size, executable }
  if (type === '2') return { name, kind: 'link', size, target: extra.target ?? textIn(header, 157, 100) }
  throw refused(KINDS[type] ?? `is of a kind (${JSON.stringify(type)}) that is not taken`, name)
}

const KINDS: Record<string, string> = {
  '1': 'is a hard link; make the archive with tar --hard-dereference',
  '3': 'is a device',
  '4': 'is a device',
  '6': 'is a pipe',
  S: 'is a sparse file; make the archive without --sparse',
}

/** `27 path=a/name/that/is/long\n`, one after the other. */
function paxOf(content: Buffer): Extra {
  const extra: Extra = {}
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at)
    const length = Number(content.toString('latin1', at, space === -1 ? at : space))
    const record = content.subarray(space + 1, at + length - 1)
    const equals = record.indexOf(0x3d)
    const isWhole = Number.isInteger(length) && at + length <= content.length && content[at + length - 1] === 0x0a
    if (space === -1 || length < 5 || !isWhole || equals < 1) throw refused('has attributes that cannot be understood')
    const key = record.toString('latin1', 0, equals)
    const value = record.subarray(equals + 1).toString('utf8')
    if (key === 'path') extra.name = value
    if (key === 'linkpath') extra.target = value
    if (key === 'size') extra.size = wholeNumber(value)
    if (key.startsWith('GNU.sparse.')) throw refused('holds a sparse file; make the archive without --sparse')
    at += length
  }
  return extra
}

function longOf(type: string, content: Buffer): Extra {
  const text = textIn(content, 0, content.length)
  return type === 'L' ? { name: text } : { target: text }
}

function textIn(block: Buffer, from: number, length: number): string {
  const end = block.indexOf(0, from)
  return block.toString('utf8', from, end === -1 || end > from + length ? from + length : end)
}

/** Octal, or where the first bit is set the bits themselves. */
function numberIn(block: Buffer, from: number, length: number): number {
  const first = block[from] ?? 0
  if (first === 0x80) return block.subarray(from + 1, from + length).reduce((sum, byte) => sum * 256 + byte, 0)
  const text = block
    .toString('latin1', from, from + length)
    .replace(/[\0 ]+$/, '')
    .trim()
  if (!/^[0-7]*$/.test(text)) throw refused('has a header that cannot be understood')
  return Number.parseInt(text || '0', 8)
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw refused('has a size that is no number')
  return Number(text)
}

/** All bytes added up, the sum's own as spaces. */
function checkSum(header: Buffer): void {
  let sum = 8 * 0x20
  for (const [at, byte] of header.entries()) if (at < 148 || at >= 156) sum += byte
  if (sum !== numberIn(header, 148, 8)) throw refused('is no tar archive, or is damaged')
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK
}

/** Reads what comes in pieces of any size. */
class Reader {
  readonly #source: AsyncIterator<Buffer>
  #held: Buffer = Buffer.alloc(0)

  constructor(bytes: AsyncIterable<Buffer>) {
    this.#source = bytes[Symbol.asyncIterator]()
  }

  /** So many bytes at most, as they come; null at the end. */
  async some(most: number): Promise<Buffer | null> {
    while (this.#held.length === 0) {
      const next = await this.#source.next()
      if (next.done) return null
      this.#held = next.value
    }
    const some = this.#held.subarray(0, most)
    this.#held = this.#held.subarray(some.length)
    return some
  }

  /** So many bytes exactly; null where there are fewer. */
  async take(length: number): Promise<Buffer | null> {
    const pieces: Buffer[] = []
    for (let left = length; left > 0; ) {
      const piece = await this.some(left)
      if (piece === null) return null
      pieces.push(piece)
      left -= piece.length
    }
    return Buffer.concat(pieces)
  }

  /** Gives the entry out, and passes over what of it is not read. */
  async *entry(head: Head): AsyncGenerator<Entry> {
    let left = head.size
    const next = async () => {
      const piece = await this.some(left)
      if (piece === null) throw refused('is cut off in the middle', head.name)
      left -= piece.length
      return piece
    }
    async function* content() {
      while (left > 0) yield await next()
    }
    yield { ...head, content }
    while (left > 0) await next()
    if ((await this.take(padded(head.size) - head.size)) === null) throw refused('is cut off in the middle', head.name)
  }
}
