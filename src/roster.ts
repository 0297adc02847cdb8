/**
 * The effective list of apps: what platform.yaml declares, what the fleets' files in git declare, and the previews that trimtab
 * itself makes of pull requests. No I/O.
 */
import type { AppSpec } from './domain.ts'

export const PLATFORM = 'platform'
export const PREVIEWS = 'previews'

/** An app, and who declares it: 'platform', 'fleet <address> <file>', 'previews'. */
export interface Listed {
  app: AppSpec
  origin: string
}

export interface Change {
  came: Listed[]
  went: Listed[]
  /** The same name, from another origin, repository or folder. */
  moved: Array<{ from: Listed; to: Listed }>
  /** Names of all whose declaration is another than before, also of those above. */
  touched: string[]
}

export interface Roster {
  /** Replaces the list of one origin. Without a change of it nothing happens. */
  set(origin: string, apps: AppSpec[]): void
  /** Which fleets there are, in the order of their precedence. Those of others go; those without a list yet are waited for. */
  fleets(origins: string[]): void
  /** The union, sorted by precedence. The same array until it changes. */
  apps(): AppSpec[]
  origin(app: string): string | null
  /** False as long as a fleet's list was never known: what is not declared may then be declared there. */
  isComplete(): boolean
  /** It is, or was in this process, a preview, and no app of anybody's list. */
  isPreview(app: string): boolean
  /** Names that are declared twice, each with who has it and who is passed over. */
  doubles(): Array<{ app: string; kept: string; passedOver: string }>
  /** Called at once, within set() or fleets(), when a declaration came, went or is another one, or doubles another one. */
  onChange(changed: (change: Change) => void): void
}

type Double = ReturnType<Roster['doubles']>[number]

export function createRoster(): Roster {
  const lists = new Map<string, AppSpec[]>()
  const listeners: Array<(change: Change) => void> = []
  const previews = new Set<string>()
  let fleets: string[] = []
  let listed = new Map<string, Listed>()
  let apps: AppSpec[] = []
  let doubles: Double[] = []

  const refresh = () => {
    const before = listed
    const doublesBefore = doubles
    const order = [PLATFORM, ...fleets, PREVIEWS]
    ;({ listed, doubles } = union(order.map((origin) => [origin, lists.get(origin) ?? []])))
    const isSame = JSON.stringify([...before.values()]) === JSON.stringify([...listed.values()])
    if (isSame && JSON.stringify(doublesBefore) === JSON.stringify(doubles)) return
    if (!isSame) apps = [...listed.values()].map(({ app }) => app)
    const change = compare(before, listed)
    for (const changed of listeners) changed(change)
  }

  return {
    set(origin, next) {
      lists.set(origin, next)
      if (origin === PREVIEWS) for (const { name } of next) previews.add(name)
      refresh()
    },
    fleets(origins) {
      for (const origin of fleets) if (!origins.includes(origin)) lists.delete(origin)
      fleets = origins
      refresh()
    },
    apps: () => apps,
    origin: (app) => listed.get(app)?.origin ?? null,
    isComplete: () => fleets.every((origin) => lists.has(origin)),
    isPreview: (app) => previews.has(app) && (listed.get(app)?.origin ?? PREVIEWS) === PREVIEWS,
    doubles: () => doubles,
    onChange: (changed) => void listeners.push(changed),
  }
}

/** The first origin that names an app keeps it. */
function union(lists: Array<[origin: string, apps: AppSpec[]]>): { listed: Map<string, Listed>; doubles: Double[] } {
  const listed = new Map<string, Listed>()
  const doubles: Double[] = []
  for (const [origin, apps] of lists) {
    for (const app of apps) {
      const first = listed.get(app.name)
      if (first) doubles.push({ app: app.name, kept: first.origin, passedOver: origin })
      else listed.set(app.name, { app, origin })
    }
  }
  return { listed, doubles }
}

function compare(before: Map<string, Listed>, after: Map<string, Listed>): Change {
  const names = [...new Set([...before.keys(), ...after.keys()])]
  const moved: Change['moved'] = []
  for (const [name, to] of after) {
    const from = before.get(name)
    if (from && (from.origin !== to.origin || from.app.repo !== to.app.repo || from.app.path !== to.app.path)) {
      moved.push({ from, to })
    }
  }
  return {
    came: [...after.values()].filter(({ app }) => !before.has(app.name)),
    went: [...before.values()].filter(({ app }) => !after.has(app.name)),
    moved,
    touched: names.filter((name) => JSON.stringify(before.get(name)) !== JSON.stringify(after.get(name))),
  }
}
