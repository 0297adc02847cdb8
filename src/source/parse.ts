/** Git objects as data (gitformat: git's Documentation/technical, "object formats" in gitcore). Pure. */
import { TextDecoder } from 'node:util'
import type { CommitId } from '../domain.ts'

export interface Commit {
  tree: string
  parents: CommitId[]
  message: string
  committedAt: number
}

/** One entry of a tree; the name is bytes, one character each ('latin1'), because git's names need not be UTF-8. */
export interface RawEntry {
  name: string
  mode: number
  id: string
}

/** The kinds of entry there are: the bits of a mode that say what it is. */
export const KIND = { mask: 0o170000, folder: 0o040000, file: 0o100000, link: 0o120000, submodule: 0o160000 }

export function parseCommit(data: Buffer): Commit {
  const end = data.indexOf('\n\n')
  const header = data.toString('utf8', 0, end < 0 ? data.length : end)
  const all = (key: string) => [...header.matchAll(new RegExp(`^${key} (.*)$`, 'gm'))].map((match) => match[1] ?? '')
  const seconds = / (\d+) [+-]\d+$/.exec(all('committer')[0] ?? '')?.[1]
  const message = end < 0 ? Buffer.alloc(0) : data.subarray(end + 2)
  return {
    tree: all('tree')[0] ?? '',
    parents: all('parent'),
    message: decoderFor(all('encoding')[0]).decode(message),
    committedAt: Number(seconds ?? 0) * 1000,
  }
}

/** In git's order. Throws RangeError for what is no tree. */
export function parseTree(data: Buffer, idLength: number): RawEntry[] {
  const entries: RawEntry[] = []
  const bytes = idLength / 2
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at)
    const nul = data.indexOf(0, space)
    if (space < 0 || nul < 0 || nul + 1 + bytes > data.length) throw new RangeError('not a tree')
    const mode = Number.parseInt(data.toString('latin1', at, space), 8)
    const id = data.toString('hex', nul + 1, nul + 1 + bytes)
    entries.push({ name: data.toString('latin1', space + 1, nul), mode, id })
    at = nul + 1 + bytes
  }
  return entries
}

/** A name or path as people read it. */
export function readable(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}

export function asBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

function decoderFor(encoding: string | undefined): TextDecoder {
  try {
    return new TextDecoder(encoding)
  } catch {
    return new TextDecoder()
  }
}
