/** Starts one instance: first everything that recognises it is on disk, then its launcher runs. */
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, fstatSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import type { InstanceSpec } from '../../domain.ts'
import { asTrimtabError, TrimtabError } from '../../errors.ts'
import { environment } from './environment.ts'
import { launch } from './launcher.ts'
import { errno, type Place } from './places.ts'
import { bootId } from './processes.ts'
import { recorded, writeSpec } from './spec.ts'

/** Launches it. The directory must not be in use; on an error there is nothing left of it. */
export async function startInstance(
  place: Place,
  log: string,
  spec: InstanceSpec,
  port: number | null,
  startedAt: number,
): Promise<ChildProcess> {
  let output: number | null = null
  try {
    checkHome(spec)
    const tmp = makeDirectory(place.dir)
    mkdirSync(dirname(log), { recursive: true, mode: 0o700 })
    output = openSync(log, 'a', 0o600)
    const address = port === null ? null : { host: '127.0.0.1', port }
    const home = spec.image.ref
    const env = environment({ home, tmp, env: spec.env, port })
    writeSpec(place.dir, recorded(spec, { address, startedAt, boot: bootId(), logFrom: fstatSync(output).size }))
    const { dir, name: title } = place
    return await spawned(
      launch({ dir, tmp, home, command: spec.command, boot: bootId(), env, stdio: ['ignore', output, output], title }),
    )
  } catch (error) {
    rmSync(place.dir, { recursive: true, force: true })
    throw startError(place.name, error)
  } finally {
    if (output !== null) closeSync(output)
  }
}

/** A directory of its own with a temporary directory that is only this attempt's (see launcher.ts); gives the latter. */
export function makeDirectory(dir: string): string {
  rmSync(dir, { recursive: true, force: true }) // of a start that did not come to its spec
  const tmp = join(dir, `tmp-${randomBytes(4).toString('hex')}`)
  mkdirSync(tmp, { recursive: true, mode: 0o700 })
  return tmp
}

export function checkHome(spec: InstanceSpec): void {
  const home = spec.image.ref
  if (!isAbsolute(home) || home.includes('\0') || !statSync(home, { throwIfNoEntry: false })?.isDirectory()) {
    // Whoever looks next sees that too, and has it built again.
    const message = `The build result ${home} is not there any more, and is built again. If it stays away: trimtab sync ${spec.app}`
    throw new TrimtabError('StartFailed', message, { retry: true })
  }
  if (spec.command.includes('\0')) throw new TrimtabError('StartFailed', `The command of ${spec.process} has a NUL in it.`)
}

/** Where the system refused (no memory, too many processes, an environment too large) the child has no pid, and says why. */
export async function spawned(child: ChildProcess): Promise<ChildProcess> {
  if (child.pid !== undefined) return child
  throw await new Promise((resolve) => child.once('error', resolve))
}

const ADVICE: Record<string, string> = {
  E2BIG: 'Its environment and command are larger than the system allows; make them smaller.',
  EAGAIN: 'The system allows no more processes at the moment.',
  ENOMEM: 'The machine is short of memory.',
  EMFILE: 'Too many files are open.',
  ENFILE: 'Too many files are open.',
}

export function startError(name: string, error: unknown): TrimtabError {
  if (error instanceof TrimtabError) return error
  const known = asTrimtabError(error)
  if (known.code === 'DiskFull') return known
  const code = errno(error) ?? ''
  const message = `${name} could not be started: ${known.message}. ${ADVICE[code] ?? ''}`.trim()
  return new TrimtabError('StartFailed', message, { retry: code in ADVICE && code !== 'E2BIG', cause: error })
}
