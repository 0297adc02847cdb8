/** The route files of all apps: `<state>/routes/<app>.yml`. */
import { type BigIntStats, chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RouteTable } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { appOfFile, isOurs, parseRoutes, renderRoutes } from './traefik.ts'

/**
 * A file as last read: the text is read again only when its size, times or inode have changed. With blocking calls: for a
 * small file they take a hundredth of the time that the way through the thread pool does.
 */
interface Cached {
  stamp: string
  ours: boolean
  /** Null: as good as none. It is empty or cut short, as a crash of the machine may leave it, or somebody has changed what trimtab wrote. */
  result: RouteTable | TrimtabError | null
}

export class RouteStore {
  readonly dir: string
  /** Where a file is written before it is renamed into place. */
  readonly #new: string
  readonly #cache = new Map<string, Cached>()
  #count = 0

  /** `below`: a folder in it for the names in between, where they would disturb whoever watches the directory. */
  constructor(dir: string, below = '') {
    this.dir = dir
    this.#new = join(dir, below)
  }

  /** Makes the directory and removes what an interrupted write left there. Only one trimtab writes here (it owns the store). */
  async prepare(): Promise<void> {
    await mkdir(this.#new, { recursive: true, mode: 0o755 })
    for (const dir of new Set([this.dir, this.#new])) {
      for (const name of await readdir(dir)) {
        if (/^\..+\.yml\.tmp-\d+-\d+$/.test(name) && !name.includes(`.tmp-${process.pid}-`))
          await rm(join(dir, name), { force: true })
      }
    }
  }

  /** What the app's file says; null: there is none. */
  async read(app: string): Promise<RouteTable | null> {
    const cached = await this.#look(app)
    if (cached?.result instanceof TrimtabError) throw cached.result
    return cached?.result ?? null
  }

  /** Apps with a file of ours; others may keep files of their own here. */
  async apps(): Promise<string[]> {
    const names = await this.#attempt(() => readdir(this.dir))
    const apps = names.flatMap((name) => appOfFile(name) ?? [])
    const looked = await Promise.all(apps.map(async (app) => ((await this.#look(app))?.ours ? app : null)))
    return looked.filter((app) => app !== null).sort()
  }

  /** True if the file is another one now. With blocking calls: a rollout waits for it, and the thread pool makes it three times as long. */
  async write(table: RouteTable): Promise<boolean> {
    const text = renderRoutes(table)
    const path = this.#path(table.app)
    const old = textOf(path)
    if (old === text) return false
    if (old !== null && old !== '' && !isOurs(table.app, old)) throw foreign(path)
    const temporary = join(this.#new, `.${table.app}.yml.tmp-${process.pid}-${++this.#count}`)
    try {
      mkdirSync(this.#new, { recursive: true, mode: 0o755 })
      writeFileSync(temporary, text, { flag: 'wx' })
      // Traefik may be another user; the umask does not decide that.
      chmodSync(temporary, 0o644)
      renameSync(temporary, path)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    }
    return true
  }

  /** True if there was one. */
  async remove(app: string): Promise<boolean> {
    const cached = await this.#look(app)
    if (!cached) return false
    if (!cached.ours && cached.result !== null) throw foreign(this.#path(app))
    await rm(this.#path(app), { force: true })
    return true
  }

  async #look(app: string): Promise<Cached | null> {
    const path = this.#path(app)
    try {
      const stamp = stampOf(statSync(path, { bigint: true }))
      const known = this.#cache.get(app)
      if (known?.stamp === stamp) return known
      const text = readFileSync(path, 'utf8')
      const cached = { stamp, ours: isOurs(app, text), result: parse(app, text) }
      this.#cache.set(app, cached)
      return cached
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unreadable(path, error)
      // No file is an answer only where there is a directory to hold it.
      await this.#attempt(() => stat(this.dir))
      this.#cache.delete(app)
      return null
    }
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw unreadable(this.dir, error)
    }
  }

  #path(app: string): string {
    const file = `${app}.yml`
    if (appOfFile(file) !== app) throw new TrimtabError('Internal', `"${app}" cannot be an app's name.`)
    return join(this.dir, file)
  }
}

function parse(app: string, text: string): Cached['result'] {
  if (text === '') return null
  try {
    return parseRoutes(app, text)
  } catch (error) {
    if (error instanceof TrimtabError) return error
    throw error
  }
}

/** What is there now; null: nothing that can be read. */
function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function stampOf(stats: BigIntStats): string {
  return `${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`
}

function foreign(path: string): TrimtabError {
  return new TrimtabError('RouterUnavailable', `${path} was not written by trimtab. Move it away, and trimtab writes its own.`)
}

function unreadable(path: string, cause: unknown): TrimtabError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new TrimtabError('RouterUnavailable', `The routes cannot be read (${path}): ${reason}.`, { retry: true, cause })
}
