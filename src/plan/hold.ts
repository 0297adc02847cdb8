/** What keeps a commit from being deployed for now. What runs is kept running meanwhile, and a rollout that has begun is finished. */
import type { CommitId, HoldKind, Suspension } from '../domain.ts'
import type { Draft } from './draft.ts'
import { openingAt, parseWindows, shownIn } from './window.ts'
import type { Observed, Target } from './world.ts'

type Wanted = Extract<Target, { kind: 'commit' }>

export interface Hold {
  kind: HoldKind
  /** Behind "waiting for". */
  why: string
  /** When it ends by itself; null: an event will tell. */
  until: number | null
  /** There is something to be deployed that waits. */
  news: boolean
}

/** What stands in the way of this commit now; null: nothing. The first of several: what only a person can lift comes before what passes. */
export function holdOn({ commit, steering = {}, skip }: Wanted, observed: Observed): Omit<Hold, 'news'> | null {
  const { suspension, serving, now } = observed
  if (suspension) return { kind: 'suspended', why: `trimtab resume: ${inWords(suspension)}`, until: null }
  if (steering.suspend) {
    const why = `a commit without "suspend: true" in app.yaml: no commit is deployed since ${commit.slice(0, 7)} says so`
    return { kind: 'app.yaml', why, until: null }
  }
  // What is passed over waits for nothing.
  if (skip) return null
  if (!serving && steering.waitsFor && steering.waitsFor.length > 0) {
    return { kind: 'dependencies', why: `${steering.waitsFor.join(', ')} to be live`, until: null }
  }
  return steering.deploy ? closed(steering.deploy, now) : null
}

function closed({ window, timezone }: { window: string; timezone: string }, now: number): Omit<Hold, 'news'> | null {
  const opening = openingAt(parseWindows(window) ?? [], timezone, now)
  if (opening.open) return null
  const opens = Number.isFinite(opening.opens) ? opening.opens : null
  const when = opens === null ? 'never opens' : `opens ${shownIn(timezone, opens)} ${timezone} (in ${roughly(opens - now)})`
  return { kind: 'window', why: `the deploy window: ${when}`, until: opens }
}

/** Plans what follows from it: it is noted once, and waited for. */
export function wait(hold: Hold, commit: CommitId, observed: Observed, draft: Draft): void {
  const { held, now } = observed
  // Where nothing new is there to wait, a person who suspended the app has noted that already.
  if (hold.kind === 'suspended' && !hold.news) lift(observed, draft)
  else if (held?.commit !== commit || held.kind !== hold.kind) {
    draft.do({ action: 'hold', commit, kind: hold.kind, reason: `waiting for ${hold.why}` })
  }
  draft.wait(hold.until === null ? null : hold.until - now, hold.why)
}

/** Nothing waits any more. */
export function lift(observed: Observed, draft: Draft): void {
  const { held } = observed
  if (held) draft.do({ action: 'lift', commit: held.commit, kind: held.kind, reason: `it waits no more for ${ENDED[held.kind]}` })
}

const ENDED: Record<HoldKind, string> = {
  suspended: 'the app to be resumed',
  'app.yaml': 'app.yaml to suspend it no more',
  dependencies: 'other apps to be live',
  window: 'the deploy window',
}

/** `suspended by ana since 2026-01-02 03:04 UTC (a migration)`. */
export function inWords({ by, since, reason }: Suspension): string {
  const at = new Date(since).toISOString().replace('T', ' ').slice(0, 16)
  return `suspended by ${by} since ${at} UTC${reason === '' ? '' : ` (${reason})`}`
}

/** `13 h`: nobody needs to know it more exactly. Rounded up, so that it is never "in 0". */
export function roughly(ms: number): string {
  if (ms <= 90_000) return `${Math.max(1, Math.ceil(ms / 1_000))} s`
  if (ms <= 90 * 60_000) return `${Math.ceil(ms / 60_000)} min`
  if (ms <= 48 * 3_600_000) return `${Math.round(ms / 3_600_000)} h`
  return `${Math.round(ms / 86_400_000)} days`
}
