/** History and decisions. */
import type { AppSpec, Attempt, CommitId, Crash, Event, EventType, Held, News, Release, Suspension } from '../domain.ts'
import type { Failure } from '../errors.ts'
import type { CommitStatus } from './forge.ts'

/** What the store knows of one app that a pass needs. */
export interface AppRecord {
  attempt: Attempt | null
  serving: Release | null
  /** When `serving` went live. */
  liveSince: number | null
  pending: Release | null
  /** How far the release phase of `pending` is. */
  phase: 'todo' | 'running' | 'done'
  retired: Set<number>
  lastVersion: number
  crashes: Crash[]
  /** Instance name → since when it is drained. */
  draining: Map<string, number>
  freshFrom: number
  /** Since when it is down: stopped until `restart`. */
  suspendedSince: number | null
  /** No commit is deployed until `resume`; what runs stays. */
  suspension: Suspension | null
  held: Held | null
}

export interface NewEvent {
  app: string
  type: EventType
  commit?: CommitId | null
  release?: number | null
  message: string
  durationMs?: number | null
}

/**
 * History and decisions. Synchronous: a transaction cannot be torn by an await. Each method is one transaction.
 * Losing the store loses history and nothing else.
 */
export interface Store {
  read(app: string): AppRecord
  /** Opens an attempt at this commit (or notes that it is skipped); what was pending is superseded. */
  begin(app: string, attempt: { commit: CommitId; settings: string; skip: boolean; why?: string }): void
  /** Notes that a build of this key is run for the open attempt. */
  building(app: string, key: string): void
  /** Apps whose open attempt waits for the build of this key. */
  waitingFor(key: string): string[]
  /** Creates a release, pending (in place of what was), or live at once if adopted. Claims its routes; throws RouteTaken if another app has one of them. */
  release(release: Omit<Release, 'status' | 'createdAt'>, adopted: boolean): Release
  phase(app: string, version: number, phase: 'running' | 'done'): void
  /** pending → live, live → superseded, the attempt has succeeded. */
  goLive(app: string, version: number): void
  /** The attempt has succeeded without a new release; what was pending is superseded. */
  settle(app: string): void
  /** The attempt has failed; what was pending has too. */
  fail(app: string, failure: Failure): void
  retryLater(app: string, failure: Failure, at: number): void
  drain(app: string, instance: string): void
  undrain(app: string, instance: string): void
  /** Forgets the drain of an instance that is gone; notes the crash, if it was one. */
  ended(app: string, instance: string, crash: Crash | null): void
  /** Somebody asked: the last attempt, if it failed, is tried again. */
  again(app: string): void
  /** `down`: it is to be stopped. */
  suspend(app: string): void
  /** Lifts `down`; every instance that runs now is to be replaced. */
  restart(app: string): void
  /** Nothing new is deployed from now on; null: it is again. Whoever was first stays. */
  setSuspension(app: string, suspension: Omit<Suspension, 'since'> | null): void
  /** Notes that a commit waits, and for what; null: none does. Its `since` stays while app.yaml suspends the app, whichever commit says so. */
  hold(app: string, held: Omit<Held, 'since'> | null): void
  /** Apps of which a commit waits for other apps. */
  waitingForOthers(): string[]
  /** Routes that an app has claimed: "host path" → app. */
  claims(): Map<string, string>
  /**
   * Takes over what a route file shows to be served, where the store knows of no claim of this app (it is new), and as far as
   * no other app has it. Held until a release of the app goes live.
   */
  claim(app: string, routes: Array<{ host: string; path: string }>): void
  /** The app is gone: nothing of it is live, its routes are free. Its history stays. */
  forget(app: string): void
  /** Newest first. */
  releases(app: string, limit: number): Release[]
  /** Image keys of the last `count` releases of every app that went live, and of every pending one. */
  keptImages(count: number): Set<string>
  buildRecord(record: { app: string; commit: CommitId; key: string; outcome: string; message: string; durationMs: number }): void
  /** Key of the newest build that this app asked for; null if none. */
  lastBuild(app: string): string | null
  /** Tells those who watch, and keeps it. On a full disk it is only told (id 0): history never stands in the way. */
  event(event: NewEvent): Event
  /** Oldest first, the last `limit`. */
  events(filter: { app?: string | undefined; limit: number; afterId?: number }): Event[]
  onEvent(seen: (event: Event) => void): () => void
  readonly outbox: Outbox
  /** Pull requests that this app shows or has refused, as last known; those that are shown in the order in which they came. */
  previews(app: string): PreviewRecord[]
  setPreviews(app: string, records: PreviewRecord[]): void
  /** Apps that have such records. */
  previewed(): string[]
  /** The last good list of this fleet; null: there was none yet. */
  fleet(name: string): FleetRecord | null
  setFleet(name: string, record: FleetRecord): void
  /** Forgets the lists of all other fleets. */
  keepFleets(names: string[]): void
  /** Apps that ever had a release, and what is kept of them, by name. */
  histories(): AppHistory[]
  close(): void
}

