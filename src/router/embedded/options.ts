/** What the router's process is told, as one JSON argument: it is started by trimtab only. */
import type { Listen } from '../../domain.ts'
import { defaultLimits, type Limits } from './proxy.ts'

export interface RouterOptions {
  /** Directory of the route files. */
  routes: string
  listen: Listen
  /** Path of the API's unix socket. */
  socket: string
  /** Where to write who this is, once it serves. */
  record?: string
  log: string
  version: string
  /** Open file descriptor to tell the starter on, once. */
  notify?: number
  limits?: Partial<Limits>
}

/** Told on `notify`: it serves, or why not. */
export type Started = { ok: true } | { ok: false; code: string; message: string }

export function limitsOf(options: RouterOptions): Limits {
  return { ...defaultLimits, ...options.limits }
}

/** Reads the argument. Throws an Error for anything that is not whole. */
export function readOptions(argument: string | undefined): RouterOptions {
  const usage = 'This is the router\'s own process; "trimtab up" starts it.'
  if (argument === undefined) throw new Error(usage)
  const options: Partial<RouterOptions> = JSON.parse(argument)
  const { routes, listen, socket, log, version = '0.0.0' } = options
  if (!routes || !listen?.host || !listen.port || !socket || !log) throw new Error(usage)
  return { ...options, routes, listen, socket, log, version }
}
