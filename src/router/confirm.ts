/**
 * Does a router serve exactly this? Compares what a router says of itself (GET /api/rawdata, in Traefik's shape) with a
 * route table. Pure; works on the answers of both routers.
 */
import type { RouteTable } from '../domain.ts'
import { priorityOf, routeName, ruleOf, serverUrl } from './traefik.ts'

/** The part of Traefik's /api/rawdata that matters here; keys are `name@provider`. */
export interface RawData {
  routers?: Record<string, { rule?: string; priority?: number; service?: string; middlewares?: string[]; status?: string }>
  services?: Record<string, { loadBalancer?: { servers?: Array<{ url?: string }> } }>
  middlewares?: Record<string, { stripPrefix?: { prefixes?: string[] } }>
}

/** What a router serves, by app: one string for each route, so that comparing is comparing sets of strings. */
export type Serving = Map<string, Set<string>>

const provider = '@file'

/** Reads a router's answer. Routers that are not enabled do not serve. Names without an app in front are nobody's. */
export function servingOf(data: RawData): Serving {
  const serving: Serving = new Map()
  for (const [key, router] of Object.entries(data.routers ?? {})) {
    const name = key.endsWith(provider) ? key.slice(0, -provider.length) : ''
    const dot = name.indexOf('.')
    if (dot < 1 || (router.status !== undefined && router.status !== 'enabled')) continue
    const local = (reference: string) => (reference.includes('@') ? reference : reference + provider)
    const urls = (data.services?.[local(router.service ?? '')]?.loadBalancer?.servers ?? []).map((server) => server.url ?? '')
    const prefixes = (router.middlewares ?? []).flatMap((used) => data.middlewares?.[local(used)]?.stripPrefix?.prefixes ?? ['?'])
    const app = name.slice(0, dot)
    const routes = serving.get(app) ?? new Set()
    serving.set(app, routes.add(fingerprint(name, router.rule ?? '', router.priority ?? 0, prefixes, urls)))
  }
  return serving
}

/** Whether exactly this table (null: nothing) is served for the app. */
export function isServed(serving: Serving, app: string, table: RouteTable | null): boolean {
  const actual = serving.get(app) ?? new Set()
  const wanted = new Set(
    (table?.routes ?? []).map((route, index) =>
      fingerprint(
        routeName(app, route.process, index),
        ruleOf(route),
        priorityOf(route),
        route.stripPrefix ? [route.path] : [],
        route.servers.map(serverUrl),
      ),
    ),
  )
  return actual.size === wanted.size && [...wanted].every((route) => actual.has(route))
}

function fingerprint(name: string, rule: string, priority: number, prefixes: string[], urls: string[]): string {
  return JSON.stringify([name, rule, priority, prefixes, [...new Set(urls)].sort()])
}
