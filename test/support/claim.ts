/**
 * Folders that belong to one living process. The owner's name (pid and start time, so that a pid used again is another's) is that
 * of the one file `owner-…` in it; renaming is what takes a folder, or takes it over from the dead, and only one can have done it.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Takes the folder (its parent is there). False: it is somebody's. */
export function claim(dir: string): boolean {
  const fresh = `${dir}.${me}.${tries++}`
  mkdirSync(fresh, { mode: 0o700 })
  writeFileSync(join(fresh, `owner-${me}`), '')
  try {
    renameSync(fresh, dir) // rename(2): over an empty folder too, and never over one that is not
    return true
  } catch {
    rmSync(fresh, { recursive: true })
    return false
  }
}

/** Takes over what a dead process had. False: it is nobody's, or its owner lives, or somebody was quicker. */
export function inherit(dir: string): boolean {
  const owner = ownerOf(dir)
  if (owner === null || isAlive(owner)) return false
  try {
    renameSync(join(dir, `owner-${owner}`), join(dir, `owner-${me}`))
    return true
  } catch {
    return false
  }
}

/** Gives back what is ours; all else in it has been removed. */
export function release(dir: string): void {
  rmSync(join(dir, `owner-${me}`), { force: true })
  try {
    rmdirSync(dir)
  } catch {
    // Somebody has taken it in this moment.
  }
}

/** Does something that only one process may do at a time; another's turn is waited for. */
export async function inTurn<T>(dir: string, work: () => Promise<T>): Promise<T> {
  while (!claim(dir)) {
    if (inherit(dir)) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  try {
    return await work()
  } finally {
    release(dir)
  }
}

/** `<pid>-<start time>` of a process that is not a zombie, or null. */
export function identity(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // proc(5): the name, in parentheses, may hold anything; after it come the state (3rd field) … and the start time (22nd).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? null : `${pid}-${fields[19]}`
  } catch {
    return null
  }
}

export function isAlive(id: string): boolean {
  return identity(Number(id.split('-')[0])) === id
}

function ownerOf(dir: string): string | null {
  try {
    const name = readdirSync(dir).find((one) => one.startsWith('owner-'))
    return name?.slice('owner-'.length) ?? null
  } catch {
    return null
  }
}

let tries = 0

/** Not Linux: nobody is ever taken for dead. */
const me = identity(process.pid) ?? `${process.pid}-0`
