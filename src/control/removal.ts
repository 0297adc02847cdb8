/** Apps that run and are no longer declared: they go, unless that would be most of them. */
import { guardRemoval } from '../plan/guard.ts'
import type { World } from '../world.ts'

export class Removal {
  private readonly world: World
  private readonly trigger: (app: string) => void
  private held = new Set<string>()

  constructor(world: World, trigger: (app: string) => void) {
    this.world = world
    this.trigger = trigger
  }

  /** Kept as it is, whatever a pass would say, until somebody allows its removal. */
  holds(app: string): boolean {
    return this.held.has(app)
  }

  /** Has what is no longer declared taken away, or says why not. `allowed`: somebody has looked at it and means it. */
  async check(allowed: boolean): Promise<string | null> {
    const { runtime, router, platform, store } = this.world
    const declared = platform().apps.map((app) => app.name)
    const present = [...new Set([...(await runtime.apps()), ...(await router.apps())])]
    const gone = present.filter((app) => !declared.includes(app))
    const refused = allowed ? null : guardRemoval(present, declared)
    this.held = new Set(refused ? gone : [])
    if (refused) store.event({ app: '', type: 'ConfigRejected', message: refused })
    else for (const app of [...gone, ...this.claimants(declared)]) this.trigger(app)
    return refused
  }

  /** No longer declared, and stopped before: nothing of them runs, but their routes are still theirs until they are forgotten. */
  private claimants(declared: string[]): string[] {
    return [...new Set(this.world.store.claims().values())].filter((app) => !declared.includes(app))
  }
}
