/** What the last look at a branch came to. Pure. */
import type { TrimtabError } from '../errors.ts'
import type { Head } from '../ports.ts'
import { HostFault } from './hostFault.ts'

export interface Outcome {
  head: Head | null
  error: TrimtabError | null
}

/** A host that does not answer says nothing of the branch: what was known of it before still is. */
export function failed(error: TrimtabError, before: Outcome | undefined): Outcome {
  return { head: error instanceof HostFault ? (before?.head ?? null) : null, error }
}

/** The same, as found out by others (null: the host is well again). What the repository itself had to say stays. */
export function doubted(error: TrimtabError | null, before: Outcome | undefined): Outcome | undefined {
  if (before?.error && !(before.error instanceof HostFault)) return before
  if (error) return failed(error, before)
  return before?.head ? { head: before.head, error: null } : undefined
}

/** null: nobody has looked. Throws what the look threw. */
export function headOf(outcome: Outcome | undefined): Head | null {
  if (outcome?.error && !outcome.head) throw outcome.error
  return outcome?.head ?? null
}
