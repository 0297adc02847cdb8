/** Pull requests with a label as apps of their own: asks each forge now and then, and hands on what is to be shown. */
import type { AppSpec, Poll } from '../domain.ts'
import { asTrimtabError, TrimtabError } from '../errors.ts'
import type { Forge, NewEvent, PreviewRecord, Store } from '../ports.ts'
import { previewOf, type Shown } from './app.ts'
import { choose } from './choose.ts'
import { previewName } from './name.ts'
import { Rounds } from './rounds.ts'
import { changesOf } from './telling.ts'
import { Trust } from './trust.ts'

export interface PreviewsOptions {
  /** The effective list of apps, previews included. */
  apps(): AppSpec[]
  /** Null: there is none to be asked. */
  forgeFor(app: AppSpec): Forge | null
  store: Pick<Store, 'previews' | 'setPreviews' | 'previewed' | 'event'>
  /** Takes the whole list of previews. */
  set(previews: AppSpec[]): void
  /** This preview's commits are others than before: look at them. */
  moved(preview: string): void
  /** It is known now what an app shows, which it was not before: mayShow() answers otherwise. */
  known(): void
  /** False as long as apps may be declared that are not known yet. */
  isComplete(): boolean
  /** For apps that name none of their own. */
  poll(): Poll
  /** Where a browser finds a preview. */
  url(preview: AppSpec): string
  now?: () => number
  jitter?: () => number
}

export interface Previews {
  /** The list of apps may have changed. What was shown last is shown at once; whoever is new is asked. */
  refresh(): void
  /** Asks the forge of this app now, or of the app that it is a preview of. Never throws: what came of it is told by events. */
  look(app: string): Promise<void>
  /** Whether this, by its name, may be a preview of an app whose forge has not answered yet, and of which nothing is remembered. */
  mayShow(name: string): boolean
  close(): void
}

/** A forge that does not answer, or not to the end, changes nothing: what is shown is in the store, and stays. */
export function createPreviews(options: PreviewsOptions): Previews {
  const { store, forgeFor, now = Date.now } = options
  const trust = new Map<string, Trust>()
  const troubles = new Map<string, string>()
  /** Apps whose forge has answered, or of which something was remembered at the start. */
  const known = new Set<string>(store.previewed())
  let parents = new Map<string, AppSpec>()

  const shownBy = (app: string) => store.previews(app).filter(({ state }) => state === 'shown')
  const publish = () => options.set([...parents.values()].flatMap((app) => shownBy(app.name).map((one) => previewOf(app, one))))

  const ask = async (name: string): Promise<boolean> => {
    const app = parents.get(name)
    if (!app?.previews) return true
    try {
      const forge = forgeFor(app)
      if (!forge)
        throw new TrimtabError('ForgeRefused', 'no forge is known for its repository (platform.yaml: forge, or git.forges)')
      const pulls = await forge.pullRequests()
      const trusted = await trustOf(name).among(pulls, app.previews, forge, now())
      if (parents.get(name) !== app) return true
      const taken = new Set(options.apps().flatMap((one) => (one.preview ? [] : [one.name])))
      const choice = choose({ app: name, spec: app.previews, pulls, shown: shownBy(name), trusted, taken, now: now() })
      const before = store.previews(name)
      const records = [...choice.shown.map(shownAs), ...[...choice.refused].map(([number, reason]) => refusedAs(number, reason))]
      if (JSON.stringify(records) !== JSON.stringify(before)) {
        store.setPreviews(name, records)
        publish()
        const describe = (one: Shown) => {
          const preview = previewOf(app, one)
          return { name: preview.name, url: options.url(preview) }
        }
        for (const event of changesOf(name, before, choice, describe)) store.event(event)
        for (const { number, commit } of choice.shown) {
          const known = before.find((one) => one.number === number)
          if (known && known.commit !== commit) options.moved(previewName(name, number))
        }
      }
      recovered(name)
      if (!known.has(name)) {
        known.add(name)
        options.known()
      }
      return true
    } catch (thrown) {
      failed(name, asTrimtabError(thrown).message)
      return false
    }
  }

  const trustOf = (app: string) => {
    const known = trust.get(app) ?? new Trust()
    trust.set(app, known)
    return known
  }

  const failed = (app: string, message: string) => {
    if (troubles.get(app) === message) return
    troubles.set(app, message)
    tell({
      app,
      type: 'SourceFailed',
      message: `its pull requests cannot be read, and its previews stay as they are: ${message}`,
    })
  }
  const recovered = (app: string) => {
    if (troubles.delete(app)) tell({ app, type: 'SourceRecovered', message: 'its pull requests can be read again' })
  }
  const tell = (event: NewEvent) => void store.event(event)

  const rounds = new Rounds(ask, options.jitter)

  /** No longer wanted by the operator, or no longer an app: nothing of it is remembered, so nothing of it is shown. */
  const drop = (app: string, isThere: boolean) => {
    for (const { number } of isThere ? shownBy(app) : []) {
      const message = `pull request #${number}: the app has no previews any more; ${previewName(app, number)} goes`
      tell({ app, type: 'PreviewClosed', message })
    }
    store.setPreviews(app, [])
    trust.delete(app)
    troubles.delete(app)
  }

  return {
    refresh() {
      const apps = options.apps()
      parents = new Map(apps.flatMap((app) => (app.previews && !app.preview ? [[app.name, app]] : [])))
      const names = new Set(apps.map(({ name }) => name))
      for (const app of store.previewed()) {
        // One that is not declared may yet be, by a list that could not be read so far.
        if (!parents.has(app) && (names.has(app) || options.isComplete())) drop(app, names.has(app))
      }
      publish()
      rounds.set(new Map([...parents].map(([name, app]) => [name, { poll: app.poll ?? options.poll(), about: about(app) }])))
    },
    async look(name) {
      const of = options.apps().find((app) => app.name === name)?.preview?.of ?? name
      if (parents.has(of)) await rounds.now(of)
    },
    mayShow(name) {
      const number = Number(/-pr-(\d{1,9})$/.exec(name)?.[1])
      return [...parents.keys()].some((app) => !known.has(app) && previewName(app, number) === name)
    },
    close: () => rounds.close(),
  }
}

/** With another of these, what was learnt before may not hold. */
function about({ repo, previews, forge }: AppSpec): string {
  return JSON.stringify([repo, previews, forge])
}

function shownAs({ number, ref, isFork, commit }: Shown): PreviewRecord {
  return { number, state: 'shown', ref, isFork, commit, reason: '' }
}

function refusedAs(number: number, reason: string): PreviewRecord {
  return { number, state: 'refused', ref: '', isFork: false, commit: '', reason }
}
