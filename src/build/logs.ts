import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { BuildLog } from './log.ts'
import { isKey } from './slugs.ts'

/** How many logs of failed builds are kept beyond those still asked for. */
const KEPT = 20

/** The logs of all builds: `<state>/builds/<key>.log` while one runs and after it failed, beside its slug after it succeeded. */
export class BuildLogs {
  readonly #folder: string
  readonly #besideSlug: (key: string) => string
  readonly #live = new Map<string, BuildLog>()

  constructor(folder: string, besideSlug: (key: string) => string) {
    this.#folder = folder
    this.#besideSlug = besideSlug
  }

  /** The log of a build that is queued or runs; readers may follow it before its first line. */
  live(key: string): BuildLog {
    const log = this.#live.get(key) ?? new BuildLog(this.#path(key))
    this.#live.set(key, log)
    return log
  }

  /** What the build of this key does now, in the words of its log; '' where nothing is known. */
  topic(key: string): string {
    return this.#live.get(key)?.topic ?? ''
  }

  end(key: string): void {
    this.#live.get(key)?.end()
    this.#live.delete(key)
  }

  async read(key: string): Promise<string | null> {
    if (!isKey(key)) return null
    for (const path of this.#live.has(key) ? [this.#path(key)] : [this.#besideSlug(key), this.#path(key)]) {
      const text = await readFile(path, 'utf8').catch(() => null)
      if (text !== null) return text
    }
    return null
  }

  async *follow(key: string, signal: AbortSignal): AsyncIterable<string> {
    const live = this.#live.get(key)
    if (live !== undefined) return yield* live.follow(signal)
    const text = await this.read(key)
    if (text !== null && text !== '') yield text
  }

  async prune(keep: ReadonlySet<string>): Promise<void> {
    const names = (await readdir(this.#folder)).filter(
      (name) => name.endsWith('.log') && !keep.has(name.slice(0, -'.log'.length)),
    )
    const aged = await Promise.all(names.map(async (name) => ({ name, at: await age(join(this.#folder, name)) })))
    const old = aged.sort((a, b) => b.at - a.at).slice(KEPT)
    await Promise.all(old.map(({ name }) => rm(join(this.#folder, name), { force: true })))
  }

  #path(key: string): string {
    return join(this.#folder, `${key}.log`)
  }
}

async function age(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.mtimeMs ?? 0
}
