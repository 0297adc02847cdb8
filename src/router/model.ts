/**
 * Traefik's dynamic configuration, as far as the embedded router serves it: text → routers, each with its servers. Pure.
 *
 * Known: routers (rule, service, priority, middlewares; entryPoints is accepted, there is but one), the middlewares
 * stripPrefix and retry (every request is given to all servers until one takes it, so that any number will do), loadBalancer services with weighted servers, weighted services. Anything else makes the whole file invalid:
 * half of a configuration may be more open than all of it.
 */
import { type Document, parseDocument } from 'yaml'
import type { Listen } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { hostsOf, parseRule, type Rule } from './rule.ts'

export interface Server extends Listen {
  /** As in the file. */
  url: string
  weight: number
}

export type Service =
  | { kind: 'servers'; servers: Server[] }
  | { kind: 'weighted'; services: Array<{ name: string; weight: number }> }

export type Middleware = { kind: 'stripPrefix'; prefixes: string[] } | { kind: 'retry'; attempts: number }

export interface ModelRouter {
  name: string
  rule: string
  match: Rule
  /** Null: any host. */
  hosts: Set<string> | null
  priority: number
  middlewares: string[]
  service: string
}

export interface Model {
  routers: ModelRouter[]
  /** By name. */
  middlewares: Map<string, Middleware>
  services: Map<string, Service>
}

const largestFile = 1024 * 1024

/** Reads one file. Throws ConfigInvalid with the place and the reason. */
export function parseModel(text: string): Model {
  if (text.length > largestFile) throw invalid('', 'the file is larger than 1 MiB')
  // Traefik runs such a file as a Go template (https://doc.traefik.io/traefik/providers/file/#go-templating).
  if (text.includes('{{')) throw invalid('', 'the file holds "{{": templates are not supported')
  const document = parseDocument(text, { uniqueKeys: true, stringKeys: true, prettyErrors: true, logLevel: 'silent' })
  const error = document.errors[0]
  if (error) throw invalid('', error.message.split('\n')[0] ?? 'not YAML')
  const root = fields(contentOf(document) ?? {}, '', ['http'])
  const http = fields(root.http ?? {}, 'http', ['routers', 'middlewares', 'services'])
  const model: Model = { routers: [], middlewares: new Map(), services: new Map() }
  for (const [name, value] of entries(http.middlewares, 'http.middlewares'))
    model.middlewares.set(name, middleware(value, `http.middlewares.${name}`))
  for (const [name, value] of entries(http.services, 'http.services'))
    model.services.set(name, service(value, `http.services.${name}`))
  for (const [name, value] of entries(http.routers, 'http.routers')) model.routers.push(router(name, value, model))
  for (const name of model.services.keys()) serversOf(model, name)
  return model
}

/** Aliases are counted as they are followed: a small file can mean a very large one. */
function contentOf(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 20 })
  } catch (thrown) {
    throw invalid('', thrown instanceof Error ? thrown.message : String(thrown))
  }
}

/** The servers behind a service, those of weighted services multiplied out. Throws ConfigInvalid for a loop or a missing service. */
export function serversOf(model: Model, name: string, path: string[] = []): Server[] {
  const service = model.services.get(name)
  if (!service) throw invalid(`http.services.${path.at(-1) ?? name}`, `there is no service "${name}" in this file`)
  if (service.kind === 'servers') return service.servers
  if (path.includes(name) || path.length > 8)
    throw invalid(`http.services.${name}`, 'weighted services refer to one another in a circle')
  return service.services.flatMap((part) => {
    const servers = serversOf(model, part.name, [...path, name])
    const total = servers.reduce((sum, server) => sum + server.weight, 0)
    return servers.map((server) => ({ ...server, weight: total === 0 ? 0 : (part.weight * server.weight) / total }))
  })
}

function router(name: string, value: unknown, model: Model): ModelRouter {
  const where = `http.routers.${name}`
  const router = fields(value, where, ['rule', 'ruleSyntax', 'service', 'priority', 'middlewares', 'entryPoints'])
  if (router.ruleSyntax !== undefined && router.ruleSyntax !== 'v3') throw invalid(`${where}.ruleSyntax`, 'only v3 is supported')
  const rule = string(router.rule, `${where}.rule`)
  const service = reference(string(router.service, `${where}.service`))
  if (!model.services.has(service)) throw invalid(`${where}.service`, `there is no service "${service}" in this file`)
  const middlewares = list(router.middlewares ?? [], `${where}.middlewares`).map((item) =>
    reference(string(item, `${where}.middlewares`)),
  )
  for (const used of middlewares) {
    if (!model.middlewares.has(used)) throw invalid(`${where}.middlewares`, `there is no middleware "${used}" in this file`)
  }
  let match: Rule
  try {
    match = parseRule(rule)
  } catch (thrown) {
    throw invalid(`${where}.rule`, thrown instanceof Error ? thrown.message : String(thrown))
  }
  // Traefik takes the rule's length where no priority is given (https://doc.traefik.io/traefik/routing/routers/#priority).
  const priority = integer(router.priority ?? 0, `${where}.priority`) || Buffer.byteLength(rule)
  return { name, rule, match, hosts: hostsOf(match), priority, middlewares, service }
}

