/**
 * The lists of apps that are in git. Each is in force as it was read last, until a later commit of it can be read, is valid, is
 * signed where that is asked for, and has not lost most of its apps.
 */
import type { AppSpec, CommitId, PlatformSpec } from '../domain.ts'
import { asTrimtabError } from '../errors.ts'
import type { FleetRecord, FleetStatus } from '../ports.ts'
import type { Roster } from '../roster.ts'
import type { World } from '../world.ts'
import { asApp, fleetName, isFleetName, withTrust } from './identity.ts'
import { difference, listAt, requireMost } from './list.ts'
import { type Kept, standing, told } from './standing.ts'

interface Parts {
  world: Pick<World, 'source' | 'store' | 'now'>
  roster: Roster
  /** A line for a person. */
  log(line: string): void
}

export interface Fleets {
  /** Which there are from now on. Lists that were read earlier, also by an earlier process, are in force at once. */
  set(platform: Pick<PlatformSpec, 'fleets' | 'git'>): void
  /** Their repositories, to be polled beside those of the apps. */
  watched(): AppSpec[]
  /** A repository was asked. False: the name is no fleet's. */
  looked(name: string): boolean
  /** Asks all repositories now. `allowPrune`: somebody means it that most of the apps go. Never throws. */
  look(allowPrune: boolean): Promise<void>
  /** Ends when what is being read of this list now (`origin` of the roster) has been judged. Never throws. */
  settled(origin: string | null): Promise<void>
  status(): FleetStatus[]
  /** Ends when nothing is being read. */
  close(): Promise<void>
}

export function createFleets({ world: { source, store, now }, roster, log }: Parts): Fleets {
  let fleets = new Map<string, Kept>()
  let closed = false

  const enforce = (kept: Kept) => {
    if (kept.record)
      roster.set(
        kept.app.name,
        kept.record.apps.map((app) => withTrust(app, kept.spec, kept.git)),
      )
  }

  const judge = async (kept: Kept, allowPrune: boolean): Promise<void> => {
    const { app, spec, git } = kept
    const isOver = () => closed || fleets.get(app.name) !== kept
    if (isOver()) return
    try {
      const head = source.head(app)
      if (!head || (kept.record?.commit === head.commit && kept.judged === head.commit && kept.failure === null)) return
      const { commit } = head
      await source.verify(app, commit, kept.record?.commit ?? null)
      const apps = await listAt(source, spec, git, app, commit)
      if (isOver()) return
      const others = roster.apps().filter(({ name }) => roster.origin(name) !== app.name)
      if (!allowPrune) requireMost(kept.record?.apps ?? [], apps, others)
      accept(kept, { commit, apps, readAt: now() })
    } catch (thrown) {
      if (isOver()) return
      const { failure } = asTrimtabError(thrown)
      const isNews = kept.failure?.message !== failure.message
      kept.failure = failure
      if (isNews) reject(kept)
    }
  }

  const accept = (kept: Kept, record: FleetRecord) => {
    const { app, failure } = kept
    const news = difference(kept.record?.apps ?? [], record.apps)
    const isFirst = kept.record === null
    if (kept.record?.commit !== record.commit || news !== '') store.setFleet(app.name, record)
    Object.assign(kept, { record, failure: null, judged: record.commit })
    if (news !== '' || isFirst || failure) {
      const message = `${app.name}: ${news || (isFirst ? 'it lists no apps' : 'it is good again, and lists what it did')}`
      store.event({ app: '', type: 'FleetChanged', commit: record.commit, message })
      log(message)
    }
    enforce(kept)
  }

  const reject = (kept: Kept) => {
    const message = told(kept)
    store.event({ app: '', type: 'FleetRejected', commit: headOf(kept.app), message })
    log(message)
  }

  const headOf = (app: AppSpec): CommitId | null => {
    try {
      return source.head(app)?.commit ?? null
    } catch {
      return null
    }
  }

  /** One after the other for each. */
  const turn = (kept: Kept, allowPrune: boolean): Promise<void> => {
    kept.turn = kept.turn.then(() => judge(kept, allowPrune))
    return kept.turn
  }

  return {
    set({ fleets: specs, git }) {
      const next = new Map<string, Kept>()
      for (const spec of specs) {
        const name = fleetName(spec)
        const known = fleets.get(name)
        const isSame = known && JSON.stringify([known.spec, known.git]) === JSON.stringify([spec, git])
        const record = known?.record ?? store.fleet(name)
        const fresh: Kept = { app: asApp(spec, git), spec, git, record, failure: null, judged: null, turn: Promise.resolve() }
        next.set(name, isSame ? known : fresh)
      }
      fleets = next
      store.keepFleets([...fleets.keys()])
      // Those with a list first: for a moment, one that is not there yet would look like one that was never read.
      for (const kept of fleets.values()) enforce(kept)
      roster.fleets([...fleets.keys()])
    },
    watched: () => [...fleets.values()].map(({ app }) => app),
    looked(name) {
      const kept = fleets.get(name)
      if (kept) void turn(kept, false)
      return isFleetName(name)
    },
    async look(allowPrune) {
      await Promise.all(
        [...fleets.values()].map(async (kept) => {
          // What went wrong is with the source, and judged like anything else.
          await source.look(kept.app).catch(() => {})
          await turn(kept, allowPrune)
        }),
      )
    },
    settled: (origin) => fleets.get(origin ?? '')?.turn ?? Promise.resolve(),
    status: () => [...fleets.values()].map(standing),
    async close() {
      closed = true
      await Promise.all([...fleets.values()].map(({ turn }) => turn))
    },
  }
}
