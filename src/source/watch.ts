/**
 * Watches a local repository for moved refs. fs.watch on each folder that matters; which ones matter is worked out anew
 * after every event, because git deletes and creates folders as branches come and go, and repositories are moved and replaced.
 */
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { findGitDirs } from './localRefs.ts'

interface Watched {
  /** Which folder this is, beyond its path: a new one may have the same path. */
  identity: string
  watcher: FSWatcher
}

/** A commit touches several refs and logs within this time, in milliseconds. */
const SETTLE_MS = 1
/** More folders of branches, or of tags, than this are left to polling. */
const MOST = 500

/** Says that something in the folder matters. */
type Matters = (name: string) => boolean

export class RefWatch {
  readonly #path: string
  readonly #changed: () => void
  readonly #watched = new Map<string, Watched>()
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(path: string, changed: () => void) {
    this.#path = path
    this.#changed = changed
    this.#follow()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    for (const { watcher } of this.#watched.values()) watcher.close()
    this.#watched.clear()
  }

  /** How many folders are watched. */
  get size(): number {
    return this.#watched.size
  }

  #event(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#follow()
      this.#changed()
    }, SETTLE_MS)
  }

  /** Watches what matters now. Again, until nothing was created in a folder just before it was watched. */
  #follow(): void {
    for (let more = true, rounds = 0; more && !this.#closed && rounds < 10; rounds++) {
      more = false
      const folders = foldersOf(this.#path)
      for (const [path, { watcher }] of this.#watched) {
        if (folders.has(path)) continue
        watcher.close()
        this.#watched.delete(path)
      }
      for (const [path, matters] of folders) if (this.#add(path, matters)) more = true
    }
  }

  #add(path: string, matters: Matters): boolean {
    const identity = identityOf(path)
    const known = this.#watched.get(path)
    if (identity === null || known?.identity === identity) return false
    known?.watcher.close()
    this.#watched.delete(path)
    try {
      const watcher = watch(path, { persistent: false }, (_event, name) => {
        // The folder itself was removed or moved: its number may be given to the next one.
        if (name === basename(path)) this.#drop(path, watcher)
        if (name === null || name === basename(path) || matters(name)) this.#event()
      })
      watcher.on('error', () => {
        this.#drop(path, watcher)
        this.#event()
      })
      this.#watched.set(path, { identity, watcher })
      return true
    } catch {
      return false // out of watches, or just removed: polling sees it
    }
  }

  #drop(path: string, watcher: FSWatcher): void {
    watcher.close()
    if (this.#watched.get(path)?.watcher === watcher) this.#watched.delete(path)
  }
}

function foldersOf(path: string): Map<string, Matters> {
  const folders = new Map<string, Matters>()
  const dirs = gitDirs(path)
  if (!dirs) {
    // Not there (yet): the nearest folder that is, and what `git init` is just filling.
    let above = path
    while (!isFolder(above) && above !== dirname(above)) above = dirname(above)
    for (const each of [above, join(path, '.git')]) if (isFolder(each)) folders.set(each, () => true)
    return folders
  }
  const inGitDir = new Set(['HEAD', 'packed-refs', 'refs', 'reftable', 'commondir', 'objects'])
  folders.set(path, (name) => name === '.git' || inGitDir.has(name))
  for (const each of [dirs.gitDir, dirs.commonDir]) folders.set(each, (name) => inGitDir.has(name))
  for (const each of ['refs', 'reftable'])
    if (isFolder(join(dirs.commonDir, each))) folders.set(join(dirs.commonDir, each), isRef)
  for (const kind of ['refs/heads', 'refs/tags']) {
    for (const each of refFolders(join(dirs.commonDir, kind))) folders.set(each, isRef)
  }
  return folders
}

function isRef(name: string): boolean {
  return !name.endsWith('.lock')
}

function refFolders(root: string): string[] {
  const found: string[] = []
  const left = isFolder(root) ? [root] : []
  for (let at = left.pop(); at !== undefined && found.length < MOST; at = left.pop()) {
    found.push(at)
    for (const entry of entriesOf(at)) if (entry.isDirectory()) left.push(join(at, entry.name))
  }
  return found
}

function entriesOf(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch {
    return []
  }
}

function gitDirs(path: string) {
  try {
    return findGitDirs(path)
  } catch {
    return null
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function identityOf(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat ? `${stat.dev} ${stat.ino} ${stat.birthtimeMs}` : null
}
