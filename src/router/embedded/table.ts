/** What is in force: the models of all files as one table that finds a request's route quickly. Made anew for every change, never altered. */
import { type Model, type ModelRouter, prefixesOf, serversOf } from '../model.ts'
import { matches } from '../rule.ts'
import { Balance } from './balance.ts'
import type { Origin, Origins } from './origin.ts'

/** A router of a file with its servers. */
export interface Entry {
  router: ModelRouter
  /** stripPrefix middlewares in order, each with its prefixes. */
  strip: string[][]
  balance: Balance<Origin>
}

export class Table {
  readonly #byHost = new Map<string, Entry[]>()
  /** Entries that match any host. */
  readonly #anyHost: Entry[]

  constructor(entries: Entry[]) {
    const ordered = entries.toSorted(
      (a, b) =>
        b.router.priority - a.router.priority || compare(a.router.rule, b.router.rule) || compare(a.router.name, b.router.name),
    )
    this.#anyHost = ordered.filter((entry) => entry.router.hosts === null)
    const hosts = new Set(ordered.flatMap((entry) => [...(entry.router.hosts ?? [])]))
    for (const host of hosts) this.#byHost.set(host, [])
    for (const entry of ordered) {
      const lists =
        entry.router.hosts === null ? this.#byHost.values() : [...entry.router.hosts].map((host) => this.#byHost.get(host))
      for (const list of lists) list?.push(entry)
    }
  }

  /** The route of a request; null: none. `host` canonical, `path` for matching. */
  find(host: string, path: string): Entry | null {
    const entries = this.#byHost.get(host) ?? this.#anyHost
    for (const entry of entries) if (matches(entry.router.match, host, path)) return entry
    return null
  }
}

/** Makes one table of all files, and retires the origins that none of them names. */
export function compile(models: Iterable<Model>, origins: Origins): Table {
  const entries: Entry[] = []
  const used = new Set<Origin>()
  for (const model of models) {
    for (const router of model.routers) {
      const choices = serversOf(model, router.service).map((server) => ({ value: origins.use(server), weight: server.weight }))
      for (const choice of choices) used.add(choice.value)
      entries.push({ router, strip: prefixesOf(model, router), balance: new Balance(merge(choices)) })
    }
  }
  origins.retain(used)
  return new Table(entries)
}

/** The same server twice is one server with both weights. */
function merge(choices: Array<{ value: Origin; weight: number }>): Array<{ value: Origin; weight: number }> {
  const byOrigin = new Map<Origin, number>()
  for (const { value, weight } of choices) byOrigin.set(value, (byOrigin.get(value) ?? 0) + weight)
  return [...byOrigin].map(([value, weight]) => ({ value, weight }))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
