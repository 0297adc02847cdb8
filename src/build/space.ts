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

/** Throws DiskFull where there is no room to build. */
export async function requireSpace(path: string, free: FreeBytes): Promise<void> {
  const bytes = await free(path)
  if (bytes < NEEDED) throw diskFull(`only ${Math.floor(bytes / 1024 / 1024)} MB are free, a build wants ${NEEDED / 1024 / 1024}`)
}

/** Whether a failed step's last words say that the disk was full; every tool passes on the system's own phrase. */
export function saysDiskFull(log: string): boolean {
  return /No space left on device|ENOSPC|Disk quota exceeded|EDQUOT/.test(log)
}

export function diskFull(why: string): TrimtabError {
  return new TrimtabError(
    'DiskFull',
    `The disk of the state directory is full: ${why}. Free some space; trimtab goes on by itself.`,
    {
      retry: true,
    },
  )
}
