/**
 * Does a router serve exactly this? Compares what a router says of itself (GET /api/rawdata, in Traefik's shape) with a
 * route table. Pure; works on the answers of both routers.
 *
 * A route is known by its service (a redirect, which has none, by its middleware): its router Traefik may show under another name, once
 * for each entry point ("websecure-shop.web.0"), with the entry point's own middlewares in front.
 */
import type { RouteTable } from '../domain.ts'
import { balancerOf, middlewaresOf } from './options.ts'
import { priorityOf, routeName, ruleOf, serverUrl } from './traefik.ts'

interface RawRouter {
  rule?: string
  priority?: number
  service?: string
  middlewares?: string[]
  status?: string
}

interface RawBalancer {
  servers?: Array<{ url?: string }>
  sticky?: unknown
  serversTransport?: string
}

/** The part of Traefik's /api/rawdata that matters here; keys are `name@provider`. */
export interface RawData {
  routers?: Record<string, RawRouter>
  services?: Record<string, { loadBalancer?: RawBalancer }>
  middlewares?: Record<string, object>
}

/** What a router serves of one app: one string for each route, so that comparing is comparing sets of strings. */
interface Served {
  routes: Set<string>
  /** A route of it is there and does not work. */
  disabled: boolean
}

/** By app. */
export type Serving = Map<string, Served>

const provider = '@file'
const noService = 'noop@internal'

/** Reads a router's answer. What does not belong to a route of ours is nobody's. */
export function servingOf(data: RawData): Serving {
  const serving: Serving = new Map()
  for (const [key, router] of Object.entries(data.routers ?? {})) {
    const used = (router.middlewares ?? []).map(local)
    const service = local(router.service ?? '')
    const route = service === noService ? (used.at(-1) ?? '').replace(/\.redirect$/, '') : service
    const name = key.endsWith(provider) ? local(key) : ''
    const app = route.slice(0, Math.max(0, route.indexOf('.')))
    if (app === '' || !(name === route || name.endsWith(`-${route}`))) continue
    const served = serving.get(app) ?? { routes: new Set(), disabled: false }
    serving.set(app, served)
    // The third there is, "warning", serves.
    if (router.status === 'disabled') served.disabled = true
    else {
      const own = used.filter((name) => name === route || name.startsWith(`${route}.`))
      const middlewares = own.map((name) => data.middlewares?.[name + provider] ?? {})
      const { servers = [], ...balancer } = data.services?.[service + provider]?.loadBalancer ?? {}
      const urls = servers.map((server) => server.url ?? '')
      const { rule = '', priority = 0 } = router
      served.routes.add(fingerprint({ route, rule, priority, middlewares, balancer, urls }))
    }
  }
  return serving
}

/** Whether exactly this table (null: nothing) is served for the app. */
export function isServed(serving: Serving, app: string, table: RouteTable | null): boolean {
  const actual = serving.get(app) ?? { routes: new Set(), disabled: false }
  const wanted = new Set(
    (table?.routes ?? []).map((route, index) => {
      const name = routeName(app, route.process, index)
      const middlewares = middlewaresOf(name, app, route).map(({ is }) => is)
      const balancer = balancerOf(name, app, route)
      const urls = route.servers.map(serverUrl)
      return fingerprint({ route: name, rule: ruleOf(route), priority: priorityOf(route), middlewares, balancer, urls })
    }),
  )
  if (table && table.routes.length > 0 && actual.disabled) return false
  return actual.routes.size === wanted.size && [...wanted].every((route) => actual.routes.has(route))
}

interface Parts {
  route: string
  rule: string
  priority: number
  middlewares: object[]
  balancer: object
  urls: string[]
}

function fingerprint({ route, rule, priority, middlewares, balancer, urls }: Parts): string {
  const { sticky, serversTransport } = balancer as RawBalancer
  const spoken = serversTransport === undefined ? {} : { serversTransport: local(serversTransport) }
  const made = [...middlewares.map(said), said({ ...(sticky !== undefined && { sticky }) }), spoken]
  return JSON.stringify([route, rule, priority, made, [...new Set(urls)].sort()])
}

/** What we ever say of these; Traefik's answer holds its defaults as well, and where a thing is used. */
const SAID: Record<string, string[]> = {
  ipAllowList: ['sourceRange'],
  rateLimit: ['average', 'period', 'burst'],
  basicAuth: ['users', 'realm', 'removeHeader'],
  buffering: ['maxRequestBodyBytes'],
  stripPrefix: ['prefixes'],
  headers: ['customRequestHeaders', 'customResponseHeaders'],
  retry: ['attempts'],
  redirectRegex: ['regex', 'replacement', 'permanent'],
  sticky: ['cookie'],
  cookie: ['name', 'httpOnly', 'sameSite'],
}

function said(part: object): unknown {
  const kinds = Object.entries(part).filter(([kind]) => SAID[kind] !== undefined)
  return sorted(kinds.map(([kind, is]): [string, unknown] => [kind, sorted(fieldsOf(kind, is))]))
}

function fieldsOf(kind: string, is: unknown): Array<[string, unknown]> {
  const fields = Object.entries(is ?? {}).filter(([field]) => SAID[kind]?.includes(field))
  return fields.map(([field, value]) => {
    if (SAID[field]) return [field, sorted(fieldsOf(field, value))]
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
    return [field, isMap ? sorted(Object.entries(value)) : value]
  })
}

function sorted(entries: Array<[string, unknown]>): Array<[string, unknown]> {
  return entries.sort(([a], [b]) => (a < b ? -1 : 1))
}

function local(name: string): string {
  return name.endsWith(provider) ? name.slice(0, -provider.length) : name
}
