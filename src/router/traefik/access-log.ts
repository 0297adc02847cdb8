/** Traefik writes one line a request, for ever: trimtab keeps the last two files of them. */
import { renameSync } from 'node:fs'
import { sizeOf } from './launch.ts'
import type { Place } from './place.ts'

const LARGEST = 64 * 1024 * 1024

/** `reopen`: has Traefik open its access log anew (SIGUSR1). */
export function rotateAccessLog({ access }: Place, reopen: () => void, largest = LARGEST): void {
  if (sizeOf(access) <= largest) return
  try {
    renameSync(access, `${access}.1`)
    reopen()
  } catch {
    // It has ended, or the disk is full: the next look comes in a second.
  }
}
