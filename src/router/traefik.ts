/**
 * An app's routing ⇄ its Traefik dynamic file. Pure. Both routers read the same text.
 *
 * Every name in the file begins with "<app>.", and no app's name holds a dot, so no two apps' files can meet in one name.
 * The table itself stands in a comment: what a file says is read from there, and believed if the file is what comes of it.
 */
import type { Listen, Route, RouteTable } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { checkTable, checkText, isAppName } from './allowed.ts'
import { balancerOf, middlewaresOf, transportOf } from './options.ts'

const marker = (app: string) => `# trimtab: routes of "${app}". Written by trimtab; changes made here are overwritten.`
const TABLE = '# '

/** Traefik takes the larger number first. Well above what a rule's length gives a router from somebody else's file. */
const basePriority = 10_000
/** Below every whole name, whatever its path; above somebody else's all the same. */
const wildcardPriority = 5_000

/** What one route is called: router and service bear this name, everything else of the route begins with it and a dot. */
export function routeName(app: string, process: string, index: number): string {
  return `${app}.${process || 'redirect'}.${index}`
}

/** The rule of a route. Whole segments: Traefik's PathPrefix(`/shop`) alone would take /shopping as well. */
export function ruleOf({ host, path }: Pick<Route, 'host' | 'path'>): string {
  const hosts = host.startsWith('*.') ? `HostRegexp(\`${labelBefore(host.slice(2))}\`)` : `Host(\`${host}\`)`
  return path === '/' ? hosts : `${hosts} && (Path(\`${path}\`) || PathPrefix(\`${path}/\`))`
}

/** As Traefik's Host() compares: in lower case, without port, a dot at the end or none. */
function labelBefore(name: string): string {
  return `^[a-z0-9_-]+\\.${name.replaceAll('.', '\\.')}\\.?$`
}

/** A whole name wins over a wildcard, then the longer path. Two different prefixes of the same length never match the same request. */
export function priorityOf({ host, path }: Pick<Route, 'host' | 'path'>): number {
  return (host.startsWith('*.') ? wildcardPriority : basePriority) + Buffer.byteLength(path)
}

/** Where a server listens, as an address. */
export function serverUrl(server: Listen): string {
  return `http://${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`
}

/** The app's name, if this is a route file's name; else null (a temporary name, somebody else's file). */
export function appOfFile(file: string): string | null {
  const app = file.endsWith('.yml') ? file.slice(0, -4) : ''
  return isAppName(app) ? app : null
}

/** Whether this text bears our mark for this app. */
export function isOurs(app: string, text: string): boolean {
  return text.startsWith(`${marker(app)}\n`)
}

/** The file's text. Throws Internal for whatever validation should not have let through. */
export function renderRoutes(table: RouteTable): string {
  checkTable(table)
  const routers: string[] = []
  const middlewares: string[] = []
  const services: string[] = []
  const transports: string[] = []
  table.routes.forEach((route, index) => {
    const name = routeName(table.app, route.process, index)
    const used = middlewaresOf(name, table.app, route)
    routers.push(`    ${quote(name)}:`, `      rule: ${quote(ruleOf(route))}`, `      priority: ${priorityOf(route)}`)
    if (used.length > 0) routers.push('      middlewares:', ...used.map((one) => `        - ${quote(one.name)}`))
    middlewares.push(...used.map((one) => `    ${quote(one.name)}: ${JSON.stringify(one.is)}`))
    routers.push(`      service: ${route.options?.redirect === undefined ? quote(name) : 'noop@internal'}`)
    if (route.options?.redirect !== undefined) return
    // passHostHeader is the default; it is there because Traefik refuses a file with an empty loadBalancer.
    services.push(`    ${quote(name)}:`, '      loadBalancer:', '        passHostHeader: true')
    for (const [key, value] of Object.entries(balancerOf(name, table.app, route))) {
      services.push(`        ${key}: ${JSON.stringify(value)}`)
    }
    if (route.servers.length > 0)
      services.push('        servers:', ...route.servers.map((server) => `          - url: ${quote(serverUrl(server))}`))
    const transport = transportOf(name, route)
    if (transport) transports.push(`    ${quote(transport.name)}: ${JSON.stringify(transport.is)}`)
  })
  // Traefik refuses an empty section ("routers cannot be a standalone element"), and takes a file of comments only for "nothing".
  const section = (name: string, lines: string[]) => (lines.length > 0 ? [`  ${name}:`, ...lines] : [])
  const lines = [marker(table.app), TABLE + tableLine(table)]
  if (table.routes.length > 0) {
    lines.push('http:', ...section('routers', routers), ...section('middlewares', middlewares))
    lines.push(...section('services', services), ...section('serversTransports', transports))
  }
  const text = `${lines.join('\n')}\n`
  checkText(text)
  return text
}

/** What a file that we wrote says; null where it was changed since, or cut short. Throws RouterUnavailable for one that is not ours. */
export function parseRoutes(app: string, text: string): RouteTable | null {
  if (!isOurs(app, text)) {
    throw new TrimtabError(
      'RouterUnavailable',
      `The route file of "${app}" was not written by trimtab. Move it away, and trimtab writes its own.`,
    )
  }
  const [, line = ''] = text.split('\n', 2)
  try {
    const table: RouteTable = { app, routes: JSON.parse(line.slice(TABLE.length)) }
    return renderRoutes(table) === text ? table : null
  } catch {
    return null
  }
}

/** Only what a route is made of, and always in the same order. */
function tableLine(table: RouteTable): string {
  return JSON.stringify(
    table.routes.map(({ host, path, stripPrefix, process, options, servers }) => ({
      host,
      path,
      stripPrefix,
      process,
      ...(options && { options }),
      servers: servers.map(({ host, port }) => ({ host, port })),
    })),
  )
}

/** JSON's strings are YAML's double-quoted strings for all that passes the checks. */
function quote(text: string): string {
  return JSON.stringify(text)
}
