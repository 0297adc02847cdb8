import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { chmod, lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * The text of a plain file that a build may have put there, or null if there is none. What a build writes is hostile:
 * a link would lead elsewhere, a FIFO would never answer, a huge file would fill the memory.
 */
export function readPlainFile(path: string, limit: number): string | null {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return null
  }
  try {
    const stat = fstatSync(file)
    if (!stat.isFile() || stat.size > limit) return null
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

/** Removes a tree, never following links. Package managers leave read-only folders (Go's module cache does): these are opened first. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'EACCES' && code !== 'EPERM') throw error
    await openFolders(path)
    await rm(path, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function openFolders(path: string): Promise<void> {
  const stat = await lstat(path)
  if (!stat.isDirectory()) return
  await chmod(path, 0o700)
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await openFolders(join(path, entry.name))
  }
}
