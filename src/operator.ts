/** The operator's file: read, and read again when it changes. */
import { readFileSync, statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { type Platform, parsePlatform } from './config/platform.ts'
import { asTrimtabError, TrimtabError } from './errors.ts'

/** Throws ConfigInvalid, with every problem at its line. */
export function readOperatorFile(file: string, env: NodeJS.ProcessEnv): Platform {
  let text: Buffer
  try {
    text = readFileSync(file)
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const why = missing
      ? `There is no ${file}. "trimtab init --platform" writes one; --config names another.`
      : `${file} cannot be read: ${error}`
    throw new TrimtabError('ConfigInvalid', why, { cause: error })
  }
  return parsePlatform(text, { file, env })
}

/**
 * Calls `changed` with the new content of the file whenever it changes and is valid, and `rejected` when it changes and is not.
 * Editors replace files by renaming, so it is the folder that is watched; and looked at now and then where nothing can be.
 */
export function watchOperatorFile(
  file: string,
  env: NodeJS.ProcessEnv,
  changed: (platform: Platform) => void,
  rejected: (message: string) => void,
): () => void {
  let seen = signature(file)
  let timer: NodeJS.Timeout | null = null
  const look = () => {
    timer = null
    const now = signature(file)
    if (now === seen) return
    seen = now
    try {
      changed(readOperatorFile(file, env))
    } catch (error) {
      rejected(asTrimtabError(error).message)
    }
  }
  const soon = () => {
    // A file is written in more than one go: let the writer finish.
    timer ??= setTimeout(look, 50)
  }
  const every = setInterval(look, 2_000)
  every.unref()
  let watcher: ReturnType<typeof watch> | null = null
  try {
    watcher = watch(dirname(file), (_, name) => (name === null || name === basename(file)) && soon())
    watcher.on('error', () => {})
  } catch {
    // Without a watch, the clock above will do.
  }
  return () => {
    watcher?.close()
    clearInterval(every)
    if (timer) clearTimeout(timer)
  }
}

function signature(file: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(file)
    return `${mtimeMs} ${size} ${ino}`
  } catch {
    return 'missing'
  }
}
