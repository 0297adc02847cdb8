import { type FileHandle, open } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'
import { type Entry, refused } from './entry.ts'
import { readAt, readDirectory, type ZipRecord } from './zipDirectory.ts'

/** A link's target is its content. */
const LONGEST_TARGET = 4096

/** Upper half of "version made by": systems whose files have the modes of Unix (APPNOTE.TXT, 4.4.2). */
const UNIX = [3, 19]

const STORED = 0
const DEFLATED = 8

const PIECE = 64 * 1024

/**
 * The entries of a zip archive, as its central directory lists them, which is the one truth there is. Of our own, because the reader
 * that everybody takes (yauzl) throws where nobody can catch it when an archive names a place that no file can have.
 */
export async function* zipEntries(path: string): AsyncGenerator<Entry> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    let data = 0
    for await (const record of readDirectory(file, size)) {
      // What lies over one another would be counted, and unpacked, again and again.
      data += record.compressed
      if (data > size) throw refused('lies over another one', record.name)
      yield await entryOf(file, record)
    }
  } finally {
    await file.close()
  }
}

/** What is in one file of it; null: there is none of this name. Larger ones than `limit` are cut off there. */
export async function readZipFile(path: string, wanted: string, limit: number): Promise<Buffer | null> {
  for await (const { name, kind, content } of zipEntries(path)) {
    // Awaited here: the file is closed behind it.
    if (name === wanted && kind === 'file') return await collected(content(), limit)
  }
  return null
}

async function entryOf(file: FileHandle, record: ZipRecord): Promise<Entry> {
  const { name, flags, method, size, compressed } = record
  if ((flags & 0x2041) !== 0) throw refused('is encrypted', name)
  if (method !== STORED && method !== DEFLATED) throw refused(`is compressed in a way (${method}) that is not known here`, name)
  if (method === STORED && size !== compressed) throw refused('is damaged: it has two sizes', name)
  const isUnix = UNIX.includes(record.madeBy >>> 8)
  const mode = isUnix ? record.attributes >>> 16 : 0
  const content = () => contentOf(file, record)
  const type = mode & 0o170000
  if (name.endsWith('/') || type === 0o040000) return { name, size, content, kind: 'folder' }
  if (type === 0o120000) {
    if (size > LONGEST_TARGET) throw refused('is a link to nothing', name)
    const target = (await collected(content(), LONGEST_TARGET)).toString('utf8')
    return { name, size, content, kind: 'link', target }
  }
  if (type !== 0o100000 && type !== 0) throw refused('is no file, folder or link', name)
  return { name, size, content, kind: 'file', ...(mode !== 0 && { executable: (mode & 0o111) !== 0 }) }
}

async function* contentOf(file: FileHandle, record: ZipRecord): AsyncGenerator<Buffer> {
  const { name, method, size, crc } = record
  let sum = 0
  let length = 0
  const pieces = dataOf(file, record)
  for await (const piece of method === STORED ? pieces : inflated(pieces, name)) {
    length += piece.length
    if (length > size) throw refused('is larger than it says', name)
    sum = crc32(piece, sum)
    yield piece
  }
  if (length !== size || sum !== crc) throw refused('is damaged: its checksum is another', name)
}

/** The bytes in the archive, behind the entry's own header. */
async function* dataOf(file: FileHandle, { name, offset, compressed, end }: ZipRecord): AsyncGenerator<Buffer> {
  const header = await readAt(file, offset, 30)
  if (header === null || header.readUInt32LE(0) !== 0x04034b50) throw refused('is not where the archive says', name)
  let at = offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
  if (at + compressed > end) throw refused('is cut off', name)
  for (let left = compressed; left > 0; ) {
    const piece = await readAt(file, at, Math.min(left, PIECE))
    if (piece === null) throw refused('is cut off', name)
    yield piece
    at += piece.length
    left -= piece.length
  }
}

async function* inflated(pieces: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const inflate = createInflateRaw()
  // What goes wrong on one side ends the other; it is thrown where the inflated is read.
  pipeline(Readable.from(pieces), inflate, () => {})
  try {
    for await (const piece of inflate) yield piece as Buffer
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw code?.startsWith('Z_') ? refused(`is damaged (${message})`, name, error) : error
  } finally {
    inflate.destroy()
  }
}

async function collected(content: AsyncIterable<Buffer>, limit: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of content) {
    pieces.push(piece)
    length += piece.length
    if (length >= limit) break
  }
  return Buffer.concat(pieces).subarray(0, limit)
}
