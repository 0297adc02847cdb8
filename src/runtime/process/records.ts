/**
 * The other small files of an instance. Each has one writer and is written once:
 *
 *   claim      the launcher: "pid boot start"; or trimtab: "revoked"
 *   exit       the launcher: how the command ended
 *   stopping   trimtab: a stop was asked for
 *   ended      trimtab: nothing of it is left, and how it ended. Final.
 */

import { closeSync, openSync, readSync, renameSync, type Stats, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { signalOf } from '../signals.ts'
import { errno, isMissing, unreadable } from './places.ts'

export interface Held {
  pid: number
  boot: string
  start: string
}

export type Claim = { kind: 'none' | 'revoked' | 'damaged' } | { kind: 'empty'; at: number } | ({ kind: 'held' } & Held)

export function readClaim(dir: string): Claim {
  const text = readText(join(dir, 'claim'))
  if (text === null) return { kind: 'none' }
  // Created and written are two steps of the launcher's; between them it is empty, or has no end of line yet.
  if (!text.endsWith('\n') && text !== 'revoked') return { kind: 'empty', at: modified(join(dir, 'claim')) ?? 0 }
  if (text === 'revoked') return { kind: 'revoked' }
  const [, pid, boot, start] = /^(\d{1,10}) (\S+) (.+?)\s*\n$/.exec(text) ?? []
  // 0 and 1 would mean "my own group" and "everybody" to kill(2).
  if (!pid || !boot || !start || Number(pid) <= 1) return { kind: 'damaged' }
  return { kind: 'held', pid: Number(pid), boot, start }
}

/** Claims the instance for nobody. False: the launcher was faster. */
export function revoke(dir: string): boolean {
  try {
    const fd = openSync(join(dir, 'claim'), 'wx', 0o600)
    try {
      writeSync(fd, 'revoked')
    } finally {
      closeSync(fd)
    }
    return true
  } catch (error) {
    if (errno(error) === 'EEXIST') return false
    throw unreadable(`${dir}/claim`, error)
  }
}

export interface Ended {
  at: number
  code: number | null
  signal: string | null
}

/** What the launcher saw. Null: it has not ended, or the launcher was killed before it could say. */
export function readExit(dir: string): Ended | null {
  const path = join(dir, 'exit')
  const [, digits] = /^(\d{1,3})\n$/.exec(readText(path) ?? '') ?? []
  if (digits === undefined) return null
  const code = Number(digits)
  return { at: modified(path) ?? 0, code, signal: signalOf(code) }
}

const ended = z.object({ at: z.number(), code: z.int().nullable(), signal: z.string().nullable() })
export const readEnded = (dir: string): Ended | null => readJson(join(dir, 'ended'), ended)
export const writeEnded = (dir: string, value: Ended): void => writeJson(join(dir, 'ended'), value)

const stopping = z.object({
  at: z.number(),
  signal: z.string(),
  timeoutMs: z.number(),
  /** The signal was sent; not sent again. */
  sent: z.boolean(),
  /** The time was up, and SIGKILL was sent. */
  killed: z.boolean(),
})
export type Stopping = z.infer<typeof stopping>
export const readStopping = (dir: string): Stopping | null => readJson(join(dir, 'stopping'), stopping)
export const writeStopping = (dir: string, value: Stopping): void => writeJson(join(dir, 'stopping'), value)

/** Null where there is none, or none that can be understood. */
function readJson<T>(path: string, schema: z.ZodType<T>): T | null {
  const text = readText(path)
  if (text === null) return null
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(`${path}.tmp`, JSON.stringify(value), { mode: 0o600 })
  renameSync(`${path}.tmp`, path)
}

/** None of these files is larger, if it was written by us. */
const page = Buffer.alloc(64 * 1024)

/** What is in the file (its first 64 KiB); null where there is none. Throws RuntimeUnavailable where that cannot be told. */
export function readText(path: string): string | null {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if (isMissing(error)) return null
    throw unreadable(path, error)
  }
  try {
    return page.toString('utf8', 0, readSync(fd, page, 0, page.length, 0))
  } catch (error) {
    if (errno(error) === 'EISDIR') return '' // there, and nothing that we wrote
    throw unreadable(path, error)
  } finally {
    closeSync(fd)
  }
}

export function modified(path: string): number | null {
  return stat(path)?.mtimeMs ?? null
}

/** Null where there is nothing. Throws RuntimeUnavailable where that cannot be told. */
export function stat(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null
  } catch (error) {
    if (isMissing(error)) return null
    throw unreadable(path, error)
  }
}
