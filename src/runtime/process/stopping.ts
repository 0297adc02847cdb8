/** Ending an instance: the stop signal to its whole group, SIGKILL when the time is up. What was asked is on disk first. */
import type { Stop } from '../../domain.ts'
import { signalName } from '../signals.ts'
import { isAlive } from './group.ts'
import type { Memory } from './observe.ts'
import { readProcess, signal } from './processes.ts'
import { type Stopping, writeStopping } from './records.ts'

/** setTimeout takes no more than a signed 32-bit number of milliseconds. */
const LONGEST_MS = 2 ** 31 - 1

/** Writes down that a stop is asked for. Asked again, only an earlier end counts: the signal is never sent twice. */
export function askToStop(memory: Memory, stop: Stop, now: number): void {
  const timeoutMs = Math.min(Math.max(0, stop.timeoutMs), LONGEST_MS)
  const before = memory.stopping
  if (before && before.at + before.timeoutMs <= now + timeoutMs) return
  keep(
    memory,
    before
      ? { ...before, timeoutMs: now + timeoutMs - before.at }
      : { at: now, signal: stop.signal, timeoutMs, sent: false, killed: false },
  )
}

/** Does what the stop needs now; gives the milliseconds until it needs something again, null when it needs nothing more. */
export function enforceStop(memory: Memory, now: number): number | null {
  const { stopping } = memory
  if (!stopping || memory.ended) return null
  if (!stopping.sent) {
    // Written down before it is sent would lose the signal in a crash, after would send it twice: twice is the lesser evil.
    signalGroup(memory, signalName(stopping.signal))
    keep(memory, { ...stopping, sent: true })
  }
  const left = Math.min(stopping.at + stopping.timeoutMs - now, stopping.timeoutMs)
  if (left > 0) return left
  if (!stopping.killed) keep(memory, { ...stopping, sent: true, killed: true })
  signalGroup(memory, 'SIGKILL') // what is not in the group is found, and killed, once the leader has gone (observe.ts)
  return null
}

function signalGroup({ held, child }: Memory, name: NodeJS.Signals): void {
  if (held) {
    if (isAlive(readProcess(held.pid), held)) signal(-held.pid, name)
  } else if (child !== null) {
    signal(-child, name) // our own child, not yet reaped: the id is still its
  }
}

function keep(memory: Memory, stopping: Stopping): void {
  memory.stopping = stopping
  try {
    writeStopping(memory.place.dir, stopping)
  } catch {
    // A full disk must not keep anything from being stopped; only a restart of the platform would forget it.
  }
}