/** A fleet's list as it is remembered. Its apps are as the repository declares them: nothing of what the operator says of them. */
export interface FleetRecord {
  commit: CommitId
  apps: AppSpec[]
  readAt: number
}

export interface AppHistory {
  app: string
  releases: number
  /** When the last of them was made. */
  lastAt: number
}

/** An app that nobody declares any more. `lastAt`: ISO 8601. */
export type Orphan = Omit<AppHistory, 'lastAt'> & { lastAt: string }

/** A pull request as it is remembered. `reason`: why it is refused; '' for one that is shown. */
export interface PreviewRecord {
  number: number
  state: 'shown' | 'refused'
  ref: string
  isFork: boolean
  commit: CommitId
  reason: string
}

/** What is to be told to somebody outside. Holds what to say, never an address or a secret: those are looked up when it is sent. */
export type Report = {
  /** Who: a forge's repository, or one of those who are notified, by a name that tells them apart. */
  target: string
  app: string
  commit: CommitId
} & (
  | { topic: 'status'; says: Omit<CommitStatus, 'commit'> }
  | { topic: 'deployment'; says: { state: CommitStatus['state'] | 'inactive'; description: string; url?: string } }
  | { topic: 'news'; says: News }
)

/** What was put in line last for a target and a topic. `state`: equal texts say the same. News are told to all: target ''. */
export interface Told {
  target: string
  topic: Report['topic']
  commit: CommitId
  state: string
}

export interface QueuedReport {
  id: number
  report: Report
  /** When it was put in. */
  at: number
  /** How often it was tried in vain. */
  tries: number
}

/** Somebody who is behind: something waits for it. */
export interface Recipient {
  target: string
  waiting: number
  /** Tries in vain, in a row. */
  failures: number
  /** Not to be tried before this time. */
  notBefore: number
}

/** Reports on their way out: in order for each target, each until it is sent or given up. Each method is one transaction. */
export interface Outbox {
  /** What this app's reports said last. */
  told(app: string): Told[]
  /**
   * Puts reports in line and notes them as told, both or neither. A status or a deployment takes the place of one of the same target,
   * app and commit that still waits. Gives what has to be given up because too much waits for a target: its oldest.
   */
  put(app: string, reports: Report[], told: Told[]): QueuedReport[]
  /** The app is gone: what it said last does not matter any more. */
  forget(app: string): void
  /** Apps of which something was told. */
  apps(): string[]
  /** Everybody something waits for, those first who have waited longest. */
  recipients(): Recipient[]
  /** The first in line; null: nothing waits. */
  next(target: string): QueuedReport | null
  /** It has arrived: the target is well, and what was given up of the same app and topic there is overtaken. */
  sent(queued: QueuedReport): void
  /** It has not arrived, and is first in line again at `until`. */
  failed(queued: QueuedReport, error: string, until: number): void
  /** It is given up, and kept to be seen, as the last 1,000 are. False: as was the one before it, for the same reason. */
  drop(queued: QueuedReport, error: string): boolean
  /** There is no such target any more: nothing waits for it, and nothing was told to it. */
  abandon(target: string): void
  /** Somebody has changed something: whoever failed may be tried at once, and what was given up counts as never told. */
  again(): void
  /** What of this app has not arrived; null: nothing to complain of. */
  trouble(app: string): { waiting: number; dropped: number; lastError: string } | null
}
