/** Process ids are used again: what tells a process from a later one with the same. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** When a process was started, in a form that no other process with this pid has; '' if there is none (or it has ended and waits for its parent). */
export function identityOf(pid: number): string {
  try {
    if (process.platform === 'linux') {
      // proc(5): the name is in brackets and may hold anything; state and start time are fields 3 and 22.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
      return fields[0] === 'Z' || fields[0] === 'X'
        ? ''
        : `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`
    }
    return execFileSync('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return ''
  }
}
