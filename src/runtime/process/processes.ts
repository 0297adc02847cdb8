/**
 * What the operating system says about processes: /proc on Linux, ps(1) elsewhere.
 * A process is its id together with its start time: an id alone comes round again.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { errno, unreadable } from './places.ts'

export interface ProcessEntry {
  pid: number
  /** Ended, and only waiting for its parent to look. */
  zombie: boolean
  group: number
  session: number
  /** Linux: clock ticks since boot (proc(5), field 22). Elsewhere: the start date, to the second. */
  start: string
}

export const hasProc = process.platform === 'linux'

/** The process of this id; null if there is none. Throws RuntimeUnavailable where that cannot be told (no descriptors left). */
export function readProcess(pid: number): ProcessEntry | null {
  if (!hasProc) return ps(['-p', String(pid)])[0] ?? null
  return parseStat(readSmall(`/proc/${pid}/stat`))
}

/** All processes at one moment. */
export interface ProcessTable {
  entries: ProcessEntry[]
  /** The TMPDIR a process was given; '' where it has none or nobody can see it. Read when first asked, and then remembered. */
  tmpOf(pid: number): string
}

export function processTable(): ProcessTable {
  const tmps = new Map<number, string>()
  return {
    entries: hasProc ? readAll() : ps(['-ax']),
    tmpOf(pid) {
      const tmp = tmps.get(pid) ?? environTmp(pid)
      tmps.set(pid, tmp)
      return tmp
    },
  }
}

function readAll(): ProcessEntry[] {
  const table: ProcessEntry[] = []
  for (const name of readdirSync('/proc')) {
    const first = name.charCodeAt(0)
    if (first < 48 || first > 57) continue
    const entry = parseStat(readSmall(`/proc/${name}/stat`))
    if (entry) table.push(entry)
  }
  return table
}

function environTmp(pid: number): string {
  if (!hasProc) return ''
  try {
    const environ = `\0${readFileSync(`/proc/${pid}/environ`, 'utf8')}`
    const begin = environ.indexOf('\0TMPDIR=')
    return begin === -1 ? '' : environ.slice(begin + 8, environ.indexOf('\0', begin + 1))
  } catch {
    return '' // gone, or not ours to read: then it is not ours either
  }
}

let boot: string | undefined

/** Another one after every boot of the machine: process ids of an earlier boot mean nothing. */
export function bootId(): string {
  boot ??= hasProc
    ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    : execFileSync('sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8' }).trim()
  return boot
}

/** Signals a process, or with a negative id its group. False: there is nobody. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch (error) {
    return errno(error) === 'EPERM' // somebody is there, of another user
  }
}

const page = Buffer.alloc(4096) // a stat line is a few hundred bytes

/** One read into a buffer that is there already: four times cheaper than readFileSync, and this is asked all the time. */
function readSmall(path: string): string | null {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if (errno(error) === 'ENOENT') return null
    throw unreadable(path, error)
  }
  try {
    return page.toString('latin1', 0, readSync(fd, page, 0, page.length, 0))
  } catch (error) {
    if (errno(error) === 'ESRCH') return null // it ended between the two calls
    throw unreadable(path, error)
  } finally {
    closeSync(fd)
  }
}

/** proc(5): `pid (comm) state ppid pgrp session … starttime …`; comm may hold spaces and parentheses, so count from the last ')'. */
export function parseStat(line: string | null): ProcessEntry | null {
  if (!line) return null
  const pid = Number.parseInt(line, 10)
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ', 20)
  const [state, , group, session] = fields
  const start = fields[19]
  if (!pid || !state || start === undefined) return null
  return { pid, zombie: state === 'Z' || state === 'X', group: Number(group), session: Number(session), start }
}

/** ps(1) has no session id that is the same on every system; the group stands in. */
export function ps(which: string[]): ProcessEntry[] {
  let text: string
  try {
    const options = { encoding: 'utf8', env: { PATH: process.env.PATH ?? '/bin:/usr/bin', LC_ALL: 'C' }, stdio: 'pipe' } as const
    // One -o for each: after '=' the rest of an argument is a heading (POSIX, ps).
    text = execFileSync('ps', ['-o', 'pid=', '-o', 'stat=', '-o', 'pgid=', '-o', 'lstart=', ...which], options)
  } catch (error) {
    if ((error as { status?: unknown }).status === 1) return [] // ps found no such process
    throw unreadable('the list of processes', error)
  }
  return text.split('\n').flatMap((line) => {
    const [, pid, stat, pgid, start] = /^\s*(\d+)\s+(\S+)\s+(\d+)\s+(.+?)\s*$/.exec(line) ?? []
    if (!pid || !stat || !pgid || !start) return []
    return [{ pid: Number(pid), zombie: stat.startsWith('Z'), group: Number(pgid), session: Number(pgid), start }]
  })
}
