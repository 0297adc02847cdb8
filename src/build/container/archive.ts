import { posix } from 'node:path'
import tar from 'tar-fs'
import { TrimtabError } from '../../errors.ts'

/** A folder of this machine, and where it comes to lie. */
export interface Tree {
  from: string
  to: string
}

export interface PlainFile {
  to: string
  content: string | Buffer
  executable?: boolean
}

type Pack = ReturnType<typeof tar.pack>

/** The same for every file of every archive, so that equal trees give equal layers as far as it is up to us. */
const TIME = new Date(1_000_000_000_000)

/**
 * Folders and plain files as one tar archive. `leaveOut` is asked about every path in the folders.
 * Throws SourceInvalid where a name is no text.
 */
export async function* archive(trees: Tree[], files: PlainFile[], leaveOut = (_: string) => false): AsyncIterable<Buffer> {
  const next = (left: Tree[], into?: Pack): Pack => {
    const [tree, ...rest] = left
    if (tree) return packTree(tree, leaveOut, (pack) => next(rest, pack), into)
    if (!into) throw new TypeError('an archive begins with a folder')
    for (const { to, content, executable } of files) {
      into.entry({ name: to, mode: executable ? 0o755 : 0o644, mtime: TIME }, content)
    }
    into.finalize()
    return into
  }
  try {
    yield* next(trees)
  } catch (error) {
    throw (error as { code?: unknown }).code === 'ENOENT' ? notNamed(error as Error) : error
  }
}

function packTree({ from, to }: Tree, leaveOut: (path: string) => boolean, finish: (pack: Pack) => void, pack?: Pack): Pack {
  return tar.pack(from, {
    ...(pack && { pack }),
    finish,
    finalize: false,
    ignore: (path) => leaveOut(posix.relative(from, path)),
    map(header) {
      const isPlain = header.type === 'file' && ((header.mode ?? 0) & 0o100) === 0
      return { ...header, name: posix.join(to, header.name), mode: isPlain ? 0o644 : 0o755, mtime: TIME, uid: 0, gid: 0 }
    },
  })
}

/** What was listed a moment ago is not found under the name that it was listed with. */
function notNamed(cause: Error): TrimtabError {
  const message = `A file of the repository has a name that is no UTF-8, which builds in containers do not take: ${cause.message}`
  return new TrimtabError('SourceInvalid', message, { cause })
}
