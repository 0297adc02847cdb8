import { createHash } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { TrimtabError } from '../errors.ts'

/** sun_path holds 108 bytes on Linux and 104 on macOS and the BSDs, the ending NUL included: unix(7), unix(4). */
const LONGEST = 103

/**
 * Where `up` listens and every other command knocks: `<state>/trimtab.sock`, or, where that is too long for a socket's
 * address, a short name made from it. Both sides compute it, so it depends on nothing but the state directory and the user:
 * not on TMPDIR, which differs between a login, cron and a service.
 */
export function socketPath(state: string): string {
  const path = join(resolve(state), 'trimtab.sock')
  if (Buffer.byteLength(path) <= LONGEST) return path
  const name = createHash('sha256').update(path).digest('hex').slice(0, 16)
  return join(sharedDir(), `${name}.sock`)
}

function sharedDir(): string {
  return `/tmp/trimtab-${process.getuid?.() ?? 0}`
}

/** True for a socket outside of its state directory: its folder has to be checked with assertPrivate(). */
export function isOutsideState(path: string): boolean {
  return dirname(path) === sharedDir()
}

/** Anybody may create names in /tmp: refuses a folder that another user put there, or may write to. */
export function assertPrivate(dir: string): void {
  const stat = lstatSync(dir)
  const ours = stat.isDirectory() && stat.uid === (process.getuid?.() ?? stat.uid) && (stat.mode & 0o077) === 0
  if (ours) return
  throw new TrimtabError(
    'ConfigInvalid',
    `${dir} is not a private directory of this user. Remove it, or set a shorter \`state:\` in platform.yaml.`,
  )
}
