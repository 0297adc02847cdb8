// Files by the names of a path: where they are, what identifies them, and in which encodings there are copies.
import { createHash } from 'node:crypto'
import { createReadStream, readdirSync } from 'node:fs'
import { readFile, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'

/** How long what was found is taken to be as it was: an app may write into its folder while it runs. */
const FRESH_MS = 1000
/** Small files are answered from memory: most of a site's requests are for few of them. */
const SMALL_BYTES = 256 * 1024
const MEMORY_BYTES = 32 * 1024 * 1024

export const ENDINGS = { br: '.br', gzip: '.gz' }

export class Files {
  #root
  #packedDir
  /** Names of the packed copies: the hash of what they are a copy of, and the encoding's ending. */
  #packed
  #known = new Map()
  #used = 0
  /** All files of a build carry the same time, whatever is in them: what is served is as new as the release. */
  #began = Math.floor(Date.now() / 1000) * 1000

  constructor(root, packedDir) {
    this.#root = root
    this.#packedDir = packedDir
    try {
      this.#packed = new Set(readdirSync(packedDir))
    } catch {
      this.#packed = new Set()
    }
  }

  /** `{isFile, …}` of the file or folder of these names; null where there is none. Links may not lead out of the root. */
  async find(segments) {
    const name = segments.join('/')
    const known = this.#known.get(name)
    if (known !== undefined && performance.now() - known.at < FRESH_MS) return known.file
    const file = await this.#look(segments, known?.file)
    if (file === null) this.#forget(name)
    else this.#known.set(name, { at: performance.now(), file })
    return file
  }

  async #look(segments, former) {
    try {
      const path = await realpath(join(this.#root, ...segments))
      if (path !== this.#root && !path.startsWith(this.#root + sep)) return null
      const { size, mtimeMs, ino, ...facts } = await stat(path)
      const isFile = (facts.mode & 0o170000) === 0o100000
      if (!isFile) return { isFile, path }
      const identity = `${path} ${size} ${mtimeMs} ${ino}`
      if (former?.identity === identity) return former
      return { isFile, path, size, identity, modified: Math.max(this.#began, Math.floor(mtimeMs / 1000) * 1000) }
    } catch {
      return null
    }
  }

  #forget(name) {
    const known = this.#known.get(name)
    if (known === undefined) return
    this.#known.delete(name)
    this.#used -= Object.values(known.file.bodies ?? {}).reduce((sum, body) => sum + body.length, 0)
  }

  /** The hash of a file's content; computed once. */
  async hash(file) {
    if (file.hash === undefined) {
      const hash = createHash('sha256')
      for await (const chunk of createReadStream(file.path)) hash.update(chunk)
      file.hash = hash.digest('base64url').slice(0, 27)
    }
    return file.hash
  }

  /** The encodings in which there is a copy, the better ones first. */
  async encodings(file) {
    const hash = await this.hash(file)
    return Object.keys(ENDINGS).filter((encoding) => this.#packed.has(hash + ENDINGS[encoding]))
  }

  /** What is sent in this encoding (null: as it is): its size, its path, and where it is small, its content. */
  async copy(file, encoding) {
    const path = encoding === null ? file.path : join(this.#packedDir, file.hash + ENDINGS[encoding])
    const key = encoding ?? 'identity'
    const kept = file.bodies?.[key]
    if (kept !== undefined) return { path, size: kept.length, body: kept }
    const size = encoding === null ? file.size : (await stat(path)).size
    if (size > SMALL_BYTES || this.#used + size > MEMORY_BYTES) return { path, size }
    const body = await readFile(path)
    // It was written to between two looks: not kept, and what is read is what is said.
    if (body.length !== size) return { path, size: body.length, body }
    file.bodies = { ...file.bodies, [key]: body }
    this.#used += size
    return { path, size, body }
  }
}
