/** Where a Traefik of this state keeps what belongs to it, and how it is known again. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { identityOf } from '../identity.ts'

export interface Place {
  /** All of it, for this user only. */
  dir: string
  /** The static configuration. */
  config: string
  record: string
  log: string
  /** One line of JSON a request. */
  access: string
  /** What it says before its log is open, and in its last moment. */
  output: string
  /** Certificates that an authority gave, with their keys. */
  acme: string
  /** Copies of certificates and keys that the operator named. */
  certificates: string
}

export function placeOf(state: string): Place {
  const dir = join(state, 'router')
  return {
    dir,
    config: join(dir, 'traefik.yml'),
    record: join(dir, 'traefik.json'),
    log: join(dir, 'traefik.log'),
    access: join(dir, 'access.log'),
    output: join(dir, 'traefik.out'),
    acme: join(dir, 'acme.json'),
    certificates: join(dir, 'certificates'),
  }
}

export interface Api {
  /** On 127.0.0.1. */
  port: number
  /** Part of its paths: whoever shares the loopback or the network, an app for instance, does not know it. */
  key: string
}

/** What is remembered from one trimtab to the next. */
export interface Record {
  /** Stays from start to start where it can, for who reads the metrics. */
  api: Api
  /** Hash of what it was started with; '' where none was. */
  made: string
  /** The program as it was. */
  program?: string
  pid?: number
  /** Of the process with this pid (see identityOf). */
  identity?: string
}

/** The record; a new one where there is none, or none that can be read. */
export function readRecord(place: Place): Record {
  try {
    const { api, made, program, pid, identity }: Partial<Record> = JSON.parse(readFileSync(place.record, 'utf8'))
    if (typeof api?.port === 'number' && typeof api.key === 'string' && typeof made === 'string') {
      return { api, made, ...(pid && identity && { program: program ?? '', pid, identity }) }
    }
  } catch {
    // As good as none.
  }
  return { api: { port: 0, key: randomBytes(16).toString('hex') }, made: '' }
}

/** The record as this trimtab knows it: on a full disk that is better than what the file says. */
export class Records {
  readonly #place: Place
  #unwritten: Record | null = null

  constructor(place: Place) {
    this.#place = place
  }

  read(): Record {
    return this.#unwritten ?? readRecord(this.#place)
  }

  write(record: Record): void {
    try {
      writePrivate(this.#place.record, JSON.stringify(record))
      this.#unwritten = null
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      this.#unwritten = record
    }
  }
}

/** The recorded process, if that very one is alive. */
export function aliveIn({ pid, identity }: Record): number | null {
  return pid && identity && identityOf(pid) === identity ? pid : null
}

/** Renamed into place: nobody reads half of it, and nobody but this user reads it at all. */
export function writePrivate(path: string, text: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.tmp-${process.pid}`
  writeFileSync(temporary, text, { mode: 0o600 })
  renameSync(temporary, path)
}
