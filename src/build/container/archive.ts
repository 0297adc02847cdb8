import { createReadStream, lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import tar from 'tar-fs'
import { TrimtabError } from '../../errors.ts'

/** A folder of this machine, and where it comes to lie. */
export interface Tree {
  from: string
  to: string
  /** Number of the user and the group that it belongs to. Default: root. */
  owner?: number
}

export interface PlainFile {
  to: string
  /** Null: a folder. */
  content: string | Buffer | null
  executable?: boolean
}

/** The same for every file of every archive, so that equal trees give equal layers as far as it is up to us. */
const TIME = new Date(1_000_000_000_000)
/** Pieces of about this size; a piece for every file would take longer than what is in them. */
const PIECE = 256 * 1024

type Pack = ReturnType<typeof tar.pack>

/**
 * Folders and plain files as one tar archive. `leaveOut` is asked about every path in the folders, and not about what is in a folder
 * that is left out. Read with blocking calls, as the tree was written: for files of usual size that is many times as quick as the
 * thread pool, and whoever takes the pieces gives everything else its turn between them.
 */
export async function* archive(
  trees: Tree[],
  files: PlainFile[],
  leaveOut = (_: string) => false,
  mtime = TIME,
): AsyncGenerator<Buffer> {
  const pack = emptyPack()
  for (const { to, content, executable } of files) {
    if (content === null) pack.entry({ name: to, type: 'directory', mode: 0o755, mtime })
    else pack.entry({ name: to, mode: executable ? 0o755 : 0o644, mtime }, content)
  }
  for (const tree of trees) yield* packed(pack, tree, leaveOut, mtime)
  pack.finalize()
  yield* ready(pack, 0)
}

/** tar-fs is what we know of; the packer below it is all that is wanted here. */
function emptyPack(): Pack {
  const pack = tar.pack(tmpdir(), { entries: [], finalize: false })
  pack.on('error', () => {}) // thrown where it happens
  return pack
}

async function* packed(pack: Pack, { from, to, owner = 0 }: Tree, leaveOut: (path: string) => boolean, mtime: Date) {
  for (const path of walk(from, '', leaveOut)) {
    const file = join(from, path)
    const stat = found(file)
    const common = { name: posix.join(to, path) || '.', mtime, uid: owner, gid: owner }
    const mode = (stat.mode & 0o100) === 0 ? 0o644 : 0o755
    if (stat.isDirectory()) pack.entry({ ...common, type: 'directory', mode: 0o755 })
    else if (stat.isSymbolicLink()) pack.entry({ ...common, type: 'symlink', linkname: readlinkSync(file), mode: 0o777 })
    else if (stat.isFile() && stat.size <= PIECE) pack.entry({ ...common, mode }, readFileSync(file))
    else if (stat.isFile()) yield* large(pack, file, { ...common, mode, size: stat.size })
    yield* ready(pack, PIECE)
  }
}

/** A file that is not held in memory as a whole. */
async function* large(pack: Pack, path: string, header: { name: string; mtime: Date; mode: number; size: number; uid: number }) {
  const packed = new Promise<void>((resolve, reject) => {
    const sink = pack.entry(header, (error) => (error ? reject(error) : resolve()))
    createReadStream(path, { end: header.size - 1, highWaterMark: PIECE })
      .on('error', reject)
      .pipe(sink)
  })
  let isPacked = false
  void packed.finally(() => (isPacked = true)).catch(() => {})
  while (!isPacked) {
    yield* ready(pack, 1)
    await setImmediate()
  }
  await packed
}

/** Folders before what is in them. */
function* walk(root: string, path: string, leaveOut: (path: string) => boolean): Generator<string> {
  yield path
  for (const entry of readdirSync(join(root, path), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inside = posix.join(path, entry.name)
    if (leaveOut(inside)) continue
    if (entry.isDirectory()) yield* walk(root, inside, leaveOut)
    else yield inside
  }
}

/** What has been packed, once it is so much. */
function* ready(pack: Pack, atLeast: number): Generator<Buffer> {
  if (pack.readableLength < atLeast) return
  for (let piece = pack.read() as Buffer | null; piece !== null; piece = pack.read() as Buffer | null) yield piece
}

/** What was listed a moment ago is not found under the name that it was listed with. */
function found(path: string): Stats {
  try {
    return lstatSync(path)
  } catch (cause) {
    const message = `${JSON.stringify(path)}: a name that is no UTF-8 is not taken by builds in containers.`
    throw new TrimtabError('SourceInvalid', message, { cause })
  }
}
