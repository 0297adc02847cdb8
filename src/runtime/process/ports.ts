/** Which port an instance listens on: from the range, an address used again as late as possible, never one that is in use. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Listen } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import { errno } from './places.ts'

export interface Ports {
  /** The next free one, held for `owner` from now on. Throws NoPort. */
  take(owner: string, avoid: Listen[]): Promise<number>
  hold(owner: string, port: number): void
  free(owner: string): void
}

/** `memory`: a file that keeps the place in the rotation over a restart; losing it is harmless. */
export function createPorts(range: { from: number; to: number }, memory: string): Ports {
  const held = new Map<string, number>()
  const size = range.to - range.from + 1
  let last = readLast(memory)
  let queue: Promise<unknown> = Promise.resolve()

  /** One after the other: a port that is being tried is nobody else's. */
  async function next(owner: string, avoid: Listen[]): Promise<number> {
    const mine = new Set(held.values())
    const routed = new Set(avoid.map((address) => address.port))
    const begin = last >= range.from && last < range.to ? last + 1 : range.from
    for (let step = 0; step < size; step++) {
      const port = range.from + ((begin - range.from + step) % size)
      if (mine.has(port) || routed.has(port) || !(await isFree(port))) continue
      held.set(owner, port)
      last = port
      remember(memory, port)
      return port
    }
    throw nonePort(range, [...mine].filter((port) => port >= range.from && port <= range.to).length, routed.size)
  }

  return {
    take(owner, avoid) {
      const taken = queue.then(() => next(owner, avoid))
      queue = taken.catch(() => {})
      return taken
    },
    hold: (owner, port) => void held.set(owner, port),
    free: (owner) => void held.delete(owner),
  }
}

/**
 * Whether an app could listen there, on whichever address it chooses. Each is tried: with SO_REUSEADDR, which Node sets,
 * some systems let a wildcard and a specific address share a port, and then two apps would answer in turns.
 */
export async function isFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '0.0.0.0', '::']) {
    if (!(await canListen(host, port))) return false
  }
  return true
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error) => resolve(errno(error) === 'EAFNOSUPPORT' || errno(error) === 'EADDRNOTAVAIL'))
    server.listen({ host, port, ipv6Only: true, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

function nonePort({ from, to }: { from: number; to: number }, mine: number, routed: number): TrimtabError {
  const size = to - from + 1
  const message =
    `No free port in ${from}-${to}: of ${size}, ${mine} are held by instances, ` +
    `${routed} are still named by routes, the others are in use by other programs. ` +
    'Widen `runtime.ports` in platform.yaml, or scale something down.'
  return new TrimtabError('NoPort', message, { retry: true })
}

function readLast(memory: string): number {
  try {
    return Number(readFileSync(memory, 'utf8')) || 0
  } catch {
    return 0
  }
}

function remember(memory: string, port: number): void {
  try {
    writeFileSync(memory, String(port))
  } catch {
    // Only the rotation would begin anew.
  }
}
