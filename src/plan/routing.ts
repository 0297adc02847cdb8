/** Which servers a release's routes name. */
import type { Listen, Release, RouteTable } from '../domain.ts'
import { membersOf } from './formation.ts'
import type { Observed, SeenInstance } from './world.ts'

/**
 * The table for this release: every route to its process's ready instances that may stay. Where there is none, what the table
 * names now is kept, whatever release it is of: it was proven before it was routed, and an instance that may answer is better
 * than a router that surely does not. A redirect has no process, and so none that it waits for.
 */
export function tableFor(release: Release, wanted: Set<string>, observed: Observed): RouteTable | null {
  if (release.content.routes.length === 0) return null
  const routed = observed.instances.filter((i) => i.state === 'running' && !i.oneOff && isRouted(i, observed.table))
  const members = membersOf(release, observed).filter((i) => wanted.has(i.name))
  const routes = release.content.routes.map((route) => {
    const of = (instances: SeenInstance[]) => instances.filter((i) => i.process === route.process)
    const answering = of(routed).filter((i) => i.probe === 'ready' || i.probe === 'unknown')
    const ready = of(members).filter((i) => i.probe === 'ready' || (i.probe === 'unknown' && answering.includes(i)))
    const best = [ready, answering, of(routed)].find((some) => some.length > 0) ?? []
    const none = release.content.processes.every((p) => p.type !== route.process || p.scale === 0)
    return { ...route, servers: none ? [] : addresses(best) }
  })
  return { app: release.app, routes }
}

/**
 * Where there is no table to go by (somebody has deleted the file, or changed it), and trimtab has only just begun to ask: those that may
 * have served all the time. They are known in a moment, and a table without them would turn requests away.
 */
export function unheardOf(release: Release, wanted: Set<string>, observed: Observed): string[] {
  if (observed.table) return []
  const routed = new Set(release.content.routes.map(({ process }) => process))
  const members = membersOf(release, observed).filter((i) => wanted.has(i.name) && routed.has(i.process) && i.address)
  return members.filter(({ probe }) => probe === 'unknown').map(({ name }) => name)
}

/** Whether the route file names this instance. */
export function isRouted(instance: SeenInstance, table: RouteTable | null): boolean {
  const address = instance.address
  if (!address || !table) return false
  return table.routes.some((r) => r.servers.some((s) => sameAddress(s, address)))
}

export function sameTable(a: RouteTable | null, b: RouteTable | null): boolean {
  return JSON.stringify(canonical(a)) === JSON.stringify(canonical(b))
}

function canonical(table: RouteTable | null): unknown {
  if (!table) return null
  return table.routes
    .map(({ host, path, stripPrefix, process, options = {}, servers }) => {
      const named = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1))
      return [host, path, stripPrefix, process, named, addresses(servers.map((address) => ({ address })))]
    })
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

function addresses(of: Array<{ address?: Listen }>): Listen[] {
  return of
    .flatMap((i) => (i.address ? [{ host: i.address.host, port: i.address.port }] : []))
    .sort((a, b) => (a.host === b.host ? a.port - b.port : a.host < b.host ? -1 : 1))
}

function sameAddress(a: Listen, b: Listen): boolean {
  return a.host === b.host && a.port === b.port
}
