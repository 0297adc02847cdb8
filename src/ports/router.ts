/** What brings requests to them. */
import type { Listen, RouteTable } from '../domain.ts'

export interface Router {
  /** Makes sure that the router runs (starts it where it is ours to start). Idempotent. Throws RouterUnavailable. True: it had to be started. */
  ensure(): Promise<boolean>
  /** What the app's route file says now; null if there is none. Throws if it cannot be read or was not written by us. */
  read(app: string): Promise<RouteTable | null>
  /** Apps that have a route file. */
  apps(): Promise<string[]>
  /** Writes the app's route file: a temporary name in the same directory, then renamed. Idempotent. */
  write(table: RouteTable): Promise<void>
  /** Removes the app's route file. Idempotent. */
  remove(app: string): Promise<void>
  /** Whether the router serves exactly this table (null: nothing of this app) now. Throws RouterUnavailable where it does not answer. */
  serves(app: string, table: RouteTable | null): Promise<boolean>
  /** Requests and upgraded connections in flight to this address; null where this router cannot tell. */
  inFlight(address: Listen): Promise<number | null>
  /** Why the router does not take the app's route file, in its own words; null where it has no complaint. */
  complaint(app: string): Promise<string | null>
  /** Where a browser finds this route. */
  url(route: { host: string; path: string }): string
  /** Stops the router, if it is ours to stop. */
  stop(): Promise<void>
  close(): Promise<void>
}
