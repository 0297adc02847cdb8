import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { refused } from './entry.ts'

/** One entry, as the central directory has it (APPNOTE.TXT, 4.3.12). */
export interface ZipRecord {
  name: string
  madeBy: number
  flags: number
  method: number
  crc: number
  compressed: number
  size: number
  attributes: number
  /** Where its own header is. */
  offset: number
  /** Where the central directory begins: its data ends before that. */
  end: number
}

interface Directory {
  count: number
  offset: number
  size: number
}

const END = 22
const LOCATOR = 20
const FAR_END = 56
const LONGEST_COMMENT = 0xffff
/** In place of a number that stands elsewhere. */
const ELSEWHERE = 0xffffffff

/** The list at the end of the archive, entry by entry; `size` is the file's. */
export async function* readDirectory(file: FileHandle, size: number): AsyncGenerator<ZipRecord> {
  const { count, offset, size: length } = await findDirectory(file, size)
  let at = offset
  const end = offset + length
  const take = async (bytes: number) => {
    const taken = at + bytes > end ? null : await readAt(file, at, bytes)
    if (taken === null) throw refused('is no whole zip archive: its list of entries is cut off')
    at += bytes
    return taken
  }
  for (let seen = 0; seen < count; seen += 1) {
    const head = await take(46)
    if (head.readUInt32LE(0) !== 0x02014b50) throw refused('is no whole zip archive: its list of entries is damaged')
    const [names, extras, comments] = [head.readUInt16LE(28), head.readUInt16LE(30), head.readUInt16LE(32)]
    const rest = await take(names + extras + comments)
    yield recordOf(head, rest.subarray(0, names), rest.subarray(names, names + extras), offset)
  }
  if (at !== end) throw refused('is no whole zip archive: there is more in its list of entries than it says')
}

function recordOf(head: Buffer, raw: Buffer, extra: Buffer, end: number): ZipRecord {
  const extras = extrasOf(extra)
  const name = nameOf(raw, extras)
  const far = extras.get(1) ?? Buffer.alloc(0)
  let at = 0
  const number = (from: number) => {
    const near = head.readUInt32LE(from)
    if (near !== ELSEWHERE) return near
    at += 8
    if (at > far.length) throw refused('is damaged: a size is missing', name)
    return safe(far.readBigUInt64LE(at - 8))
  }
  // In this order they stand elsewhere, those that do.
  const size = number(24)
  const compressed = number(20)
  const offset = number(42)
  return {
    name,
    madeBy: head.readUInt16LE(4),
    flags: head.readUInt16LE(8),
    method: head.readUInt16LE(10),
    crc: head.readUInt32LE(16),
    compressed,
    size,
    attributes: head.readUInt32LE(38),
    offset,
    end,
  }
}

/** In UTF-8; or as Info-ZIP says besides, for names that are in some other alphabet (APPNOTE.TXT, 4.6.9). */
function nameOf(raw: Buffer, extras: Map<number, Buffer>): string {
  const unicode = extras.get(0x7075)
  const isOfThis = unicode !== undefined && unicode.length > 5 && unicode[0] === 1 && unicode.readUInt32LE(1) === crc32(raw)
  return (isOfThis ? unicode.subarray(5) : raw).toString('utf8')
}

function extrasOf(extra: Buffer): Map<number, Buffer> {
  const all = new Map<number, Buffer>()
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = extra.readUInt16LE(at + 2)
    all.set(extra.readUInt16LE(at), extra.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return all
}

/** The record at the very end, whose remark must reach to the end of the file; and, of large archives, the one before it. */
async function findDirectory(file: FileHandle, size: number): Promise<Directory> {
  const length = Math.min(size, LOCATOR + END + LONGEST_COMMENT)
  const tail = await readAt(file, size - length, length)
  for (let at = length - END; tail !== null && at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) !== 0x06054b50 || tail.readUInt16LE(at + 20) !== length - END - at) continue
    const isFar = at >= LOCATOR && tail.readUInt32LE(at - LOCATOR) === 0x07064b50
    const place = isFar ? safe(tail.readBigUInt64LE(at - LOCATOR + 8)) : size - length + at
    const found = isFar ? await farDirectory(file, place) : nearDirectory(tail.subarray(at))
    if (found.offset + found.size > place) break
    return found
  }
  throw refused('is no whole zip archive: it is cut off, or something follows it')
}

function nearDirectory(end: Buffer): Directory {
  if (end.readUInt32LE(4) !== 0) throw refused('is a part of a zip archive alone')
  return { count: end.readUInt16LE(10), size: end.readUInt32LE(12), offset: end.readUInt32LE(16) }
}

async function farDirectory(file: FileHandle, place: number): Promise<Directory> {
  const end = await readAt(file, place, FAR_END)
  if (end === null || end.readUInt32LE(0) !== 0x06064b50) throw refused('is no whole zip archive: its end is damaged')
  const [count, size, offset] = [32, 40, 48].map((at) => safe(end.readBigUInt64LE(at)))
  return { count: count ?? 0, size: size ?? 0, offset: offset ?? 0 }
}

/** No file is larger than this, and no place in one is beyond it. */
function safe(value: bigint): number {
  if (value > 2n ** 48n) throw refused('is no whole zip archive: it names a place that no file has')
  return Number(value)
}

/** So many bytes from there on; null where there are fewer. */
export async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer | null> {
  const buffer = Buffer.alloc(length)
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(buffer, done, length - done, position + done)
    if (bytesRead === 0) return null
    done += bytesRead
  }
  return buffer
}
