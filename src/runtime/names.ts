/** Names of apps and instances, where they become parts of paths and of containers' names. */
import { TrimtabError } from '../errors.ts'

/** 255 bytes is the longest file name (NAME_MAX); `.log.1.tmp` and room for other suffixes come off. */
const LONGEST = 200

/** A name that is one path component and nothing else, or an error. Names are checked long before; this is the last door. */
export function plain(name: string): string {
  if (isPlain(name)) return name
  throw new TrimtabError('Usage', `${JSON.stringify(name.slice(0, 80))} is not a name an app or an instance can have.`)
}

export function isPlain(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name) && !name.includes('..') && name.length <= LONGEST
}
