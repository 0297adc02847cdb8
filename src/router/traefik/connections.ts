/**
 * Requests in flight, as the kernel sees them: Traefik does not tell, but with idle connections closed after IDLE_S, its connections to
 * an address are those requests, WebSockets included. The tables: https://docs.kernel.org/networking/proc_net_tcp.html
 */
import { readdirSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isIP, isIPv4 } from 'node:net'
import { endianness } from 'node:os'
import type { Listen } from '../../domain.ts'

/** Established, or about to be. */
const OPEN = new Set(['01', '02'])
const REMEMBERED = 10_000

/** Inodes of the sockets in this table that are connected to an address. Pure. */
export function connectedTo(table: string, address: Listen, little = endianness() === 'LE'): string[] {
  const remote = hexOf(address, little)
  return table.split('\n').flatMap((line) => {
    if (!line.includes(remote)) return []
    const fields = line.trim().split(/\s+/)
    return fields[2] === remote && OPEN.has(fields[3] ?? '') ? [fields[9] ?? ''] : []
  })
}

/** As the kernel writes it: words of four bytes in the machine's order. */
function hexOf({ host, port }: Listen, little: boolean): string {
  const bytes = isIPv4(host) ? host.split('.').map(Number) : bytesOf6(host)
  let hex = ''
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.slice(at, at + 4)
    hex += (little ? word.reverse() : word).map((byte) => byte.toString(16).padStart(2, '0')).join('')
  }
  return `${hex}:${port.toString(16).padStart(4, '0')}`.toUpperCase()
}

function bytesOf6(host: string): number[] {
  // The URL parser writes an embedded IPv4 address as two groups.
  const [head = '', tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::')
  const groups = (part: string | undefined) => (part ? part.split(':').map((group) => Number.parseInt(group, 16)) : [])
  const [before, after] = [groups(head), groups(tail)]
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
  return all.flatMap((group) => [group >> 8, group & 0xff])
}

/**
 * Counts in the network of the process `pid`. `alone`: nothing but this process connects from there; else only its own sockets count,
 * for trimtab's probes go to the same addresses. Null: this machine does not tell.
 */
export class Connections {
  readonly #alone: boolean
  /** Socket → whether it is that process's. */
  readonly #known = new Map<string, boolean>()

  constructor(alone: boolean) {
    this.#alone = alone
  }

  async count(pid: number, address: Listen): Promise<number | null> {
    if (isIP(address.host) === 0) return null
    let open: string[]
    try {
      open = connectedTo(await readFile(`/proc/${pid}/net/${isIPv4(address.host) ? 'tcp' : 'tcp6'}`, 'latin1'), address)
    } catch {
      return null
    }
    return this.#alone ? open.length : this.#ours(pid, open).length
  }

  #ours(pid: number, open: string[]): string[] {
    if (open.some((inode) => !this.#known.has(inode))) {
      if (this.#known.size > REMEMBERED) this.#known.clear()
      const all = socketsOf(pid)
      // Where it may not be looked at (a binary with capabilities of its own), what could be its own is.
      for (const inode of open) this.#known.set(inode, all?.has(inode) ?? true)
    }
    return open.filter((inode) => this.#known.get(inode))
  }
}

function socketsOf(pid: number): Set<string> | null {
  const sockets = new Set<string>()
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      try {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]
        if (inode !== undefined) sockets.add(inode)
      } catch {
        // Closed since it was listed.
      }
    }
  } catch {
    return null
  }
  return sockets
}
