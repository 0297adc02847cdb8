import type { BuildPlan, BuildRequest, Source } from '../ports.ts'
import type { Builtin } from './builtins.ts'
import { type Choice, choosePacks } from './choose.ts'
import { buildKey } from './key.ts'

/** How many resolved requests are remembered. */
const KEPT = 2000

/** A request with its key and, for the build itself, the packs that were named. */
export interface Resolved {
  plan: BuildPlan
  choice: Choice
}

/** Turns requests into keys. A commit never changes, so what was resolved once is remembered. */
export class Planner {
  readonly #source: Source
  readonly #builtins: () => Promise<Builtin[]>
  readonly #known = new Map<string, Promise<Omit<Resolved, 'plan'> & { key: string }>>()

  constructor(source: Source, builtins: () => Promise<Builtin[]>) {
    this.#source = source
    this.#builtins = builtins
  }

  async resolve(request: BuildRequest, platformEnv: Record<string, string>): Promise<Resolved> {
    const { app, commit, settings } = request
    const same = JSON.stringify([app.repo, commit, app.path, settings.buildpacks, settings.env, platformEnv])
    let known = this.#known.get(same)
    if (known === undefined) {
      known = this.#work(request, platformEnv)
      this.#known.set(same, known)
      known.catch(() => this.#known.delete(same)) // a failure may be the network's
      const [oldest] = this.#known.keys()
      if (this.#known.size > KEPT && oldest !== undefined) this.#known.delete(oldest)
    }
    const { key, choice } = await known
    return { plan: { app, commit, settings, key }, choice }
  }

  async #work({ app, commit, settings }: BuildRequest, platformEnv: Record<string, string>) {
    const from = { source: this.#source, builtins: await this.#builtins() }
    const entries = await this.#source.entries(app, commit, app.path)
    const choice = await choosePacks(app, commit, settings, entries, from)
    return { choice, key: buildKey({ entries, choice, builtins: from.builtins, env: settings.env, platformEnv }) }
  }
}
