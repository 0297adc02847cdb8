/**
 * What is in force, in the words of Traefik's API (pkg/api: /api/rawdata, /api/http/routers, /api/http/services), so that the same
 * code can ask either router. Pure.
 */

import type { RawData } from '../confirm.ts'
import { type Model, serversOf } from '../model.ts'

const provider = 'file'
const entryPoint = 'web'

/** Everything by name, as /api/rawdata. A name that two files use is the first file's. */
export function describe(models: Array<[file: string, model: Model]>): Required<RawData> {
  const all = {
    routers: {} as Record<string, object>,
    middlewares: {} as Record<string, object>,
    services: {} as Record<string, object>,
  }
  for (const [, model] of models) {
    for (const router of model.routers) {
      all.routers[qualify(router.name)] ??= {
        entryPoints: [entryPoint],
        ...(router.middlewares.length > 0 ? { middlewares: router.middlewares.map(qualify) } : {}),
        service: router.service,
        rule: router.rule,
        priority: router.priority,
        status: 'enabled',
        using: [entryPoint],
      }
    }
    for (const [name, { kind, ...middleware }] of model.middlewares) {
      const usedBy = model.routers.filter((router) => router.middlewares.includes(name)).map((router) => qualify(router.name))
      all.middlewares[qualify(name)] ??= { [kind]: middleware, status: 'enabled', usedBy }
    }
    for (const name of model.services.keys()) all.services[qualify(name)] ??= service(model, name)
  }
  return all
}

/** The same as lists, as /api/http/routers and /api/http/services. */
export function listed(kind: 'routers' | 'services', all: Record<string, object>): object[] {
  const type = (item: object) => (kind === 'services' ? { type: 'weighted' in item ? 'weighted' : 'loadbalancer' } : {})
  return Object.entries(all).map(([name, item]) => ({ ...item, name, provider, ...type(item) }))
}

function service(model: Model, name: string): object {
  const usedBy = model.routers.filter((router) => router.service === name).map((router) => qualify(router.name))
  const found = model.services.get(name)
  if (found?.kind === 'weighted') {
    const services = found.services.map((part) => ({ ...part, name: qualify(part.name) }))
    return { weighted: { services }, status: 'enabled', usedBy }
  }
  const servers = serversOf(model, name).map(({ url, weight }) => (weight === 1 ? { url } : { url, weight }))
  const loadBalancer = { ...(servers.length > 0 ? { servers } : {}), strategy: 'wrr', passHostHeader: true }
  const serverStatus = Object.fromEntries(servers.map(({ url }) => [url, 'UP']))
  return { loadBalancer, status: 'enabled', usedBy, ...(servers.length > 0 ? { serverStatus } : {}) }
}

function qualify(name: string): string {
  return `${name}@${provider}`
}
