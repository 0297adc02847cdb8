/**
 * Which files Traefik refuses, from its log: it has nowhere else to say it. In a folder of files one that it cannot read keeps it from
 * taking the change of any other, so it matters to all of them.
 */
import { closeSync, fstatSync, openSync, readSync, statSync, utimesSync } from 'node:fs'
import { lineOf } from './words.ts'

export interface Refusal {
  /** Path of the file; '' where it is none's fault. */
  file: string
  why: string
  /** To the second. */
  at: number
}

const LOADING = /^(?:Error occurred during watcher callback|Error while building configuration)/
const NOT_STARTED = /^Cannot start the provider \*file\./
/** Folders in the folder are named in front of the file. */
const NAMED = /^(?:unable to load content configuration from subdirectory .*?: )*(\/[^:]*\.(?:ya?ml|toml)): (.*)$/is

/** What a line of the log says of a file. Pure. `routes`: the folder of the files. */
export function refusalIn(line: string, routes: string): Refusal | null {
  const { error = '', message = '', time = '', filename, routerName } = lineOf(line)
  const at = Date.parse(time)
  if (Number.isNaN(at)) return null
  if (message === 'HTTP router already configured, skipping' && filename !== undefined) {
    return { file: `${routes}/${filename}`, why: `another file has a router "${routerName}" too`, at }
  }
  if (NOT_STARTED.test(message)) return { file: '', why: error, at }
  const [, file, why] = (LOADING.test(message) && NAMED.exec(error)) || []
  return file !== undefined && why !== undefined ? { file, why: why.trim(), at } : null
}

/** So much of what was there before us is read. */
const BEFORE_BYTES = 256 * 1024
/** What was said so long ago is asked for again. */
const OLD_MS = 2_000
/** So long an answer takes where there are hundreds of files. */
const ANSWER_MS = 1_000

interface Standing extends Refusal {
  askedAt: number | null
}

/** Follows one log. */
export class RefusalLog {
  readonly #path: string
  readonly #routes: string
  #offset: number | null = null
  #inode = 0
  #rest = ''
  readonly #refused = new Map<string, Standing>()

  constructor(path: string, routes: string) {
    this.#path = path
    this.#routes = routes
  }

  /** Files that are refused as they are now. `since`: when this Traefik was started. */
  refused(since: number): Refusal[] {
    this.#read()
    for (const [file, standing] of this.#refused) if (this.#isOver(standing, since)) this.#refused.delete(file)
    return [...this.#refused.values()]
  }

  /** The log tells that a file is refused, never that it no longer is: what is not said again when it is asked for is over. */
  #isOver(standing: Standing, since: number): boolean {
    const { file, at, askedAt } = standing
    if (at < toTheSecond(since)) return true
    if (file === '') return false
    const { ctimeMs } = statSync(file, { throwIfNoEntry: false }) ?? { ctimeMs: Number.POSITIVE_INFINITY }
    if (toTheSecond(ctimeMs) > at) return true
    if (askedAt !== null) return Date.now() - askedAt > ANSWER_MS
    if (Date.now() - at > OLD_MS) {
      standing.askedAt = Date.now()
      readAgain(this.#routes)
    }
    return false
  }

  #read(): void {
    let fd: number
    try {
      fd = openSync(this.#path, 'r')
    } catch {
      return
    }
    try {
      const { ino, size } = fstatSync(fd)
      // Another file, or a shorter one: it was rotated.
      if (ino !== this.#inode || (this.#offset ?? 0) > size) {
        this.#offset = this.#offset === null ? Math.max(0, size - BEFORE_BYTES) : 0
        this.#rest = ''
      }
      this.#inode = ino
      const from = this.#offset ?? 0
      if (from === size) return
      const buffer = Buffer.alloc(size - from)
      const read = readSync(fd, buffer, 0, buffer.length, from)
      this.#offset = from + read
      const lines = (this.#rest + buffer.toString('utf8', 0, read)).split('\n')
      this.#rest = lines.pop() ?? ''
      for (const line of lines) {
        const refusal = refusalIn(line, this.#routes)
        if (refusal) this.#refused.set(refusal.file, { ...refusal, askedAt: null })
      }
    } finally {
      closeSync(fd)
    }
  }
}

/** The folder's own times are among what Traefik watches. */
function readAgain(routes: string): void {
  try {
    utimesSync(routes, new Date(), new Date())
  } catch {
    // Another user's: then it stands until the file changes.
  }
}

function toTheSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000
}
