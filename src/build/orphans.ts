import { execFile } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { COOKIE } from './environment.ts'

/** Leader of a step's process group, and when it started: a pid alone may be somebody else's by now. */
interface Leader {
  pid: number
  start: string
}

/**
 * The record of one running build, so that the next start can end it if this one is killed: its cookie, then a line for
 * each step's leader, the last one counts. Lines are only added: a disk that fills up cannot take the cookie away.
 */
export class BuildTrack {
  readonly #path: string
  readonly #cookie: string

  constructor(path: string, cookie: string) {
    this.#path = path
    this.#cookie = cookie
    writeFileSync(path, `${JSON.stringify({ cookie })}\n`, { mode: 0o600 })
  }

  /** Notes which process group runs now. */
  started(pid: number): void {
    if (process.platform === 'linux') this.#add(leaderOnLinux(pid))
    // Elsewhere `ps` has to be asked; a kill -9 of trimtab within these milliseconds leaves the step to its own end.
    else void startOf(pid).then((start) => this.#add(start === null ? null : { pid, start }))
  }

  /** Ends processes that left their group (setsid) but carry the build's cookie, and forgets the build. */
  async finish(): Promise<void> {
    await endMarked(this.#cookie)
    await rm(this.#path, { force: true })
  }

  #add(leader: Leader | null): void {
    if (leader === null || !existsSync(this.#path)) return
    try {
      appendFileSync(this.#path, `${JSON.stringify({ leader })}\n`)
    } catch {
      // The cookie is enough on Linux.
    }
  }
}

/** Ends what an earlier trimtab was building when it was killed. Only what is provably of that build is touched. */
export async function endOrphans(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((name) => name.endsWith('.track'))) {
    const { cookie, leader } = await readTrack(join(folder, name))
    if (leader !== null && leader.start === (await startOf(leader.pid))) {
      try {
        process.kill(-leader.pid, 'SIGKILL')
      } catch {
        // It has just ended by itself.
      }
    }
    if (cookie !== null) await endMarked(cookie)
    await rm(join(folder, name), { force: true })
  }
}

async function readTrack(path: string): Promise<{ cookie: string | null; leader: Leader | null }> {
  let cookie: string | null = null
  let leader: Leader | null = null
  for (const line of (await readFile(path, 'utf8')).split('\n')) {
    try {
      const said = JSON.parse(line) as { cookie?: unknown; leader?: Partial<Leader> }
      if (typeof said.cookie === 'string' && said.cookie.length >= 40) cookie = said.cookie
      const { pid, start } = said.leader ?? {}
      if (typeof pid === 'number' && Number.isInteger(pid) && pid > 1 && typeof start === 'string') leader = { pid, start }
    } catch {
      // A line cut short by the crash.
    }
  }
  return { cookie, leader }
}

/** Kills every process whose environment carries this cookie; again, until a look finds none (they may be forking). */
async function endMarked(cookie: string): Promise<void> {
  if (process.platform !== 'linux') return
  const mark = `${COOKIE}=${cookie}\0`
  for (let round = 0; round < 10; round += 1) {
    const pids = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))
    const found = await Promise.all(pids.map((pid) => carries(pid, mark)))
    const ours = pids.filter((_, at) => found[at])
    if (ours.length === 0) return
    for (const pid of ours) {
      try {
        process.kill(Number(pid), 'SIGKILL')
      } catch {
        // It has just ended by itself.
      }
    }
  }
}

async function carries(pid: string, mark: string): Promise<boolean> {
  if (Number(pid) === process.pid) return false
  try {
    return (await readFile(`/proc/${pid}/environ`, 'latin1')).includes(mark)
  } catch {
    return false // somebody else's process, or one that has ended
  }
}

/** When a process started, in whatever form the system gives it; null if there is none. */
async function startOf(pid: number): Promise<string | null> {
  if (process.platform === 'linux') return leaderOnLinux(pid)?.start ?? null
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)])
    return stdout.trim() || null
  } catch {
    return null
  }
}

function leaderOnLinux(pid: number): Leader | null {
  try {
    // proc(5): field 2 is the name in parentheses and may hold anything; starttime (in ticks since boot) is field 22.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return ticks === undefined ? null : { pid, start: `${boot} ${ticks}` }
  } catch {
    return null
  }
}
