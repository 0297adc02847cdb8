/**
 * An app's routing ⇄ its Traefik dynamic file. Pure. Both routers read the same text.
 *
 * Every name in the file begins with "<app>.", and no app's name holds a dot, so no two apps' files can meet in one name.
 */
import type { Listen, Route, RouteTable } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { parseModel, serversOf } from './model.ts'

const marker = (app: string) => `# trimtab: routes of "${app}". Written by trimtab; changes made here are overwritten.`

const appName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/
const processName = /^[A-Za-z0-9_-]{1,100}$/
const hostName = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/
/** RFC 3986 path characters: neither a quote, a backtick nor a brace is among them. */
const routePath = /^\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2}){0,1000}$/
const serverHost = /^[A-Za-z0-9._:-]{1,253}$/

/** Traefik takes the larger number first. Well above what a rule's length gives a router from somebody else's file. */
const basePriority = 10_000

/** What one route is called: router, service and (where there is one) middleware bear the same name. */
export function routeName(app: string, process: string, index: number): string {
  return `${app}.${process}.${index}`
}

/** The rule of a route. Whole segments: Traefik's PathPrefix(`/shop`) alone would take /shopping as well. */
export function ruleOf({ host, path }: Pick<Route, 'host' | 'path'>): string {
  return path === '/' ? `Host(\`${host}\`)` : `Host(\`${host}\`) && (Path(\`${path}\`) || PathPrefix(\`${path}/\`))`
}

/** The longer path wins. Two different prefixes of the same length never match the same request. */
export function priorityOf(route: Pick<Route, 'path'>): number {
  return basePriority + Buffer.byteLength(route.path)
}

/** Where a server listens, as an address. */
export function serverUrl(server: Listen): string {
  return `http://${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`
}

/** The app's name, if this is a route file's name; else null (a temporary name, somebody else's file). */
export function appOfFile(file: string): string | null {
  const app = file.endsWith('.yml') ? file.slice(0, -4) : ''
  return appName.test(app) ? app : null
}

/** Whether this text bears our mark for this app. */
export function isOurs(app: string, text: string): boolean {
  return text.startsWith(`${marker(app)}\n`)
}

/** The file's text. Throws Internal for a name, host, path or server that validation should not have let through. */
export function renderRoutes(table: RouteTable): string {
  if (!appName.test(table.app)) throw refused('app name', table.app)
  const routers: string[] = []
  const middlewares: string[] = []
  const services: string[] = []
  table.routes.forEach((route, index) => {
    check(route)
    const name = quote(routeName(table.app, route.process, index))
    routers.push(`    ${name}:`, `      rule: ${quote(ruleOf(route))}`, `      priority: ${priorityOf(route)}`)
    if (route.stripPrefix) {
      routers.push('      middlewares:', `        - ${name}`)
      middlewares.push(`    ${name}:`, '      stripPrefix:', '        prefixes:', `          - ${quote(route.path)}`)
    }
    routers.push(`      service: ${name}`)
    // passHostHeader is the default; it is there because Traefik refuses a file with an empty loadBalancer.
    services.push(`    ${name}:`, '      loadBalancer:', '        passHostHeader: true')
    if (route.servers.length > 0)
      services.push('        servers:', ...route.servers.map((server) => `          - url: ${quote(serverUrl(server))}`))
  })
  // Traefik refuses an empty section ("routers cannot be a standalone element"), and takes a file of comments only for "nothing".
  const section = (name: string, lines: string[]) => (lines.length > 0 ? [`  ${name}:`, ...lines] : [])
  const lines = [marker(table.app)]
  if (table.routes.length > 0) {
    lines.push('http:', ...section('routers', routers), ...section('middlewares', middlewares), ...section('services', services))
  }
  const text = `${lines.join('\n')}\n`
  if (text.includes('{{')) throw refused('text', text)
  return text
}

/** What a file that we wrote says. Throws Internal (it is not ours) or ConfigInvalid (it was damaged). */
export function parseRoutes(app: string, text: string): RouteTable {
  if (!isOurs(app, text)) {
    throw new TrimtabError(
      'RouterUnavailable',
      `The route file of "${app}" was not written by trimtab. Move it away, and trimtab writes its own.`,
    )
  }
  const model = parseModel(text)
  const names = new Set(model.routers.map((router) => router.name))
  const strays = [...model.services.keys(), ...model.middlewares.keys()].filter((name) => !names.has(name))
  if (strays[0] !== undefined) throw damaged(app, `"${strays[0]}" belongs to no route`)
  const routes = model.routers.map((router, index) => {
    const process = router.name.slice(app.length + 1, -(String(index).length + 1))
    const { match } = router
    const host = match.kind === 'and' ? match.left : match
    const below = match.kind === 'and' ? match.right : null
    const path = below?.kind === 'or' && below.left.kind === 'path' ? below.left.path : '/'
    if (host.kind !== 'host' || (below && path === '/')) throw damaged(app, `the rule ${router.rule} is not one of ours`)
    const stripped = router.middlewares.flatMap((name) => model.middlewares.get(name) ?? [])
    const servers = serversOf(model, router.service).map(({ host, port }) => ({ host, port }))
    const route = { host: host.host, path, stripPrefix: stripped.length > 0, process, servers }
    const asWritten =
      router.name === routeName(app, process, index) && router.rule === ruleOf(route) && router.service === router.name
    if (!asWritten || (stripped.length > 0 && (stripped.length > 1 || stripped[0] !== route.path))) {
      throw damaged(app, `router "${router.name}" is not as trimtab writes it`)
    }
    return route
  })
  return { app, routes }
}

function check(route: RouteTable['routes'][number]): void {
  if (!processName.test(route.process)) throw refused('process name', route.process)
  if (!hostName.test(route.host)) throw refused('host', route.host)
  if (!routePath.test(route.path)) throw refused('path', route.path)
  for (const server of route.servers) {
    const port = server.port
    if (!serverHost.test(server.host) || !Number.isInteger(port) || port < 1 || port > 65535)
      throw refused('server', `${server.host}:${port}`)
  }
}

/** JSON's strings are YAML's double-quoted strings for all that passes the checks above. */
function quote(text: string): string {
  return JSON.stringify(text)
}

function refused(what: string, value: string): TrimtabError {
  return new TrimtabError('Internal', `A route file cannot hold the ${what} ${JSON.stringify(value.slice(0, 200))}.`)
}

function damaged(app: string, reason: string): TrimtabError {
  return new TrimtabError(
    'ConfigInvalid',
    `The route file of "${app}" was changed by hand: ${reason}. Delete it, and trimtab writes it again.`,
  )
}
