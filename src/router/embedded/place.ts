/** Where a router keeps what belongs to it, and how it is known again: `<state>/router/`. */
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { TrimtabError } from '../../errors.ts'
import { identityOf } from '../identity.ts'

/** Written by the router when it serves. */
export interface Record {
  pid: number
  /** Of the process with this pid (see identityOf). */
  identity: string
  /** Where its API is. */
  socket: string
}

export interface Place {
  record: string
  log: string
  /** Where a router that is started now puts its API. */
  socket: string
}

/** A socket's path ends at 104 bytes on macOS, 108 on Linux (sun_path, with the closing NUL). */
const longestSocketPath = 100

export function placeOf(state: string): Place {
  const dir = join(state, 'router')
  const socket = join(dir, 'api.sock')
  return {
    record: join(dir, 'router.json'),
    log: join(dir, 'router.log'),
    socket: Buffer.byteLength(socket) <= longestSocketPath ? socket : shortSocket(socket),
  }
}

/** Makes the directories, for this user only. */
export function prepare(place: Place): void {
  mkdirSync(dirname(place.record), { recursive: true, mode: 0o700 })
  const dir = dirname(place.socket)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const found = lstatSync(dir)
  const foreign = process.getuid !== undefined && found.uid !== process.getuid()
  if (!found.isDirectory() || foreign) {
    throw new TrimtabError(
      'RouterUnavailable',
      `${dir} belongs to somebody else. Move it away, or choose a state directory with a shorter path.`,
    )
  }
}

/** What the router wrote of itself; null: nothing, or nothing that can be read. */
export function readRecord(place: Place): Record | null {
  try {
    const { pid, identity, socket }: Partial<Record> = JSON.parse(readFileSync(place.record, 'utf8'))
    return typeof pid === 'number' && typeof identity === 'string' && typeof socket === 'string'
      ? { pid, identity, socket }
      : null
  } catch {
    return null
  }
}

export function writeRecord(path: string, record: Record): void {
  const temporary = `${path}.tmp-${process.pid}`
  writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 })
  renameSync(temporary, path)
}

/** The recorded router, if that very process is alive: process ids are used again. */
export function isAlive(record: Record): boolean {
  return record.identity !== '' && identityOf(record.pid) === record.identity
}

function shortSocket(socket: string): string {
  const name = createHash('sha256').update(socket).digest('hex').slice(0, 16)
  return join(tmpdir(), `trimtab-${process.getuid?.() ?? 0}`, `${name}.sock`)
}
