/** What the HTTP API and, through it, the command line ask of a running platform. */
import type { AppStatus, CommitId, Event, ForgeKind, Release } from '../domain.ts'
import type { Failure } from '../errors.ts'
import type { StoredArtifact } from './build.ts'
import type { LogLine, Terminal } from './runtime.ts'
import type { Orphan } from './store.ts'

export interface PlannedAction {
  action: string
  target: string
  reason: string
}

/** What a pass over one app would do now. No actions and nothing to wait for: converged. */
export interface PlannedApp {
  app: string
  actions: PlannedAction[]
  /** In plain words. */
  waiting: string[]
}

/** What a forge has to be told so that it announces pushes. */
export interface Webhook {
  /** The app's, or the repository's id. */
  name: string
  /** Where deliveries go to. */
  url: string
  /** False: platform.yaml does not say where a forge reaches trimtab, so the address is that of the listener. */
  isPublic: boolean
  /** What they are signed with; null: none, so that no delivery is taken. */
  secret: string | null
  /** What is at the other end, as far as that is known or can be guessed. */
  forge: ForgeKind | null
  /** Pull requests are to be announced too. */
  previews: boolean
  /** There is an API to install it by. */
  installable: boolean
}

export type SyncUpdate =
  | { kind: 'log'; text: string }
  | { kind: 'event'; event: Event }
  | { kind: 'result'; ok: boolean; app: string; status: AppStatus }

/** A list of apps in git, and how it stands. */
export interface FleetStatus {
  /** `fleet <address> <file>` */
  fleet: string
  /** Of the list in force; null: there never was one. */
  commit: CommitId | null
  /** ISO 8601: when that was read. */
  since: string | null
  apps: string[]
  /** Why what is in git now is not in force. */
  failure: Failure | null
}

/** Implemented by the running platform. Unknown app names throw NotFound with a "did you mean". */
export interface Control {
  version(): { version: string; pid: number; state: string; runtime: string; router: string; startedAt: string }
  /** `usage`: with what its instances use, which takes a moment to measure. */
  status(app?: string, usage?: boolean): Promise<AppStatus[]>
  /**
   * What is declared where: why the operator's file as it is now is not (wholly) in force, null: it is; lists of apps in git; and apps that
   * nobody declares any more of which something is kept.
   */
  lists(): Promise<{ refused: string | null; fleets: FleetStatus[]; orphans: Orphan[] }>
  /** Newest first. */
  releases(app: string): Promise<Release[]>
  /** Oldest first: the last `limit` events, then, if follow, what comes, until aborted. */
  events(options: { app?: string; limit: number; follow: boolean; signal: AbortSignal }): AsyncIterable<Event>
  logs(app: string, options: { process?: string; lines: number; follow: boolean; signal: AbortSignal }): AsyncIterable<LogLine>
  /** The build log of the newest build of this app; follows a running one if asked. */
  buildLog(app: string, options: { follow: boolean; signal: AbortSignal }): AsyncIterable<string>
  /** What a pass would do now, and why; changes nothing (it does not fetch either). */
  plan(app?: string): Promise<PlannedApp[]>
  /** Looks at git now, and tries a failed commit again. With wait: streams build log and events, ends with a result per app. */
  sync(options: { app?: string; wait: boolean; allowPrune?: boolean; signal: AbortSignal }): AsyncIterable<SyncUpdate>
  /** Replaces every instance of the current release by a new one, without a gap; lifts `down`. */
  restart(app: string): Promise<void>
  /** No commit is deployed until `resume`; what runs stays. Idempotent: whoever was first stays. Gives the status then. */
  suspend(app: string, options: { by: string; reason: string }): Promise<AppStatus>
  /** Lifts `suspend`, and nothing else: neither `down` nor what app.yaml says. Idempotent. */
  resume(app: string, options: { by: string }): Promise<AppStatus>
  /** Stops one app until `restart`, or (no app) every app and the router, and then ends `up`. Streams lines for a person. */
  down(app?: string): AsyncIterable<string>
  /** Takes in an artifact, and has apps that wait for it looked at. */
  putArtifact(name: string, content: AsyncIterable<Uint8Array>): Promise<StoredArtifact>
  /** Newest first. */
  artifacts(): Promise<StoredArtifact[]>
  /** Removes the one artifact whose hash begins so. Throws NotFound, and Usage for one that a release uses. */
  removeArtifact(sha256: string): Promise<StoredArtifact>
  /** What is to be clicked, with the secret. `name`: an app's, or a repository's id. */
  webhook(name: string): Promise<Webhook>
  /** The repositories that apps and lists of apps are in, and where a delivery goes that is for all of one. */
  webhooks(): Promise<Array<{ repository: string; url: string; apps: string[]; lists: number }>>
  /** Makes it by the forge's API, or sets it right. Throws ConfigInvalid, which says what is missing, and what the forge throws. */
  installWebhook(name: string): Promise<{ url: string; done: 'made' | 'updated' }>
  /** A one-off in the release that is live; or, with `inside` ('web.1', or an instance's whole name), a command in a running instance. */
  run(app: string, command: string[], terminal: Terminal, inside?: string): Promise<number>
}
