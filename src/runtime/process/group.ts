/**
 * Everything that belongs to an instance besides its leader: the process group, the session, and whatever left both
 * (a daemon) but still carries the instance's temporary directory in its environment. None of it survives the instance.
 */
import { hasProc, type ProcessEntry, type ProcessTable, signal } from './processes.ts'
import type { Held } from './records.ts'

export function isAlive(entry: ProcessEntry | null, held: Held): boolean {
  return entry !== null && entry.pid === held.pid && !entry.zombie && entry.start === held.start
}

/**
 * The living processes of an instance. `held` null: its claim is damaged, so only the environment tells.
 * `justSeen`: the leader was seen alive a moment ago, so its id cannot have come round yet.
 */
export function members(dir: string, held: Held | null, justSeen: boolean, table: ProcessTable): ProcessEntry[] {
  const candidates = table.entries.filter((one) => !one.zombie && one.pid > 1 && one.pid !== process.pid && !isOlder(one, held))
  // Every process of an instance was started with this, unless its app chose a TMPDIR of its own.
  const marked = candidates.filter((one) => table.tmpOf(one.pid).startsWith(`${dir}/tmp-`))
  if (held === null) return marked

  const group = candidates.filter((one) => one.group === held.pid || one.session === held.pid)
  const leader = table.entries.find((one) => one.pid === held.pid)
  // An id is not given to a new process while a group or session of that number is left (POSIX, fork). So if the number
  // has a leader that is not ours, or nobody in the group carries our mark, all of ours is gone and the group is foreign.
  const isOurs = leader ? leader.start === held.start : justSeen || group.some((one) => marked.includes(one))
  return isOurs ? [...new Set([...group, ...marked])] : marked
}

/** Sends SIGKILL to all of them: by group, so that what is just being forked is hit too, and one by one outside of it. */
export function killAll(processes: ProcessEntry[], held: Held | null): void {
  if (held && processes.some((one) => one.group === held.pid)) signal(-held.pid, 'SIGKILL')
  for (const one of processes) if (one.group !== held?.pid) signal(one.pid, 'SIGKILL')
}

/** What was there before the leader cannot be its child. Saves most of the looking into environments. */
function isOlder(one: ProcessEntry, held: Held | null): boolean {
  return hasProc && held !== null && Number(one.start) < Number(held.start)
}
