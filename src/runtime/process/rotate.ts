/**
 * Keeps logs small. Instances hold their log file open and outlive the platform, so it cannot be renamed away from them:
 * it is copied and cut to nothing. They write with O_APPEND, so after the cut they go on at its new end (write(2)).
 */
import { closeSync, fstatSync, ftruncateSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { type FileHandle, open as openFile } from 'node:fs/promises'
import { errno, isMissing } from './places.ts'
import { readAt } from './tail.ts'

export interface RotateLimits {
  /** A log this large is rotated. */
  bytes: number
  /** How many older files stay. */
  keep: number
}

export const DEFAULT_LIMITS: RotateLimits = { bytes: 10 * 1024 * 1024, keep: 3 }

export interface Rotator {
  /** Rotates this log if it has grown too large. Never throws; a full disk costs history, not the app. */
  check(log: string): Promise<void>
  /** How often this log was rotated; a reader that finds another number than before goes on in `olderLog(log, difference)`. */
  turns(log: string): number
  forget(log: string): void
}

const CHUNK = 1024 * 1024

export const olderLog = (log: string, age: number): string => `${log}.${age}`

/** Newest first. */
export const logFiles = (log: string, keep: number): string[] => [
  log,
  ...Array.from({ length: keep }, (_, index) => olderLog(log, index + 1)),
]

export function createRotator(limits: RotateLimits): Rotator {
  const counts = new Map<string, number>()
  const busy = new Set<string>()

  return {
    async check(log) {
      if (busy.has(log)) return
      let size = 0
      busy.add(log)
      try {
        size = statSync(log, { throwIfNoEntry: false })?.size ?? 0
        if (size < limits.bytes) return
        await rotate(log, limits.keep, () => counts.set(log, (counts.get(log) ?? 0) + 1))
      } catch (error) {
        if (errno(error) === 'ENOSPC' || errno(error) === 'EDQUOT') makeRoom(log, size, limits)
      } finally {
        busy.delete(log)
      }
    },
    turns: (log) => counts.get(log) ?? 0,
    forget: (log) => void counts.delete(log),
  }
}

async function rotate(log: string, keep: number, turned: () => void): Promise<void> {
  const from = openSync(log, 'r+')
  let to: FileHandle | undefined
  try {
    to = await openFile(`${log}.tmp`, 'w', 0o600)
    let copied = 0
    // The bulk with pauses for others, until what is left is little …
    for (let left = fstatSync(from).size; left > CHUNK; left = fstatSync(from).size - copied) {
      const chunk = readAt(from, copied, CHUNK)
      await to.appendFile(chunk)
      copied += chunk.length
    }
    // … and the rest without one: only what is written between the last read (of nothing) and the cut is lost.
    shift(log, keep)
    for (let chunk = readAt(from, copied, CHUNK); chunk.length > 0; chunk = readAt(from, copied, CHUNK)) {
      writeAll(to.fd, chunk)
      copied += chunk.length
    }
    ftruncateSync(from, 0)
    renameSync(`${log}.tmp`, olderLog(log, 1))
    turned()
  } finally {
    closeSync(from)
    await to?.close()
  }
}

function shift(log: string, keep: number): void {
  rmSync(olderLog(log, keep), { force: true })
  for (let age = keep - 1; age >= 1; age--) {
    try {
      renameSync(olderLog(log, age), olderLog(log, age + 1))
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
}

function writeAll(fd: number, chunk: Buffer): void {
  for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done)
}

/** The disk is full: give up old output first, and if the log itself is far beyond its limit, that too. */
function makeRoom(log: string, size: number, { bytes, keep }: RotateLimits): void {
  try {
    rmSync(`${log}.tmp`, { force: true })
    for (let age = keep; age >= 1; age--) {
      if (!statSync(olderLog(log, age), { throwIfNoEntry: false })) continue
      rmSync(olderLog(log, age), { force: true })
      return
    }
    if (size < 2 * bytes) return
    const fd = openSync(log, 'r+')
    ftruncateSync(fd, 0)
    closeSync(fd)
  } catch {
    // Tried again at the next check.
  }
}
