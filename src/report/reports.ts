/** What has to be told of one app now: the difference between how it stands and what was said of it last. */
import type { News, NotifySpec } from '../domain.ts'
import { type Failure, headline } from '../errors.ts'
import type { AppRecord, Report, Told } from '../ports.ts'
import { beginning, ending, oneLine, printable } from '../text.ts'
import { heldOf, type Outcome, outcomeOf, superseded } from './outcome.ts'
import { changeOf, standingOf } from './standing.ts'
import { targetOf } from './targets.ts'

/** So much of a log is what somebody reads in a message. */
const DETAILS = 2_500
const REASON = 500

export interface Situation {
  app: string
  record: AppRecord
  told: Told[]
  /** Its repository at a forge; null: it is on none whose API is to be asked. */
  forge: string | null
  notify: NotifySpec[]
  /** The address of its first route; null: it has none. */
  url: string | null
  now: number
}

export interface Due {
  reports: Report[]
  told: Told[]
  /** To be looked at again at this time, whatever happens; null: when something happens. */
  until: number | null
}

export function reportsOf(situation: Situation): Due {
  const checks = checksOf(situation)
  const news = newsOf(situation)
  return { reports: [...checks.reports, ...news.reports], told: [...checks.told, ...news.told], until: news.until }
}

/** Status and deployment, pending first, at every commit that is attempted. A target that has no deployments takes no note of them. */
function checksOf({ app, record, told, forge: target, url }: Situation): Omit<Due, 'until'> {
  const due: Omit<Due, 'until'> = { reports: [], told: [] }
  const [attempted, held] = [outcomeOf(record), heldOf(record)]
  if (target === null) return due
  for (const topic of ['status', 'deployment'] as const) {
    const before = told.find((one) => one.target === target && one.topic === topic)
    let last = before
    for (const outcome of [attempted, held]) {
      if (!outcome) continue
      // What waits came later: of what was attempted everything has been told by then.
      if (outcome === attempted && held && last?.state.startsWith('pending: waits')) continue
      const state = `${outcome.state}: ${outcome.description}`
      const { commit } = outcome
      if (last?.commit === commit && last.state === state) continue
      if (last?.state.startsWith('pending') && last.commit !== commit) {
        due.reports.push(check(topic, target, app, superseded(last.commit, commit), url))
      }
      due.reports.push(check(topic, target, app, outcome, url))
      last = { target, topic, commit, state }
    }
    if (last && last !== before) due.told.push(last)
  }
  return due
}

function check(topic: 'status' | 'deployment', target: string, app: string, outcome: Outcome, url: string | null): Report {
  const { commit, state, description } = outcome
  const says = { state, description, ...(url !== null && { url }) }
  if (topic === 'deployment') return { target, app, commit, topic, says }
  return { target, app, commit, topic, says: { context: `trimtab/${app}`, ...says } }
}

function newsOf({ app, record, told, notify, url, now }: Situation): Due {
  const { standing, until } = standingOf(record, now)
  const last = told.find(({ topic }) => topic === 'news')
  const kind = standing && changeOf(last ?? null, standing)
  if (!standing || !kind) return { reports: [], told: [], until }
  const { commit, state, failure } = standing
  const serving = record.serving && { release: record.serving.version, commit: record.serving.commit }
  const says: News = { kind, app, commit, at: now, serving, failure: failure && explained(failure), url }
  const targets = notify.filter(({ on, apps }) => on.includes(kind) && (apps?.includes(app) ?? true)).map(targetOf)
  return {
    reports: [...new Set(targets)].map((target) => ({ target, app, commit, topic: 'news', says })),
    told: [{ target: '', topic: 'news', commit, state }],
    until,
  }
}

function explained({ code, message }: Failure): NonNullable<News['failure']> {
  const [first = '', ...rest] = message.split('\n')
  const details = printable(rest.join('\n')).trimEnd()
  // Of a log the end tells, of a file's problems the first.
  const cut = code === 'ManifestInvalid' || code === 'ConfigInvalid' ? beginning : ending
  return { code, reason: beginning(oneLine(headline(first)), REASON), details: cut(details, DETAILS) }
}

/** The app is gone for good: nothing is deployed of it any more. */
export function farewell(app: string, told: Told[]): Report[] {
  return told.flatMap(({ target, topic, commit }): Report[] =>
    topic === 'deployment' ? [{ target, app, commit, topic, says: { state: 'inactive', description: 'the app is gone' } }] : [],
  )
}

export function isGone({ attempt, serving, pending }: AppRecord): boolean {
  return attempt === null && serving === null && pending === null
}
