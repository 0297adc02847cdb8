import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

interface PackFile {
  path: string
  executable: boolean
  content: Buffer
}

/** A buildpack that comes with trimtab, in memory: what is hashed into a build's key is what the build runs. */
export interface Builtin {
  name: string
  /** Where it lies; only bin/detect is run there. */
  dir: string
  /** Hash of its files' paths, modes and content. */
  hash: string
  /** One line for a person: what its bin/detect looks for. */
  looksFor: string
  files: PackFile[]
}

/** The order in which built-in packs are tried where none is named; the first that fits is taken. Others follow by name. */
const ORDER = ['nodejs', 'python', 'static']

/** Reads the built-in buildpacks: every folder with a bin/compile. */
export async function readBuiltins(dir: string): Promise<Builtin[]> {
  const names = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  const packs = await Promise.all(names.sort(byOrder).map((name) => readBuiltin(name, join(dir, name))))
  return packs.filter((pack) => pack.files.some((file) => file.path === 'bin/compile'))
}

/**
 * Writes a pack into a folder of the build's own, because bin/compile may leave an `export` file beside itself. With blocking
 * calls: a dozen small files take less time than their way through the thread pool.
 */
export function layOut(pack: Builtin, dir: string): void {
  const folders = new Set(pack.files.map((file) => dirname(join(dir, file.path))))
  for (const folder of folders) mkdirSync(folder, { recursive: true })
  for (const { path, content, executable } of pack.files) {
    writeFileSync(join(dir, path), content, { mode: executable ? 0o755 : 0o644 })
  }
}

async function readBuiltin(name: string, dir: string): Promise<Builtin> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const files = await Promise.all(paths.sort().map((path) => readPackFile(dir, path)))
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file.path}\0${file.executable}\0${file.content.length}\0`).update(file.content)
  const looksFor =
    files
      .find((file) => file.path === 'looks-for')
      ?.content.toString('utf8')
      .trim() ?? 'what its bin/detect knows'
  return { name, dir, hash: hash.digest('hex'), looksFor, files }
}

async function readPackFile(dir: string, path: string): Promise<PackFile> {
  const [content, { mode }] = await Promise.all([readFile(path), stat(path)])
  return { path: path.slice(dir.length + 1), executable: (mode & 0o100) !== 0, content }
}

function byOrder(a: string, b: string): number {
  const rank = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)
  return rank(a) - rank(b) || (a < b ? -1 : 1)
}
