/**
 * The route directory → models, one by one. A file that cannot be read or understood keeps its last good model; only a file
 * that is certainly gone loses it. Events of the file system only say "look again"; a slow poll stands in for those that get lost.
 */
import { type BigIntStats, type FSWatcher, watch } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Model, parseModel } from '../model.ts'

const pollMs = 2_000

interface Known {
  /** Size, times and inode at the last look: equal means unchanged. */
  stamp: string
  model: Model | null
  /** Why the file as it is now was refused. */
  refused: string | null
}

export class RouteFiles {
  readonly #dir: string
  readonly #changed: () => void
  readonly #log: (topic: string, message: string) => void
  readonly #files = new Map<string, Known>()
  /** The directory has been read at least once. */
  read = false
  #watcher: FSWatcher | null = null
  #watchedInode = ''
  #work: Promise<unknown> = Promise.resolve()
  #pending: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null

  /** `changed` is called after every look that changed a model. */
  constructor(dir: string, changed: () => void, log: (topic: string, message: string) => void) {
    this.#dir = dir
    this.#changed = changed
    this.#log = log
  }

  /** Sorted by file name. */
  get models(): Array<[file: string, model: Model]> {
    const found = [...this.#files].flatMap(([file, { model }]): Array<[string, Model]> => (model ? [[file, model]] : []))
    return found.sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /** Files that were refused as they are now, with the reason. */
  get refused(): Record<string, string> {
    return Object.fromEntries([...this.#files].flatMap(([file, { refused }]) => (refused === null ? [] : [[file, refused]])))
  }

  /** Reads all, then keeps watching. */
  async start(): Promise<void> {
    await this.look()
    this.#timer = setInterval(() => void this.look(), pollMs)
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#watcher?.close()
  }

  /** Looks at everything; resolves when what was there at the time of the call is in force. Calls that have not begun share one look. */
  look(): Promise<void> {
    this.#pending ??= this.#next(async () => {
      this.#pending = null
      await this.#lookAtAll()
    })
    return this.#pending
  }

  /** Looks at one file only. */
  lookAt(file: string): Promise<void> {
    return this.#next(async () => {
      if (isRouteFile(file) && (await this.#update(file))) this.#changed()
    })
  }

  #next(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work).catch((error: unknown) => this.#log('routes', String(error)))
    this.#work = done
    return done
  }

  async #lookAtAll(): Promise<void> {
    let names: string[]
    try {
      await this.#watch()
      names = (await readdir(this.#dir)).filter(isRouteFile)
    } catch (error) {
      // Could not read is never empty: what is known stays in force.
      return this.#log('routes', `cannot read ${this.#dir}: ${String(error)}`)
    }
    let changed = !this.read
    for (const file of new Set([...names, ...this.#files.keys()])) changed = (await this.#update(file)) || changed
    this.read = true
    if (changed) this.#changed()
  }

  /** Brings one file up to date; true if its model changed. */
  async #update(file: string): Promise<boolean> {
    const known = this.#files.get(file)
    const path = join(this.#dir, file)
    let stamp: string
    let text: string
    try {
      stamp = stampOf(await stat(path, { bigint: true }))
      if (known?.stamp === stamp) return false
      text = await readFile(path, 'utf8')
    } catch (error) {
      if (!(await this.#isGone(error))) {
        this.#log('routes', `cannot read ${file}: ${String(error)}`)
        return false
      }
      this.#files.delete(file)
      return Boolean(known?.model)
    }
    try {
      // Who writes in place truncates first. To take the routes away, delete the file.
      if (text.trim() === '') throw new Error('the file is empty')
      this.#files.set(file, { stamp, model: parseModel(text), refused: null })
      return true
    } catch (error) {
      const refused = error instanceof Error ? error.message : String(error)
      this.#log('routes', `${file} is refused, what it said before stays in force: ${refused}`)
      this.#files.set(file, { stamp, model: known?.model ?? null, refused })
      return false
    }
  }

  /** A file is gone only if its directory is there to say so. */
  async #isGone(error: unknown): Promise<boolean> {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return false
    return stat(this.#dir).then(
      (found) => found.isDirectory(),
      () => false,
    )
  }

  /** (Re)attaches the watcher when the directory is another one than before. */
  async #watch(): Promise<void> {
    const { dev, ino } = await stat(this.#dir)
    const inode = `${dev}:${ino}`
    if (inode === this.#watchedInode) return
    this.#watcher?.close()
    this.#watchedInode = inode
    try {
      this.#watcher = watch(this.#dir, { persistent: false }, (_event, file) => {
        if (file === null) void this.look()
        else if (isRouteFile(file)) void this.lookAt(file)
      })
      this.#watcher.on('error', () => {
        this.#watchedInode = ''
      })
    } catch (error) {
      // Without inotify watches (their number is limited) the poll goes on alone.
      this.#log('routes', `cannot watch ${this.#dir}: ${String(error)}`)
    }
  }
}

/** Temporary names begin with a dot. */
function isRouteFile(name: string): boolean {
  return /^[^.].*\.ya?ml$/.test(name) && !name.includes('/')
}

function stampOf(stats: BigIntStats): string {
  return `${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`
}
