/** Apps that run and are no longer declared: they go, unless that would be most of them. */
import { guardRemoval } from '../plan/guard.ts'
import { declared, type World } from '../world.ts'

export class Removal {
  private readonly world: World
  private readonly trigger: (app: string) => void
  /** null: not looked at since the list changed; until then whatever is not declared is kept. */
  private held: Set<string> | null = null

  constructor(world: World, trigger: (app: string) => void) {
    this.world = world
    this.trigger = trigger
  }

  /** Kept as it is, whatever a pass would say, until somebody allows its removal. */
  holds(app: string): boolean {
    return this.held === null ? declared(this.world, app) === null : this.held.has(app)
  }

  /** The list is about to change: nothing goes before check() has looked at the new one. */
  listChanges(): void {
    this.held = null
  }

  /** Has what is no longer declared taken away, or says why not. `allowed`: somebody has looked at it and means it. */
  async check(allowed: boolean): Promise<string | null> {
    const { runtime, router, platform, store } = this.world
    const names = platform().apps.map((app) => app.name)
    const present = [...new Set([...(await runtime.apps()), ...(await router.apps())])]
    const gone = present.filter((app) => !names.includes(app))
    const refused = allowed ? null : guardRemoval(present, names)
    this.held = new Set(refused ? gone : [])
    if (refused) store.event({ app: '', type: 'ConfigRejected', message: refused })
    else for (const app of [...gone, ...this.claimants(names)]) this.trigger(app)
    return refused
  }

  /** No longer declared, and stopped before: nothing of them runs, but their routes are still theirs until they are forgotten. */
  private claimants(names: string[]): string[] {
    return [...new Set(this.world.store.claims().values())].filter((app) => !names.includes(app))
  }
}
