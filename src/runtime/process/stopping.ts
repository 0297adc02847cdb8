/** Ending an instance: the stop signal to its whole group, SIGKILL when the time is up. What was asked is on disk first. */
import { constants } from 'node:os'
import type { Stop } from '../../domain.ts'
import { isAlive, killAll, members } from './group.ts'
import type { Look, Memory } from './observe.ts'
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
export function enforceStop(memory: Memory, look: Look): number | null {
  const { stopping } = memory
  if (!stopping || memory.ended) return null
  if (!stopping.sent) {
    // Written down before it is sent would lose the signal in a crash, after would send it twice: twice is the lesser evil.
    signalGroup(memory, signalName(stopping.signal))
    keep(memory, { ...stopping, sent: true })
  }
  const left = Math.min(stopping.at + stopping.timeoutMs - look.now, stopping.timeoutMs)
  if (left > 0) return left
  if (!stopping.killed) keep(memory, { ...(memory.stopping ?? stopping), killed: true })
  killAll(living(memory, look), memory.held)
  return null
}

function signalGroup(memory: Memory, name: NodeJS.Signals): void {
  const { held, child } = memory
  if (held) {
    if (isAlive(readProcess(held.pid), held)) signal(-held.pid, name)
  } else if (child !== null) {
    signal(-child, name) // our own child, not yet reaped: the id is still its
  }
}

function living(memory: Memory, look: Look) {
  const { held, child, place } = memory
  if (!held && child !== null) signal(-child, 'SIGKILL')
  const isLeading = held !== null && isAlive(readProcess(held.pid), held)
  return members(place.dir, held, isLeading, look.table())
}

/** 'TERM' and 'SIGTERM' are both usual; anything else is not a signal, and SIGTERM is what every program understands. */
export function signalName(name: string): NodeJS.Signals {
  const full = name.toUpperCase().startsWith('SIG') ? name.toUpperCase() : `SIG${name.toUpperCase()}`
  return Object.hasOwn(constants.signals, full) ? (full as NodeJS.Signals) : 'SIGTERM'
}

function keep(memory: Memory, stopping: Stopping): void {
  memory.stopping = stopping
  try {
    writeStopping(memory.place.dir, stopping)
  } catch {
    // A full disk must not keep anything from being stopped; only a restart of the platform would forget it.
  }
}
