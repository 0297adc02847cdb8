/** The state directory. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TrimtabError } from '../errors.ts'

/** Makes it, for this user only. Often it lies inside a repository, where `git add .` must not find it. Throws ConfigInvalid. */
export function makeStateDirectory(state: string): void {
  try {
    mkdirSync(state, { recursive: true, mode: 0o700 })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = `The state directory ${state} cannot be made (${code ?? message}).`
    throw new TrimtabError('ConfigInvalid', `${why} Set "state" in platform.yaml to a folder this user may write to.`, {
      cause: error,
    })
  }
  try {
    writeFileSync(join(state, '.gitignore'), '*\n', { flag: 'wx' })
  } catch {
    // It is there already; or the disk is full, which others will tell.
  }
}
