/** Apps that run and are no longer declared: they go, unless that would be most of them. */
import type { AppSpec } from '../domain.ts'
import { guardRemoval } from '../plan/guard.ts'
import type { Roster } from '../roster.ts'
import { declared, type World } from '../world.ts'

/** One or two may always go: with so few, "most" says nothing; and platform.yaml is the operator's own. */
const FREELY = 2

export class Removal {
  private readonly world: World
  private readonly trigger: (app: string) => void
  private readonly roster: Roster
  private readonly mayBeListed: (app: string) => boolean
  /** The list of apps for which somebody has allowed the removal of all others. */
  private allowed: string | null = null
  /** Why check() last took nothing away; null: it did, or there was nothing. */
  refused: string | null = null
  /** Of the list that was looked at last; until that is the one in force, whatever is not declared is kept. */
  private held: Set<string> | null = null
  private looked: AppSpec[] | null = null

  /** `mayBeListed`: whoever knows whether this app is to be has not answered yet. */
  constructor(world: World, roster: Roster, trigger: (app: string) => void, mayBeListed: (app: string) => boolean) {
    this.world = world
    this.roster = roster
    this.trigger = trigger
    this.mayBeListed = mayBeListed
  }

  /** Kept as it is, whatever a pass would say, until somebody allows its removal. */
  holds(app: string): boolean {
    return this.held === null || this.looked !== this.roster.apps() ? declared(this.world, app) === null : this.held.has(app)
  }

  /** Nothing goes before check() has looked again. A change of the list alone does that, too. */
  listChanges(): void {
    this.held = null
  }

  /**
   * Has what is no longer declared taken away, or says why not. `allowed`: somebody has looked at it and means it; that holds for
   * this list until there is another. A list that is not known whole takes nothing away, whoever allows it.
   */
  async check(allowed: boolean): Promise<string | null> {
    const { runtime, router, platform, store } = this.world
    const own = (names: string[]) => names.filter((app) => !this.roster.isPreview(app) && !this.mayBeListed(app))
    if (allowed) this.allowed = own(platform().apps.map((app) => app.name)).join(' ')
    const present = [...new Set([...(await runtime.apps()), ...(await router.apps())])]
    // Asked for only now: the list may have changed meanwhile.
    const names = platform().apps.map((app) => app.name)
    // Some are stopped: nothing of them runs, but their routes are still theirs until they are forgotten.
    const gone = [...new Set([...present, ...this.world.store.claims().values()])].filter((app) => !names.includes(app))
    const whole = this.roster.isComplete()
    // Previews come and go with pull requests: that all of them go is no mistake.
    const refused = !whole || this.allowed === own(names).join(' ') ? null : guardRemoval(own(present), own(names), FREELY)
    this.looked = this.roster.apps()
    this.held = new Set([...gone.filter(this.mayBeListed), ...(refused !== null || !whole ? own(gone) : [])])
    for (const app of gone) if (!this.held.has(app)) this.trigger(app)
    if (refused !== null && refused !== this.refused) store.event({ app: '', type: 'ConfigRejected', message: refused })
    this.refused = refused
    return refused
  }
}
