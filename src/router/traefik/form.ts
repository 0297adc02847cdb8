/** What the three ways of having a Traefik (a process, a container, somebody else's) have in common. */
import type { Listen } from '../../domain.ts'

export interface Form {
  /** The folder that its file provider watches. */
  routes: string
  /** As in the port `Router`. */
  ensure(): Promise<boolean>
  /** As in the port `Router`. */
  stop(): Promise<void>
  /** Address of its API, up to where "rawdata" comes. Throws RouterUnavailable where it is not known. */
  api(): string
  /** Connections of its own to this address; null where that cannot be told. */
  connections(address: Listen): Promise<number | null>
  /** Path of its log, where that can be read; null where not. */
  log: string | null
  /** What is not as the operator wants it, though Traefik runs; null: nothing. */
  problem(): string | null
}

/** Waits, in small steps, until it is so; false if the time is over first. */
export async function holds(limitMs: number, condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = performance.now() + limitMs
  while (!(await condition())) {
    if (performance.now() >= end) return false
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return true
}
