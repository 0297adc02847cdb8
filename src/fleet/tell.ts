/** Tells what becomes of the list of apps: who is new, who moved, who is declared twice. */
import type { NewEvent, Store } from '../ports.ts'
import { type Listed, PLATFORM, PREVIEWS, type Roster } from '../roster.ts'

/** From now on. What previews do, they tell themselves. */
export function tellListed(roster: Roster, store: Pick<Store, 'read' | 'event'>): void {
  /** Where each app was when it was last seen: a line may leave one file before it arrives in the other. */
  const places = new Map<string, string>()
  let told = new Set<string>()
  const tell = (app: string, type: NewEvent['type'], message: string) => void store.event({ app, type, message })

  const remember = (one: Listed) => places.set(one.app.name, placeOf(one))
  for (const app of roster.apps()) remember({ app, origin: roster.origin(app.name) ?? PLATFORM })

  roster.onChange(({ came, moved, touched }) => {
    for (const { from, to } of moved) if (!isPreview(from) && !isPreview(to)) move(from.app.name, placeOf(from), placeOf(to))
    for (const one of came) {
      const { name } = one.app
      if (isPreview(one)) continue
      const { attempt, serving } = store.read(name)
      const before = places.get(name)
      if (!attempt && !serving) tell(name, 'AppAdded', `declared by ${placeOf(one)}`)
      else if (before !== undefined && before !== placeOf(one)) move(name, before, placeOf(one))
    }
    if (touched.length > 0) for (const app of roster.apps()) remember({ app, origin: roster.origin(app.name) ?? PLATFORM })
    const doubles = roster.doubles().map(({ app, kept, passedOver }) => [app, nameOf(kept), nameOf(passedOver)] as const)
    for (const [app, kept, passedOver] of doubles) {
      if (told.has(`${app} ${kept} ${passedOver}`)) continue
      tell(
        app,
        'ConfigRejected',
        `declared twice: ${kept} has it, and what ${passedOver} says of it counts for nothing until one of them lets go`,
      )
    }
    told = new Set(doubles.map((words) => words.join(' ')))
  })

  const move = (app: string, from: string, to: string) =>
    tell(app, 'AppMoved', `from ${from} to ${to}; it stays the same app, and what serves it serves on`)
}

const isPreview = ({ origin }: Listed) => origin === PREVIEWS

/** `platform.yaml (https://git.example.com/shop.git services/api)` */
function placeOf({ app: { repo, path }, origin }: Listed): string {
  return `${nameOf(origin)} (${path === '' ? repo : `${repo} ${path}`})`
}

function nameOf(origin: string): string {
  return origin === PLATFORM ? 'platform.yaml' : origin
}
