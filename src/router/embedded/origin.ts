/** The servers that the routes name: for each its kept connections, and how much is in flight. */
import { performance } from 'node:perf_hooks'
import type { Listen } from '../../domain.ts'
import { Connection } from './connection.ts'

/** A server that promised nothing: below the shortest idle timeouts in use (gunicorn and others: 2 s). */
const idleMs = 1_500
/** A promise is kept by the server's clock, not ours: stay clear of its end. */
const idleMargin = 1_000
const longestIdleMs = 60_000
const mostIdle = 256

export class Origin {
  readonly address: string
  /** Requests and upgraded connections in flight. */
  active = 0
  /** No route names it any more: what is in flight may finish, nothing is kept. */
  retired = false
  readonly #server: Listen
  readonly #connectMs: number
  readonly #idle: Connection[] = []

  constructor(address: string, server: Listen, connectMs: number) {
    this.address = address
    this.#server = server
    this.#connectMs = connectMs
  }

  get idle(): number {
    return this.#idle.length
  }

  /** A new connection. `switching`: it may leave HTTP. */
  connect(switching: boolean): Connection {
    return new Connection(this.#server, this.#connectMs, switching, this.#done)
  }

  /** The connection that was kept last, if it was put away less than `maxIdleMs` ago. */
  take(maxIdleMs: number): Connection | null {
    const connection = this.#idle.at(-1)
    if (!connection) return null
    const now = performance.now()
    if (now > connection.idleUntil) {
      // All that lie below were put away earlier.
      this.close()
      return null
    }
    if (now - connection.idleSince > maxIdleMs) return null
    this.#idle.pop()
    return connection
  }

  /** Closes every kept connection. */
  close(): void {
    for (const connection of this.#idle.splice(0)) connection.destroy()
  }

  /** Closes those whose time is up. */
  expire(now: number): void {
    const kept = this.#idle.findIndex((connection) => now <= connection.idleUntil)
    for (const connection of this.#idle.splice(0, kept < 0 ? this.#idle.length : kept)) connection.destroy()
  }

  readonly #done = (connection: Connection, reusable: boolean): void => {
    if (!reusable) {
      const at = this.#idle.indexOf(connection)
      if (at >= 0) this.#idle.splice(at, 1)
      return
    }
    if (this.retired || this.#idle.length >= mostIdle) return connection.destroy()
    const promised = connection.promisedIdleMs
    const allowed = promised === null ? idleMs : Math.min(Math.max(promised - idleMargin, promised / 2), longestIdleMs)
    connection.idleSince = performance.now()
    connection.idleUntil = connection.idleSince + allowed
    this.#idle.push(connection)
  }
}

/** All origins by address; one that left stays until nothing is in flight to it. */
export class Origins {
  readonly #byAddress = new Map<string, Origin>()
  readonly #connectMs: number

  /** `connectMs`: how long making a connection may take. */
  constructor(connectMs: number) {
    this.#connectMs = connectMs
  }

  /** The origin of a server, new or known; it is in the routes from now on. */
  use(server: Listen): Origin {
    const address = addressOf(server)
    const known = this.#byAddress.get(address)
    if (known) {
      known.retired = false
      return known
    }
    const origin = new Origin(address, { host: server.host, port: server.port }, this.#connectMs)
    this.#byAddress.set(address, origin)
    return origin
  }

  /** All others have left the routes. */
  retain(used: Set<Origin>): void {
    for (const origin of this.#byAddress.values()) {
      if (used.has(origin)) continue
      origin.retired = true
      origin.close()
      if (origin.active === 0) this.#byAddress.delete(origin.address)
    }
  }

  expire(): void {
    const now = performance.now()
    for (const origin of this.#byAddress.values()) {
      origin.expire(now)
      if (origin.retired && origin.active === 0) this.#byAddress.delete(origin.address)
    }
  }

  /** How much is in flight, by address; addresses with nothing are left out. */
  inFlight(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const origin of this.#byAddress.values()) if (origin.active > 0) counts[origin.address] = origin.active
    return counts
  }
}

/** `127.0.0.1:20001`, `[::1]:20001`. */
export function addressOf(server: Listen): string {
  return `${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`
}
