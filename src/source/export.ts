/**
 * Writes a commit's tree into an empty directory. With blocking calls as the bytes come from git: for files of usual size
 * that is as quick as the thread pool, and the pieces are short (64 KiB), so that everything else still gets its turn.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  futimesSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { CommitId } from '../domain.ts'
import { asTrimtabError, type TrimtabError } from '../errors.ts'
import { type ExportLimits, type Inventory, invalid, takeInventory } from './inventory.ts'
import { ObjectLost, type Objects } from './objects.ts'
import { readable } from './parse.ts'
import { folderAt } from './read.ts'

/** Seconds since the epoch (2001-09-09): the same for every file of every export, so that equal trees give equal archives. */
export const EXPORT_TIME = 1_000_000_000

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** How long it may keep everything else waiting, in milliseconds. */
const SLICE_MS = 8

/** Objects asked for ahead of the answers: enough to keep git busy, few enough to pass over after a failure. */
const AHEAD = 64

export async function exportTree(
  objects: Objects,
  commit: CommitId,
  path: string,
  dir: string,
  omit: string[],
  limits: ExportLimits,
): Promise<void> {
  const tree = await folderAt(objects, commit, path)
  const inventory = await takeInventory(objects, tree, omit, limits)
  try {
    await write(objects, inventory, dir, limits)
  } catch (thrown) {
    // It was empty: what is in it is ours, and another attempt finds it empty again.
    for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true, force: true })
    throw thrown
  }
}

async function write(objects: Objects, { folders, files, links }: Inventory, dir: string, limits: ExportLimits): Promise<void> {
  const root = Buffer.from(`${dir}/`)
  const at = (inside: string) => Buffer.concat([root, Buffer.from(inside, 'latin1')])
  for (const folder of folders) {
    writing(folder, () => {
      mkdirSync(at(folder))
      chmodSync(at(folder), 0o755)
    })
  }
  await writeFiles(objects, files, at, limits.bytes)
  // Links last: until then nothing that is written can pass through one.
  for (const link of links) {
    writing(link.path, () => {
      symlinkSync(Buffer.from(link.target, 'latin1'), at(link.path))
      lutimesSync(at(link.path), EXPORT_TIME, EXPORT_TIME)
    })
  }
  for (const folder of folders.reverse()) lutimesSync(at(folder), EXPORT_TIME, EXPORT_TIME)
  lutimesSync(dir, EXPORT_TIME, EXPORT_TIME)
}

async function writeFiles(
  objects: Objects,
  files: Inventory['files'],
  at: (inside: string) => Buffer,
  limit: number,
): Promise<void> {
  let next = 0
  let total = 0
  const count = (size: number) => {
    total += size
    if (total > limit) throw invalid([`its files are larger than ${limit} bytes together; trimtab does not take more.`])
  }
  let failed = false
  let since = performance.now()
  const worker = async () => {
    for (let file = files[next++]; file && !failed; file = files[next++]) {
      try {
        await writeFile(objects, file, at(file.path), count)
        // git answers as quickly as it is asked: without a pause nothing else would get a turn.
        if (performance.now() - since > SLICE_MS) {
          await setImmediate()
          since = performance.now()
        }
      } catch (thrown) {
        failed = true
        throw thrown
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: AHEAD }, worker))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

async function writeFile(
  objects: Objects,
  file: Inventory['files'][number],
  to: Buffer,
  count: (size: number) => void,
): Promise<void> {
  let descriptor = -1
  try {
    await objects.stream(file.id, {
      begin: (type, size) => {
        if (type !== 'blob') throw new ObjectLost(file.id, `is a ${type}, not a blob`)
        count(size)
        descriptor = writing(file.path, () => openSync(to, CREATE, 0o600))
      },
      chunk: (bytes) => {
        for (let done = 0; done < bytes.length; ) done += writing(file.path, () => writeSync(descriptor, bytes, done))
      },
    })
    // Not by the mode of open(): the umask of whoever started trimtab is not part of the commit.
    fchmodSync(descriptor, file.executable ? 0o755 : 0o644)
    futimesSync(descriptor, EXPORT_TIME, EXPORT_TIME)
  } finally {
    if (descriptor >= 0) closeSync(descriptor)
  }
}

/** EEXIST in a directory that was empty: the file system takes two names for one. */
function writing<T>(path: string, write: () => T): T {
  try {
    return write()
  } catch (thrown) {
    throw writeError(path, thrown as NodeJS.ErrnoException)
  }
}

function writeError(path: string, error: NodeJS.ErrnoException): TrimtabError {
  switch (error.code) {
    case 'EEXIST':
      return invalid([`${readable(path)}: another name in the same folder falls together with it on this file system`])
    case 'EILSEQ':
    case 'ENAMETOOLONG':
    case 'EINVAL':
      return invalid([`${readable(path)}: this file system does not take the name (${error.code})`])
    default:
      return asTrimtabError(error)
  }
}
