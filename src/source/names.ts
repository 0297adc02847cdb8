/** Which names and links of a tree may be written to a disk. Pure. Names are bytes, one character each. */
import { readable } from './parse.ts'

/** Why this is no name for a file, or null. */
export function badName(name: string): string | null {
  if (name === '') return 'an empty name'
  if (name === '.' || name === '..') return 'a name that means another folder'
  if (name.includes('/')) return 'a name with a slash in it'
  if (name.includes('\0')) return 'a name with a NUL in it'
  if (isDotGit(name)) return "git's own folder name"
  if (name.length > 255) return 'a name of more than 255 bytes'
  return null
}

// Characters that HFS+ ignores in names; git refuses the same (utf8.c, next_hfs_char).
const IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g

/** `.git` on any file system: case, ignored characters, NTFS's streams, trailing dots and short name. */
function isDotGit(name: string): boolean {
  const seen = readable(name).replace(IGNORED, '').toLowerCase()
  return /^(\.git|git~1)[ .]*(:.*)?$/s.test(seen)
}

/** What a path is, as far as links need it. Keyed by path without a leading slash; folders need not be in it. */
export type Links = ReadonlyMap<string, string>

/** Linux gives up after this many links in one path (path_resolution(7)). */
const HOPS = 40

/**
 * Where the link at `path` leads that it must not, or null if it stays within the tree, through whatever other links.
 * A link to what is not there (yet) is fine.
 */
export function wayOut(links: Links, path: string): string | null {
  const here = path.split('/').slice(0, -1)
  const left = (links.get(path) ?? '').split('/')
  if (left[0] === '') return 'is absolute'
  for (let hops = 0; left.length > 0; ) {
    const part = left.shift() ?? ''
    if (part === '' || part === '.') continue
    if (part === '..') {
      if (here.pop() === undefined) return 'leaves the tree'
      continue
    }
    const target = links.get([...here, part].join('/'))
    if (target === undefined) here.push(part)
    else if (target.startsWith('/')) return 'leads to an absolute link'
    else if (++hops > HOPS) return 'runs in a circle'
    else left.unshift(...target.split('/'))
  }
  // git's folder is never in a tree, and a build may have one: nothing is to point into it by another spelling.
  return here.some((part) => isDotGit(part)) ? "leads into git's own folder" : null
}
