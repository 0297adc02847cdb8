/** What may stand in a route file. Validation has let through nothing else; this is asked once more, right before it is written. */
import type { Route, RouteOptions, RouteTable } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { headerNameProblem, isHeaderValue, isUser, networkProblem, parseRedirect } from '../manifest/http.ts'

const appName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/
const processName = /^[A-Za-z0-9_-]{1,100}$/
const hostName = /^(?=.{1,253}$)(?:\*\.)?[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/
/** RFC 3986 path characters: neither a quote, a backtick nor a brace is among them. */
const routePath = /^\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2}){0,1000}$/
const serverHost = /^[A-Za-z0-9._:-]{1,253}$/

export function isAppName(name: string): boolean {
  return appName.test(name)
}

/** Throws Internal for a name, host, path, server or option that no route file may hold. */
export function checkTable({ app, routes }: RouteTable): void {
  if (!isAppName(app)) throw refused('app name', app)
  for (const route of routes) checkRoute(route)
}

/** Traefik runs its files as Go templates (https://doc.traefik.io/traefik/providers/file/#go-templating); and no reader sees other lines than we wrote. */
export function checkText(text: string): void {
  if (text.includes('{{')) throw refused('text', '{{')
  if (!/^[\n -~]*$/.test(text)) throw refused('text', 'other than printable ASCII')
}

function checkRoute(route: RouteTable['routes'][number]): void {
  const { host, path, process, options = {}, servers } = route
  if (!(options.redirect === undefined ? processName.test(process) : process === '')) throw refused('process name', process)
  if (!hostName.test(host)) throw refused('host', host)
  if (!routePath.test(path)) throw refused('path', path)
  for (const server of servers) {
    if (!serverHost.test(server.host) || !isWhole(server.port, 1, 65_535))
      throw refused('server', `${server.host}:${server.port}`)
  }
  if (options.redirect !== undefined && (servers.length > 0 || hasOthers(options))) throw refused('redirect with more', host)
  for (const [name, value] of Object.entries(options)) {
    const known = Object.hasOwn(OPTIONS, name) ? (OPTIONS[name as keyof RouteOptions] as (value: unknown) => boolean) : null
    // Never the value: it may be a secret.
    if (!known?.(value)) throw refused('option', name)
  }
}

function hasOthers({ redirect: _, ...others }: NonNullable<Route['options']>): boolean {
  return Object.keys(others).length > 0
}

type Tests = { [Key in keyof Required<RouteOptions>]: (value: Required<RouteOptions>[Key]) => boolean }

const OPTIONS: Tests = {
  redirect: (address) => parseRedirect(address)?.address === address,
  basicAuth: (users) => users.length > 0 && users.every(isUser),
  allow: (networks) => networks.length > 0 && networks.every((network) => networkProblem(network) === null),
  headers: ({ request = {}, response = {} }) =>
    [...Object.entries(request), ...Object.entries(response)].every(
      ([name, value]) => headerNameProblem(name) === null && isHeaderValue(value),
    ),
  rateLimit: ({ average, periodMs, burst }) =>
    isWhole(average, 1, 1e9) && isWhole(periodMs, 1, 86_400_000) && isWhole(burst, 1, 1e9),
  maxBodyBytes: (bytes) => isWhole(bytes, 1, 2 ** 50),
  timeoutMs: (ms) => isWhole(ms, 1, 86_400_000),
  sticky: (sticky) => sticky === true,
}

function isWhole(value: number, from: number, to: number): boolean {
  return Number.isInteger(value) && value >= from && value <= to
}

function refused(what: string, value: string): TrimtabError {
  return new TrimtabError('Internal', `A route file cannot hold the ${what} ${JSON.stringify(value.slice(0, 200))}.`)
}