function middleware(value: unknown, where: string): Middleware {
  const { stripPrefix, retry } = fields(value, where, ['stripPrefix', 'retry'])
  if ((stripPrefix === undefined) === (retry === undefined)) throw invalid(where, 'expected either stripPrefix or retry')
  if (retry !== undefined) {
    const { attempts } = fields(retry, `${where}.retry`, ['attempts'])
    return { kind: 'retry', attempts: integer(attempts, `${where}.retry.attempts`) }
  }
  const { prefixes } = fields(stripPrefix, `${where}.stripPrefix`, ['prefixes'])
  const texts = list(prefixes, `${where}.stripPrefix.prefixes`).map((prefix) => string(prefix, `${where}.stripPrefix.prefixes`))
  return { kind: 'stripPrefix', prefixes: texts }
}

/** The prefixes that a router takes off, a list for each of its stripPrefix middlewares. */
export function prefixesOf({ middlewares }: Model, router: ModelRouter): string[][] {
  return router.middlewares.flatMap((name) => {
    const middleware = middlewares.get(name)
    return middleware?.kind === 'stripPrefix' ? [middleware.prefixes] : []
  })
}

function service(value: unknown, where: string): Service {
  const { loadBalancer, weighted } = fields(value, where, ['loadBalancer', 'weighted'])
  if ((loadBalancer === undefined) === (weighted === undefined)) throw invalid(where, 'expected either loadBalancer or weighted')
  if (weighted !== undefined) {
    const { services } = fields(weighted, `${where}.weighted`, ['services'])
    const parts = list(services, `${where}.weighted.services`).map((item) => {
      const part = fields(item, `${where}.weighted.services`, ['name', 'weight'])
      return {
        name: reference(string(part.name, `${where}.weighted.services.name`)),
        weight: weight(part.weight, `${where}.weighted.services.weight`),
      }
    })
    return { kind: 'weighted', services: parts }
  }
  const balancer = fields(loadBalancer, `${where}.loadBalancer`, ['servers', 'passHostHeader', 'strategy'])
  if ((balancer.passHostHeader ?? true) !== true) throw invalid(`${where}.loadBalancer.passHostHeader`, 'only true is supported')
  if ((balancer.strategy ?? 'wrr') !== 'wrr') throw invalid(`${where}.loadBalancer.strategy`, 'only wrr is supported')
  return {
    kind: 'servers',
    servers: list(balancer.servers ?? [], `${where}.loadBalancer.servers`).map((item) =>
      server(item, `${where}.loadBalancer.servers`),
    ),
  }
}

function server(value: unknown, where: string): Server {
  const fieldsOf = fields(value, where, ['url', 'weight'])
  const url = string(fieldsOf.url, `${where}.url`)
  const found = /^http:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?\/?$/.exec(url)
  const port = Number(found?.[2] ?? 80)
  if (!found?.[1] || port < 1 || port > 65535) throw invalid(`${where}.url`, `expected http://host:port, got "${url}"`)
  return { url, host: found[1].replace(/^\[|\]$/g, ''), port, weight: weight(fieldsOf.weight, `${where}.weight`) }
}

/** Inside one file, `x` and `x@file` are the same. */
function reference(name: string): string {
  return name.replace(/@file$/, '')
}

function weight(value: unknown, where: string): number {
  const number = integer(value ?? 1, where)
  if (number < 0 || number > 1_000_000) throw invalid(where, 'expected a weight from 0 to 1000000')
  return number
}

function fields<K extends string>(value: unknown, where: string, known: K[]): Partial<Record<K, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(where, 'expected a mapping')
  const unknown = Object.keys(value).find((key) => !(known as string[]).includes(key))
  if (unknown !== undefined) throw invalid(where ? `${where}.${unknown}` : unknown, 'the embedded router does not support this')
  return value
}

function entries(value: unknown, where: string): Array<[string, unknown]> {
  if (value === undefined || value === null) return []
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid(where, 'expected a mapping')
  return Object.entries(value)
}

function list(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value)) throw invalid(where, 'expected a list')
  return value
}

function string(value: unknown, where: string): string {
  if (typeof value !== 'string' || value === '') throw invalid(where, 'expected a text')
  return value
}

function integer(value: unknown, where: string): number {
  if (!Number.isSafeInteger(value)) throw invalid(where, 'expected a whole number')
  return value as number
}

function invalid(where: string, reason: string): TrimtabError {
  return new TrimtabError('ConfigInvalid', where ? `${where}: ${reason}` : reason)
}
