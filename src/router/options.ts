/** What a route does besides leading to its servers, in the words of Traefik's dynamic configuration. Pure. */
import type { Route, RouteTable } from '../domain.ts'

/** A part of the configuration by its name. */
export interface Named {
  name: string
  is: Record<string, unknown>
}

/** As many connections as Traefik keeps to a server by default; a transport of a route's own would keep 2. */
export const IDLE_CONNECTIONS = 200
/**
 * A connection to an instance that nothing is asked on is closed so soon: those that are left are the requests in flight. Shorter also
 * than what common servers allow themselves (gunicorn 2 s, Node 5 s), so that none closes one in the moment in which it is used again.
 */
export const IDLE_S = 1

/**
 * How long a connection may take until it stands. An address whose container has just gone swallows what is sent to it; a server whose
 * queue is full gets a second packet after 1 s (tcp(7), tcp_syn_retries).
 */
export const DIAL = '1.5s'

/**
 * So often a request is given to a server until one takes the connection: among several Traefik goes round, so that with one of two gone
 * one request in 256 meets only that one; one alone may have a queue that is full. What has been sent is never sent again
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/retry/).
 */
const ATTEMPTS = { amongSeveral: 8, alone: 3 }

/**
 * The middlewares of the route called `name`, in the order in which a request meets them. Whoever may not ask costs least; nothing that
 * the app's author sets (headers) comes before what decides who may ask.
 */
export function middlewaresOf(
  name: string,
  app: string,
  { path, stripPrefix, options = {}, servers }: RouteTable['routes'][number],
): Named[] {
  const { allow, rateLimit, basicAuth, maxBodyBytes, headers, redirect } = options
  const used: Named[] = []
  const use = (what: string, is: Record<string, unknown>) => used.push({ name: `${name}.${what}`, is })
  if (allow) use('allow', { ipAllowList: { sourceRange: allow } })
  if (rateLimit) {
    const { average, periodMs, burst } = rateLimit
    use('rateLimit', { rateLimit: { average, period: goDuration(periodMs), burst } })
  }
  if (basicAuth) use('basicAuth', { basicAuth: { users: basicAuth, realm: app, removeHeader: true } })
  if (maxBodyBytes !== undefined) use('maxBody', { buffering: { maxRequestBodyBytes: maxBodyBytes } })
  if (stripPrefix) use('stripPrefix', { stripPrefix: { prefixes: [path] } })
  if (headers) {
    const { request, response } = headers
    const set = { ...(request && { customRequestHeaders: request }), ...(response && { customResponseHeaders: response }) }
    use('headers', { headers: set })
  }
  // The whole address is what Traefik matches: scheme, host and port as they came, then path and query.
  if (redirect !== undefined) {
    use('redirect', { redirectRegex: { regex: '^https?://[^/]+(/.*)$', replacement: `${redirect}$1`, permanent: true } })
  } else use('retry', { retry: { attempts: servers.length > 1 ? ATTEMPTS.amongSeveral : ATTEMPTS.alone } })
  return used
}

/** What the load balancer of the route's service is told besides its servers. */
export function balancerOf(name: string, app: string, route: Route): Record<string, unknown> {
  const transport = transportOf(name, route)
  const cookie = { name: `trimtab_${app}_${route.process}`, httpOnly: true, sameSite: 'lax' }
  return { ...(route.options?.sticky && { sticky: { cookie } }), ...(transport && { serversTransport: transport.name }) }
}

/** How its servers are spoken to, where that is not the default. Traefik's API tells a transport's name only, so the name says it all. */
export function transportOf(name: string, { options = {} }: Route): Named | null {
  const { timeoutMs } = options
  if (timeoutMs === undefined) return null
  const forwardingTimeouts = {
    responseHeaderTimeout: goDuration(timeoutMs),
    idleConnTimeout: goDuration(IDLE_S * 1000),
    dialTimeout: DIAL,
  }
  return { name: `${name}.timeout-${timeoutMs}`, is: { maxIdleConnsPerHost: IDLE_CONNECTIONS, forwardingTimeouts } }
}

/** As Go prints a duration, and Traefik's API with it: 1m0s, 1.5s, 500ms. */
export function goDuration(ms: number): string {
  if (ms < 1000) return ms === 0 ? '0s' : `${ms}ms`
  const hours = Math.floor(ms / 3_600_000)
  const minutes = Math.floor(ms / 60_000) % 60
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${(ms % 60_000) / 1000}s`
}
