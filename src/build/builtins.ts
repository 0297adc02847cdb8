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

/**
 * The order in which built-in packs are tried where none is named; the first that fits is taken. Heroku's: a Rails or Laravel app
 * has a package.json too. Others follow by name.
 */
const ORDER = ['ruby', 'nodejs', 'python', 'java', 'php', 'go', 'rust', 'static']
/** The folder of what all packs share: it is laid into the `lib` of each, so that each stands by itself. */
const SHARED = 'lib'

/** Reads the built-in buildpacks: every folder with a bin/compile. */
export async function readBuiltins(dir: string): Promise<Builtin[]> {
  const names = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  const shared = names.includes(SHARED) ? await readFiles(join(dir, SHARED), 'lib/') : []
  const own = names.filter((name) => name !== SHARED).sort(byOrder)
  const packs = await Promise.all(own.map((name) => readBuiltin(name, join(dir, name), shared)))
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

async function readBuiltin(name: string, dir: string, shared: PackFile[]): Promise<Builtin> {
  const files = [...(await readFiles(dir, '')), ...shared]
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file.path}\0${file.executable}\0${file.content.length}\0`).update(file.content)
  const looksFor =
    files
      .find((file) => file.path === 'looks-for')
      ?.content.toString('utf8')
      .trim() ?? 'what its bin/detect knows'
  return { name, dir, hash: hash.digest('hex'), looksFor, files }
}

async function readFiles(dir: string, prefix: string): Promise<PackFile[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Promise.all(paths.sort().map((path) => readPackFile(path, prefix + path.slice(dir.length + 1))))
}

async function readPackFile(from: string, path: string): Promise<PackFile> {
  const [content, { mode }] = await Promise.all([readFile(from), stat(from)])
  return { path, executable: (mode & 0o100) !== 0, content }
}

function byOrder(a: string, b: string): number {
  const rank = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)
  return rank(a) - rank(b) || (a < b ? -1 : 1)
}
