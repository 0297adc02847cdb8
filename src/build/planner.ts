import type { BuildPlan, BuildRequest, Source } from '../ports.ts'
import type { Builtin } from './builtins.ts'
import { type Choice, type ChooseFrom, choosePacks } from './choose.ts'
import { contextEntries } from './context.ts'
import { buildKey } from './key.ts'
import type { Pins } from './packs/pins.ts'
import { type Recipe, recipeOf } from './recipe.ts'

/** How many resolved requests are remembered. */
const KEPT = 2000

/** A request with its key and, for the build itself, how it is made. */
export interface Resolved {
  plan: BuildPlan
  recipe: Recipe
}

/** Where buildpacks come from that are in repositories of their own. */
export interface Elsewhere {
  pins: Pins
  allow: () => ChooseFrom['allow']
}

interface Known {
  recipe: Recipe
  key: string
  /** Its buildpacks have yet to be fetched. */
  draft?: true
  /** The draft that it was, where they have been. */
  of?: string
}

/** Turns requests into keys. A commit never changes, so what was resolved once is remembered. */
export class Planner {
  readonly #source: Source
  readonly #builtins: () => Promise<Builtin[]>
  readonly #elsewhere: Elsewhere
  readonly #known = new Map<string, Promise<Known>>()
  /** By key: the drafts that came to it once their buildpacks had been fetched. What is of no such draft is resolved anew. */
  readonly #drafts = new Map<string, Set<string>>()

  constructor(source: Source, builtins: () => Promise<Builtin[]>, elsewhere: Elsewhere) {
    this.#source = source
    this.#builtins = builtins
    this.#elsewhere = elsewhere
  }

  async resolve(request: BuildRequest, platformEnv: Record<string, string>, base: string[]): Promise<Resolved> {
    const { app, commit, settings } = request
    const { timeoutMs: _, ...decides } = settings
    const same = JSON.stringify([app.repo, commit, app.path, decides, platformEnv, base])
    let known = this.#known.get(same)
    if (known === undefined) {
      known = this.#work(request, platformEnv, base)
      keepBounded(this.#known, same, known)
      known.catch(() => this.#known.delete(same)) // a failure may be the network's
    }
    const { key, recipe, draft, of } = await known
    if (of !== undefined && !this.#drafts.get(key)?.has(of)) {
      this.#known.delete(same) // renewed since
      return this.resolve(request, platformEnv, base)
    }
    if (!draft) return { plan: { app, commit, settings, key }, recipe }
    this.#known.delete(same) // it becomes another one
    this.#elsewhere.pins.awaits(key, app.name)
    return { plan: { app, commit, settings, key, draft }, recipe }
  }

  /** Has what the buildpacks of this key stand for looked up anew. False: it has none that were fetched. */
  renew(key: string): boolean {
    const drafts = this.#drafts.get(key)
    if (drafts === undefined) return false
    this.#drafts.delete(key)
    for (const draft of drafts) this.#elsewhere.pins.forget(draft)
    return true
  }

  async #work({ app, commit, settings }: BuildRequest, platformEnv: Record<string, string>, base: string[]): Promise<Known> {
    const builtins = await this.#builtins()
    const entries = await this.#source.entries(app, commit, app.path)
    const named = recipeOf(settings)
    const from = { source: this.#source, builtins, allow: this.#elsewhere.allow() }
    const chosen = named === null ? await choosePacks(app, commit, settings, entries, from) : null
    const withPacks = (choice: Choice): Recipe => ({ kind: 'buildpacks', choice })
    const inputs = { entries, context: [], builtins, env: settings.env, platformEnv, base }
    const fixed = chosen && this.#elsewhere.pins.fix(chosen, (choice) => buildKey({ ...inputs, recipe: withPacks(choice) }))
    if (fixed?.choice === null) return { recipe: withPacks([]), key: fixed.draft, draft: true }
    const recipe = named ?? withPacks(fixed?.choice ?? null)
    const folder = recipe.kind === 'dockerfile' ? recipe.dockerfile.context : undefined
    const context = folder === undefined ? [] : await contextEntries(this.#source, app, commit, folder)
    const key = buildKey({ ...inputs, recipe, context })
    if (fixed?.draft === undefined) return { recipe, key }
    keepBounded(this.#drafts, key, new Set([...(this.#drafts.get(key) ?? []), fixed.draft]))
    return { recipe, key, of: fixed.draft }
  }
}

function keepBounded<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > KEPT && oldest !== undefined) map.delete(oldest)
}
