import type { BuildPlan, BuildRequest, Source } from '../ports.ts'
import type { Builtin } from './builtins.ts'
import { choosePacks } from './choose.ts'
import { buildKey } from './key.ts'
import { type Recipe, recipeOf } from './recipe.ts'

/** How many resolved requests are remembered. */
const KEPT = 2000

/** A request with its key and, for the build itself, how it is made. */
export interface Resolved {
  plan: BuildPlan
  recipe: Recipe
}

/** Turns requests into keys. A commit never changes, so what was resolved once is remembered. */
export class Planner {
  readonly #source: Source
  readonly #builtins: () => Promise<Builtin[]>
  readonly #known = new Map<string, Promise<{ recipe: Recipe; key: string }>>()

  constructor(source: Source, builtins: () => Promise<Builtin[]>) {
    this.#source = source
    this.#builtins = builtins
  }

  async resolve(request: BuildRequest, platformEnv: Record<string, string>, base: string[]): Promise<Resolved> {
    const { app, commit, settings } = request
    const { timeoutMs: _, ...decides } = settings
    const same = JSON.stringify([app.repo, commit, app.path, decides, platformEnv, base])
    let known = this.#known.get(same)
    if (known === undefined) {
      known = this.#work(request, platformEnv, base)
      this.#known.set(same, known)
      known.catch(() => this.#known.delete(same)) // a failure may be the network's
      const [oldest] = this.#known.keys()
      if (this.#known.size > KEPT && oldest !== undefined) this.#known.delete(oldest)
    }
    const { key, recipe } = await known
    return { plan: { app, commit, settings, key }, recipe }
  }

  async #work({ app, commit, settings }: BuildRequest, platformEnv: Record<string, string>, base: string[]) {
    const builtins = await this.#builtins()
    const entries = await this.#source.entries(app, commit, app.path)
    const named = recipeOf(settings)
    const choice = named === null ? await choosePacks(app, commit, settings, entries, { source: this.#source, builtins }) : null
    const recipe: Recipe = named ?? { kind: 'buildpacks', choice }
    return { recipe, key: buildKey({ recipe, entries, builtins, env: settings.env, platformEnv, base }) }
  }
}
