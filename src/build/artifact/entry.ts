import { TrimtabError } from '../../errors.ts'

/** One entry of an archive, as it is written there: nothing of it has been checked. */
export interface Entry {
  name: string
  kind: 'file' | 'folder' | 'link'
  /** As the archive says. */
  size: number
  /** Absent: the archive does not say; the file's first bytes do. */
  executable?: boolean
  /** Of a link. */
  target?: string
  /** Of a file; read to its end before the next entry is asked for. */
  content(): AsyncIterable<Buffer>
}

/** What an archive may come to at most. */
export interface Limits {
  /** Bytes, unpacked. */
  total: number
  /** Bytes of one file. */
  file: number
  /** Files, folders and links. */
  entries: number
  /** Folders in each other. */
  depth: number
}

/** Beyond this an archive may unpack to so many times its size; text comes to twenty, a bomb to a thousand. */
const RATIO = 200
const SMALL = 64 * 1024 * 1024

/** For an archive of this size, on a platform that takes artifacts of at most `largest`. */
export function limitsFor(size: number, largest: number): Limits {
  const total = Math.min(4 * largest, Math.max(SMALL, RATIO * size))
  return { total, file: Math.min(total, 2 * largest), entries: 200_000, depth: 60 }
}

/** What is wrong with an archive, or with one entry of it. */
export function refused(why: string, entry?: string, cause?: unknown): TrimtabError {
  const where = entry === undefined ? '' : `its entry ${shown(entry)} `
  return new TrimtabError('BuildFailed', `The artifact is not taken: ${where}${why}.`, { cause })
}

/** A hostile name, for a message: quoted, in one line, not endless. */
export function shown(name: string): string {
  const short = name.length > 200 ? `${name.slice(0, 200)}…` : name
  return JSON.stringify(short).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

export function megabytes(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(1, Math.round(bytes / 1000))} kB`
  return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`
}
