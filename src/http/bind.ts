import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { assertPrivate, isOutsideState } from './socket.ts'

/**
 * Makes `listen` bind a unix socket at `path` that only this user may connect to, from its first instant on: it is bound in
 * a directory nobody else can enter, given its mode there, and then renamed into place (which also replaces a stale one).
 */
export async function bindPrivately(path: string, listen: (path: string) => Promise<unknown>): Promise<void> {
  const dir = dirname(path)
  await mkdir(dir, { recursive: true, mode: 0o700 })
  if (isOutsideState(path)) assertPrivate(dir)
  const hidden = await mkdtemp(join(dir, '.s'))
  try {
    const bound = join(hidden, 's')
    await listen(bound)
    await chmod(bound, 0o600)
    await rename(bound, path)
  } finally {
    await rm(hidden, { recursive: true, force: true })
  }
}
