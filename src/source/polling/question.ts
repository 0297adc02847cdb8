/** One question to a repository (what does this branch, tag or ref stand for?), and every app that wants to hear the answer. */
import type { AppSpec, CommitId } from '../../domain.ts'
import { remoteOf } from '../address.ts'
import { hostOf } from '../hostFault.ts'
import { Announced } from './announced.ts'
import type { Host } from './host.ts'
import type { Schedule } from './schedule.ts'

export interface Question {
  readonly key: string
  /** The repository's address. */
  readonly url: string
  /** null: a path. */
  readonly host: Host | null
  /** By name; each asks the same. */
  apps: Map<string, AppSpec>
  schedule: Schedule
  /** Until it is due. */
  timer: NodeJS.Timeout | null
  /** In a row, and its own: those of its host are the host's. */
  failures: number
  commit: CommitId | null
  readonly announced: Announced
  /** Whether it was told that it is asked less often. */
  isSlowed: boolean
  /** null: nobody watches yet. */
  unwatch: (() => void) | null
}

/** Apps that ask the same, under what they have in common: the repository, however it is spelled, what they follow in it, what opens it. */
export interface Group {
  key: string
  url: string
  host: string | null
  apps: Map<string, AppSpec>
}

export function grouped(apps: AppSpec[]): Map<string, Group> {
  const groups = new Map<string, Group>()
  for (const app of apps) {
    const { url, host, credentials } = placeOf(app)
    const { branch = null, tag = null, ref = null, auth = null } = app
    const key = JSON.stringify([url, branch, tag, ref, auth, credentials])
    const group = groups.get(key) ?? { key, url, host, apps: new Map() }
    groups.set(key, group)
    group.apps.set(app.name, app)
  }
  return groups
}

function placeOf(app: AppSpec) {
  try {
    const remote = remoteOf(app)
    return { url: remote.url, host: hostOf(remote), credentials: remote.credentials }
  } catch {
    // What cannot be asked is said by whoever is asked for it.
    return { url: app.repo, host: null, credentials: null }
  }
}

export function newQuestion(about: Pick<Question, 'key' | 'url' | 'host' | 'schedule'>): Question {
  const unasked = { apps: new Map(), timer: null, failures: 0, commit: null, isSlowed: false, unwatch: null }
  return { ...about, ...unasked, announced: new Announced() }
}
