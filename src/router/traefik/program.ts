/** The Traefik binary: where it is, and whether it is one that can be used. */
import { execFile } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { TrimtabError } from '../../errors.ts'

export interface Program {
  path: string
  /** Another one for another program at the same path. */
  stamp: string
}

const HINT = 'Install Traefik v3 and put it on the PATH, or name it: router: {kind: traefik, binary: /path/to/traefik}.'
/** api.basePath came with it. */
const OLDEST = { major: 3, minor: 3 }

/** `binary`: an absolute path, or a name to look for on the PATH. Throws RouterUnavailable. */
export function findProgram(binary: string, path = process.env.PATH ?? ''): Program {
  const places = binary.includes('/') ? [binary] : path.split(':').flatMap((dir) => (dir === '' ? [] : [join(dir, binary)]))
  for (const place of places) {
    try {
      accessSync(place, constants.X_OK)
      const { ino, size, mtimeNs } = statSync(place, { bigint: true })
      return { path: place, stamp: `${place}:${ino}:${size}:${mtimeNs}` }
    } catch {
      // The next one, then.
    }
  }
  const where = binary.includes('/') ? `there is no program at ${binary}` : `"${binary}" is not on the PATH`
  throw new TrimtabError('RouterUnavailable', `Traefik cannot be started: ${where}. ${HINT}`, { retry: true })
}

/** Throws RouterUnavailable for what is no Traefik, or too old a one. Asked before one that runs is ended in its favour. */
export async function checkProgram({ path }: Program): Promise<void> {
  const { stdout } = await promisify(execFile)(path, ['version'], { env: {}, cwd: '/', timeout: 10_000 }).catch((cause) => {
    const { stderr = '', message } = cause as { stderr?: string; message: string }
    const why = (stderr || message).trim().split('\n').at(-1)
    throw new TrimtabError('RouterUnavailable', `${path} is no Traefik that runs here: ${why}. ${HINT}`, { retry: true, cause })
  })
  const version = /^Version:\s*v?(\S+)/m.exec(stdout)?.[1]
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version ?? '') ?? []
  // One that was built by hand says "dev".
  if (version !== undefined && (major === undefined || isNewEnough(Number(major), Number(minor)))) return
  const what = version === undefined ? 'is no Traefik' : `is Traefik ${version}, and ${OLDEST.major}.${OLDEST.minor} is needed`
  throw new TrimtabError('RouterUnavailable', `${path} ${what}. ${HINT}`, { retry: true })
}

function isNewEnough(major: number, minor: number): boolean {
  return major === OLDEST.major ? minor >= OLDEST.minor : major > OLDEST.major
}
