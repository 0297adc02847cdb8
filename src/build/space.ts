import { statfs } from 'node:fs/promises'
import { TrimtabError } from '../errors.ts'

/** With less than this free, no build is begun: what runs needs room for its logs. */
const NEEDED = 128 * 1024 * 1024

export type FreeBytes = (path: string) => Promise<number>

/** Bytes an ordinary user may still write, 0 where there is no inode left. */
export const freeBytes: FreeBytes = async (path) => {
  const disk = await statfs(path)
  if (disk.files > 0 && disk.ffree < 100) return 0
  return disk.bavail * disk.bsize
}

/** Throws DiskFull where there is no room to build. `where`: whose disk it is; `needed`: bytes. */
export async function requireSpace(where: string, path: string, free: FreeBytes, needed = NEEDED): Promise<void> {
  const bytes = await free(path)
  const why = `only ${Math.floor(bytes / 1024 / 1024)} MB are free, a build wants ${needed / 1024 / 1024}`
  if (bytes < needed) throw diskFull(where, why)
}

/** Whether a failed step's last words say that the disk was full; every tool passes on the system's own phrase. */
export function saysDiskFull(log: string): boolean {
  return /No space left on device|ENOSPC|Disk quota exceeded|EDQUOT/.test(log)
}

/** `where`: whose disk it is. */
export function diskFull(where: string, why: string): TrimtabError {
  const message = `The disk of ${where} is full: ${why}. Free some space; trimtab goes on by itself.`
  return new TrimtabError('DiskFull', message, { retry: true })
}
