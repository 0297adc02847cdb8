/** Signals, as people write them and as exit codes tell them. */
import { constants } from 'node:os'

/** 'TERM' and 'SIGTERM' are both usual; anything else is not a signal, and SIGTERM is what every program understands. */
export function signalName(name: string): NodeJS.Signals {
  const full = name.toUpperCase().startsWith('SIG') ? name.toUpperCase() : `SIG${name.toUpperCase()}`
  return Object.hasOwn(constants.signals, full) ? (full as NodeJS.Signals) : 'SIGTERM'
}

/** A shell's way to say it: 128 + n for signal n (POSIX, Shell Command Language, 2.8.2). */
export function signalOf(code: number): string | null {
  const found = Object.entries(constants.signals).find(([, number]) => number === code - 128)
  return found ? found[0] : null
}
