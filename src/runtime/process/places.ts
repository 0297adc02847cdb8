/**
 * Where everything of the process runtime lies on disk:
 *
 *   <state>/instances/<app>/<name>/   spec.json, claim, exit, stopping, ended, tmp-…: one directory an instance
 *   <state>/logs/<app>/<name>.log     its output; .log.1 to .log.3 are older
 *   <state>/runs/<id>/                one-offs with a terminal, while they run
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { TrimtabError } from '../../errors.ts'
import { isPlain, plain } from '../names.ts'

/** One instance's place. */
export interface Place {
  app: string
  name: string
  dir: string
}

export interface Places {
  instances: string
  logs: string
  runs: string
  place(app: string, name: string): Place
  log(app: string, name: string): string
  /** The instance of this name, whichever app it is of; null if there is none. */
  find(name: string): Place | null
}

export function places(state: string): Places {
  const instances = join(state, 'instances')
  const logs = join(state, 'logs')
  const place = (app: string, name: string): Place => ({ app, name, dir: join(instances, plain(app), plain(name)) })
  return {
    instances,
    logs,
    runs: join(state, 'runs'),
    place,
    log: (app, name) => join(logs, plain(app), `${plain(name)}.log`),
    find(name) {
      const app = plain(name).split('.', 1)[0] ?? ''
      const found = place(app, name)
      return existsSync(found.dir) ? found : null
    },
  }
}

/** The directories in a directory; [] if it is not there. Whatever else goes wrong is RuntimeUnavailable: unread is not empty. */
export function directories(dir: string): string[] {
  try {
    const found = readdirSync(dir, { withFileTypes: true })
    return found.filter((one) => one.isDirectory() && isPlain(one.name)).map((one) => one.name)
  } catch (error) {
    if (errno(error) === 'ENOENT') return []
    throw unreadable(dir, error)
  }
}

/** The file system's error code ('ENOENT', …), if it is one of its errors. */
export function errno(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}

/** ENOTDIR: what should be the directory is a file, so nothing is in it. */
export function isMissing(error: unknown): boolean {
  return errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR'
}

export function unreadable(what: string, cause: unknown): TrimtabError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new TrimtabError('RuntimeUnavailable', `${what} could not be read (${message}). Nothing is changed until it can be.`, {
    retry: true,
    cause,
  })
}
