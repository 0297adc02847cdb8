/** The trouble of a git host, told from that of one repository: whoever else is on that host is no better off. */
import { TrimtabError } from '../errors.ts'
import type { Address } from './address.ts'

/** How long a host may ask to be left alone, at the most. */
const LONGEST_WAIT_MS = 3_600_000

export interface Blame {
  /** False: it may be this repository alone (no answer in time, a server error). */
  isSure: boolean
  /** How long the host asks to be left alone, in milliseconds. Absent: it does not say. */
  waitMs?: number | null
  cause?: unknown
}

export class HostFault extends TrimtabError {
  /** What is wrong, in words that fit every repository on the host. */
  readonly reason: string
  readonly isSure: boolean
  readonly waitMs: number | null

  constructor(remote: Pick<Address, 'url'>, reason: string, { isSure, waitMs = null, cause }: Blame) {
    super('SourceUnreachable', `${remote.url} cannot be read: ${reason}`, { retry: true, cause })
    this.reason = reason
    this.isSure = isSure
    this.waitMs = waitMs
  }

  /** The same, as it is told of another repository on that host. */
  of(remote: Pick<Address, 'url'>): HostFault {
    return new HostFault(remote, this.reason, this)
  }
}

/** Names the host of an address, with its port where it has one of its own; null for a path. */
export function hostOf({ kind, url }: Pick<Address, 'kind' | 'url'>): string | null {
  if (kind === 'local') return null
  if (URL.canParse(url) && url.includes('://')) return new URL(url).host
  // As ssh has it: user@host:path.
  return /^(?:[^@/]*@)?(\[[^\]]*\]|[^:/]*):/.exec(url)?.[1] ?? url
}

/** The header `Retry-After` (RFC 9110, 10.2.3), seconds or a date, as milliseconds from `now`: an hour at the most. null: none, or none that makes sense. */
export function retryAfter(header: string | undefined, now: number): number | null {
  const text = header?.trim() ?? ''
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), LONGEST_WAIT_MS)
}
