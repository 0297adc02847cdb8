import { chmod, mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { assertPrivate, isOutsideState } from './socket.ts'

/**
 * Makes `listen` bind a unix socket at `path` that only this user may connect to, from its first instant on: it is bound in
 * a directory nobody else can enter, given its mode there, and then renamed into place (which also replaces a stale one).
 */
export async function bindPrivately(path: string, listen: (path: string) => Promise<unknown>): Promise<void> {
  const dir = dirname(path)
  await mkdir(dir, { recursive: true, mode: 0o700 })
  if (isOutsideState(path)) assertPrivate(dir)
  // Always the same name, so that what a kill left there goes with the next start; and no longer than `path`: see socket.ts.
  const hidden = join(dir, `.${basename(path, '.sock')}`)
  await rm(hidden, { recursive: true, force: true })
  await mkdir(hidden, { mode: 0o700 })
  try {
    const bound = join(hidden, 's')
    await listen(bound)
    await chmod(bound, 0o600)
    await rename(bound, path)
  } finally {
    await rm(hidden, { recursive: true, force: true })
  }
}
