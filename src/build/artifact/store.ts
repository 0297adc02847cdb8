import { createHash, randomBytes } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ArtifactsSpec } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import type { Artifacts, StoredArtifact } from '../../ports.ts'
import { type FreeBytes, requireSpace } from '../space.ts'
import { tooLarge } from './fetch.ts'

/** What nothing uses is kept for so long after it came or was last used: the commit that names it may be on its way. */
const KEPT_MS = 7 * 86_400_000

/** So often the disk is looked at while something comes in. */
const LOOK_BYTES = 32 * 1024 * 1024

const Note = z.object({
  name: z.string(),
  size: z.number(),
  /** When it came, and when it was last used or asked for. */
  storedAt: z.number(),
  usedAt: z.number(),
  /** Builds that used it. */
  keys: z.array(z.string()),
  /** Addresses that have given it. */
  urls: z.array(z.string()).default([]),
})

type Note = z.infer<typeof Note>

export const DEFAULT: ArtifactsSpec = { allow: ['https'], local: false, sizeBytes: 2 ** 30 }

export interface StoreOptions {
  /** Absolute path of the state directory; they are in its folder `artifacts`. */
  state: string
  settings: ArtifactsSpec | undefined
  now: () => number
  free: FreeBytes
}

/** Whether this can be a hash at all; hashes also come from people. */
function isHash(sha256: string): boolean {
  return /^[0-9a-f]{64}$/.test(sha256)
}

/**
 * Artifacts by their hash: `<sha256>` is the file, whole from the moment it has that name; `<sha256>.json` is what is known of it
 * besides, and may be lost; what begins with a dot was on its way.
 */
export class ArtifactStore implements Artifacts {
  readonly #folder: string
  readonly #now: () => number
  readonly #free: FreeBytes
  /** As the operator has it now. */
  settings: ArtifactsSpec

  constructor({ state, settings = DEFAULT, now, free }: StoreOptions) {
    this.#folder = join(state, 'artifacts')
    this.#now = now
    this.#free = free
    this.settings = settings
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    // Left by an earlier trimtab that was killed: nothing is on its way yet.
    for (const name of readdirSync(this.#folder)) if (name.startsWith('.')) rmSync(join(this.#folder, name), { force: true })
  }

  configure(settings: ArtifactsSpec): void {
    this.settings = settings
  }

  /** Where the file is, its hash compared; null if it is not there, or not what it was, or has never come from this address. */
  async find(sha256: string, url?: string): Promise<string | null> {
    const path = this.pathOf(sha256)
    if (!isHash(sha256) || !existsSync(path)) return null
    if (url !== undefined && !this.#note(sha256).urls.includes(url)) return null
    const hash = createHash('sha256')
    for await (const piece of createReadStream(path)) hash.update(piece as Buffer)
    if (hash.digest('hex') === sha256) return path
    await rm(path, { force: true })
    return null
  }

  /** Notes that a build uses it. */
  use(sha256: string, name: string, key: string): void {
    const note = this.#note(sha256)
    this.#write(sha256, { ...note, name: note.name || name, usedAt: this.#now(), keys: [...new Set([...note.keys, key])] })
  }

  /** `wanted`: what it has to be, and where it comes from. */
  async put(name: string, content: AsyncIterable<Uint8Array>, wanted?: { sha256: string; url: string }): Promise<StoredArtifact> {
    const limit = this.settings.sizeBytes
    const temporary = join(this.#folder, `.${randomBytes(8).toString('hex')}`)
    const hash = createHash('sha256')
    let size = 0
    let looked = -LOOK_BYTES
    const file = await open(temporary, 'wx', 0o600)
    try {
      for await (const piece of content) {
        if (size - looked >= LOOK_BYTES) {
          await requireSpace('the state directory', this.#folder, this.#free)
          looked = size
        }
        size += piece.length
        if (size > limit) throw tooLarge(limit)
        hash.update(piece)
        await file.appendFile(piece)
      }
      await file.sync()
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    } finally {
      await file.close()
    }
    const sha256 = hash.digest('hex')
    if (wanted !== undefined && sha256 !== wanted.sha256) {
      await rm(temporary, { force: true })
      throw another(wanted.sha256, sha256)
    }
    renameSync(temporary, this.pathOf(sha256))
    const at = this.#now()
    const note = this.#note(sha256)
    const urls = wanted ? [...new Set([...note.urls, wanted.url])] : note.urls
    this.#write(sha256, { ...note, name, size, storedAt: at, usedAt: at, urls })
    return this.#stored(sha256)
  }

  async list(): Promise<StoredArtifact[]> {
    const names = (await readdir(this.#folder)).filter(isHash)
    return names.map((sha256) => this.#stored(sha256)).sort((a, b) => b.storedAt - a.storedAt || (a.sha256 < b.sha256 ? -1 : 1))
  }

  async remove(sha256: string, keep: ReadonlySet<string>): Promise<void> {
    if (!isHash(sha256) || !existsSync(this.pathOf(sha256))) {
      throw new TrimtabError('NotFound', `There is no artifact ${sha256}. trimtab artifact list shows those that there are.`)
    }
    if (this.#isUsed(sha256, keep)) {
      const message = `The artifact ${sha256.slice(0, 12)} is not removed: a release uses it, or one that a revert would bring back.`
      throw new TrimtabError('Usage', message)
    }
    await this.#erase(sha256)
  }

  /** Removes what no build of these keys used, and nobody asked for in a week. */
  async prune(keep: () => ReadonlySet<string>): Promise<void> {
    for (const name of (await readdir(this.#folder)).filter(isHash)) {
      const isOld = this.#now() - this.#note(name).usedAt > KEPT_MS
      if (isOld && !this.#isUsed(name, keep())) await this.#erase(name)
    }
  }

  #isUsed(sha256: string, keep: ReadonlySet<string>): boolean {
    return this.#note(sha256).keys.some((key) => keep.has(key))
  }

  #stored(sha256: string): StoredArtifact {
    const { name, size, storedAt } = this.#note(sha256)
    return { sha256, name, size, storedAt }
  }

  #note(sha256: string): Note {
    try {
      return Note.parse(JSON.parse(readFileSync(`${this.pathOf(sha256)}.json`, 'utf8')))
    } catch {
      // Torn, or never written: the file itself says the most important.
      const { size = 0, mtimeMs = 0 } = statSync(this.pathOf(sha256), { throwIfNoEntry: false }) ?? {}
      return { name: '', size, storedAt: Math.round(mtimeMs), usedAt: Math.round(mtimeMs), keys: [], urls: [] }
    }
  }

  #write(sha256: string, note: Note): void {
    const temporary = join(this.#folder, `.${randomBytes(8).toString('hex')}`)
    writeFileSync(temporary, JSON.stringify(note), { mode: 0o600 })
    renameSync(temporary, `${this.pathOf(sha256)}.json`)
  }

  async #erase(sha256: string): Promise<void> {
    await rm(this.pathOf(sha256), { force: true })
    await rm(`${this.pathOf(sha256)}.json`, { force: true })
  }

  /** Where it lies, if it does. */
  pathOf(sha256: string): string {
    return join(this.#folder, sha256)
  }
}

function another(wanted: string, found: string): TrimtabError {
  const lines = [
    'The artifact is another than the one that app.yaml names (build.artifact.sha256):',
    `  expected ${wanted}`,
    `  found    ${found}`,
  ]
  return new TrimtabError('BuildFailed', lines.join('\n'))
}
