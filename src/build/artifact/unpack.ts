import { chmodSync, closeSync, constants, mkdirSync, openSync, symlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { asTrimtabError } from '../../errors.ts'
import { type Entry, type Limits, megabytes, refused } from './entry.ts'
import { checkTarget, partsOf } from './names.ts'

/** trimtab's own files in an image are in there: what an archive has of that name is left out. */
const OURS = '.trimtab'

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** How long it may keep everything else waiting, in milliseconds. */
const SLICE_MS = 8

export interface Unpacked {
  files: number
  bytes: number
}

/**
 * Writes an archive's entries into an empty folder, within limits. Whatever is in it, nothing is written outside of that folder:
 * names are checked, files are created and never opened, and links come last, when nothing is written any more that could pass
 * through one. Owners, times, and all of a mode but whether it may be run, are left out. Throws BuildFailed, naming the entry.
 */
export async function unpack(entries: AsyncIterable<Entry>, dir: string, limits: Limits, signal: AbortSignal): Promise<Unpacked> {
  const links: Array<{ name: string; parts: string[]; target: string }> = []
  const folders = new Folders(dir, limits)
  let bytes = 0
  let files = 0
  let since = performance.now()
  for await (const entry of entries) {
    signal.throwIfAborted()
    const parts = partsOf(entry.name, limits)
    folders.count()
    if (parts.length === 0 || parts[0] === OURS) continue
    if (entry.kind === 'folder') folders.make(parts, entry.name)
    else if (entry.kind === 'link') links.push({ name: entry.name, parts, target: entry.target ?? '' })
    else {
      folders.make(parts.slice(0, -1), entry.name)
      if (entry.size > limits.file) throw refused(`is larger than ${megabytes(limits.file)}`, entry.name)
      bytes += await write(entry, join(dir, ...parts), limits, limits.total - bytes)
      files += 1
    }
    if (performance.now() - since > SLICE_MS) {
      await setImmediate()
      since = performance.now()
    }
  }
  // All folders first: a link in the place of one of them is then in the way, and refused.
  for (const { name, parts } of links) folders.make(parts.slice(0, -1), name)
  for (const { name, parts, target } of links) {
    checkTarget(name, parts, target)
    writing(name, () => symlinkSync(target, join(dir, ...parts)))
  }
  return { files: files + links.length, bytes }
}

/** The size it had in the end. */
async function write(entry: Entry, path: string, limits: Limits, room: number): Promise<number> {
  const { name } = entry
  let size = 0
  let executable = entry.executable ?? false
  const file = writing(name, () => openSync(path, CREATE, 0o600))
  try {
    for await (const piece of entry.content()) {
      // The same file system takes scripts and programs from those who have no modes to say so.
      if (size === 0 && entry.executable === undefined) executable = isProgram(piece)
      size += piece.length
      if (size > limits.file) throw refused(`is larger than ${megabytes(limits.file)}`, name)
      if (size > room) throw refused(`makes it more than ${megabytes(limits.total)} in all`, name)
      for (let done = 0; done < piece.length; ) done += writing(name, () => writeSync(file, piece, done))
    }
  } finally {
    closeSync(file)
  }
  chmodSync(path, executable ? 0o755 : 0o644)
  return size
}

function isProgram(start: Buffer): boolean {
  return start.toString('latin1', 0, 2) === '#!' || start.toString('latin1', 0, 4) === '\x7fELF'
}

/** The folders that there are; those that an archive only implies count too. */
class Folders {
  readonly #dir: string
  readonly #limits: Limits
  readonly #made = new Set<string>()
  #count = 0

  constructor(dir: string, limits: Limits) {
    this.#dir = dir
    this.#limits = limits
  }

  count(): void {
    this.#count += 1
    if (this.#count > this.#limits.entries) throw refused(`has more than ${this.#limits.entries} entries`)
  }

  make(parts: string[], name: string): void {
    const path = parts.join('/')
    if (parts.length === 0 || this.#made.has(path)) return
    this.make(parts.slice(0, -1), name)
    this.count()
    const at = join(this.#dir, ...parts)
    writing(name, () => mkdirSync(at, 0o755))
    chmodSync(at, 0o755)
    this.#made.add(path)
  }
}

/** EEXIST in a folder that was empty: there is something of that name already, or of one that this file system takes for the same. */
function writing<T>(name: string, write: () => T): T {
  try {
    return write()
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    if (code === 'EEXIST') throw refused('is there twice, or falls together with another one', name, thrown)
    if (code === 'ENOTDIR' || code === 'ELOOP') throw refused('lies in what is no folder', name, thrown)
    if (code === 'EILSEQ' || code === 'ENAMETOOLONG' || code === 'EINVAL') {
      throw refused(`has a name that this file system does not take (${code})`, name, thrown)
    }
    throw asTrimtabError(thrown)
  }
}
