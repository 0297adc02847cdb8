import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isPinned } from '../key.ts'

const SUFFIX = '.digest'

/**
 * What an image's tag was found to be, by the build's key: for a platform that has lost its engine's disk. The same commit is then the
 * same image, wherever the tag has moved meanwhile.
 */
export class Digests {
  readonly #folder: string

  /** `folder`: `<state>/builds`. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** `registry.example.com/shop@sha256:…`, or null. */
  of(key: string): string | null {
    try {
      const digest = readFileSync(this.#path(key), 'utf8').trim()
      return isPinned(digest) ? digest : null
    } catch {
      return null
    }
  }

  note(key: string, digest: string): void {
    writeFileSync(this.#path(key), `${digest}\n`, { mode: 0o600 })
  }

  prune(keep: ReadonlySet<string>): void {
    const keys = readdirSync(this.#folder).flatMap((name) => (name.endsWith(SUFFIX) ? [name.slice(0, -SUFFIX.length)] : []))
    for (const key of keys) if (!keep.has(key)) rmSync(this.#path(key), { force: true })
  }

  #path(key: string): string {
    return join(this.#folder, `${key}${SUFFIX}`)
  }
}
