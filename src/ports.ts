/**
 * The interfaces between the core and the world. Adapters implement them; the core sees nothing else.
 * Every method that fails throws a TrimtabError. "Could not read" is always an error, never an empty answer.
 */
import type {
  AppSpec,
  AppStatus,
  Attempt,
  BuildSettings,
  CommitId,
  Crash,
  Event,
  EventType,
  ForgeKind,
  Held,
  Image,
  Instance,
  InstanceSpec,
  Listen,
  News,
  Release,
  RouteTable,
  Stop,
  Suspension,
  Usage,
} from './domain.ts'
import type { Failure, TrimtabError } from './errors.ts'

// ── Source ─────────────────────────────────────────────────────────────────────────────────────────────────

/** What a repository's branch points at, as last looked up; the commit's objects are in the mirror. */
export interface Head {
  /** The branch's or the tag's name, another ref's full one, or 'HEAD' for a detached one. */
  ref: string
  commit: CommitId
  /** The head commit's whole message. */
  message: string
  committedAt: number
  /** How this commit relates to the one that this branch pointed at before, in this mirror. 'unrelated': no history in common. */
  since: { commit: CommitId; how: 'forward' | 'rewritten' | 'unrelated' } | null
}

/** One entry of a tree; `id` is the git object's. */
export interface TreeEntry {
  name: string
  /** As git writes it: '100644', '100755', '120000' (link), '040000' (folder), '160000' (submodule). */
  mode: string
  id: string
}

export interface Source {
  /**
   * Asks the remote for its refs and, only if the branch moved, fetches. Idempotent; calls for the same repository
   * are serialised, and calls that would ask the same thing at the same time share one question.
   * Errors: SourceUnreachable (retry), RepositoryGone, RepositoryEmpty, BranchMissing.
   */
  look(app: AppSpec): Promise<Head>
  /**
   * What the last look() of this app's branch found, without the network; null before the first. Throws what that look threw, but for a
   * host that did not answer, which says nothing of the branch: what was found before is given then, where there is any.
   */
  head(app: AppSpec): Head | null
  /** Why it cannot be asked just now; null: the last look() went well, or there was none. */
  trouble(app: AppSpec): TrimtabError | null
  /** Somebody has found out for all of its repositories that a host does not answer (null: that it does again): what trouble() tells until the next look(). */
  doubt(app: AppSpec, trouble: TrimtabError | null): void
  /**
   * Whether somebody on the app's lists has signed this commit, and with `commits: every` all that are not in `since`. Returns at once
   * where it has no lists. Throws Untrusted, with who and why; what keeps it from being found out (a missing gpg, an unreadable list) is that too.
   */
  verify(app: AppSpec, commit: CommitId, since: CommitId | null): Promise<void>
  /** Names what the app's lists hold now: another text where that is something else. '' where it has none. Never throws. */
  listsOf(app: AppSpec): string
  /** Paths that differ between two commits. Throws what read() throws. */
  changed(app: AppSpec, from: CommitId, to: CommitId): Promise<string[]>
  /** Folder entries at `path` ('' is the root), in git's order. Throws PathMissing. */
  entries(app: AppSpec, commit: CommitId, path: string): Promise<TreeEntry[]>
  /** The blob at `path`, or null if there is none (or it is not a file). Throws SourceInvalid if larger than `limit` bytes. */
  read(app: AppSpec, commit: CommitId, path: string, limit: number): Promise<Buffer | null>
  /**
   * Writes the tree at `path` into the existing, empty directory `dir`: files, executable bits, links.
   * Throws SourceInvalid, naming the path, for a submodule, a link that leaves the tree, a name that is no plain name
   * ('..', '.git', a NUL), or two names that fall together. Timestamps are the same for every export.
   */
  export(app: AppSpec, commit: CommitId, path: string, dir: string, options?: { omit?: string[] }): Promise<void>
  /** Calls back, soon and possibly too often, when a local repository may have moved. Returns the end of it. Remote ones: does nothing. */
  watch(app: AppSpec, changed: () => void): () => void
  /** Repositories that no app lives in: buildpacks. */
  readonly packs: PackSource
  /** Removes mirrors that none of these apps uses, and those of buildpacks that nobody has asked for in a long time. Idempotent. */
  prune(apps: AppSpec[]): Promise<void>
  /** Ends child processes, watchers, sockets. */
  close(): Promise<void>
}

/** Buildpacks in repositories of their own. A few commits of each are kept, without their history; no credentials are ever sent. */
export interface PackSource {
  /**
   * The commit that a branch, a tag or a whole commit's id stands for now (undefined: HEAD), with its objects in the mirror.
   * Asks the network, unless `ref` is a commit that is here already. Errors, none of which names a line of a file:
   * SourceUnreachable (retry), RepositoryGone, RepositoryEmpty, BranchMissing.
   */
  fetch(repo: string, ref: string | undefined): Promise<CommitId>
  /** Folder entries at `path` of a commit that fetch() has given; [] where there is no such folder. */
  entries(repo: string, commit: CommitId, path: string): Promise<TreeEntry[]>
  /** As Source.export(), of the whole commit; what is missing of it is fetched. */
  export(repo: string, commit: CommitId, dir: string): Promise<void>
}

// ── Build ──────────────────────────────────────────────────────────────────────────────────────────────────

export interface BuildRequest {
  app: AppSpec
  commit: CommitId
  settings: BuildSettings
}

/** A request with its effective inputs resolved: the same key means the same image. */
export interface BuildPlan extends BuildRequest {
  key: string
  /**
   * Present: a draft. Buildpacks have yet to be fetched before all inputs are known; its key stands for that alone, there will
   * never be an image of it, and to want it is to have the fetching tried (again).
   */
  draft?: true
}

export type BuildState =
  | { state: 'none' }
  /** `position`: 1 is the next to start; 0 as long as that is not known. */
  | { state: 'queued'; position: number }
  /** `step`: what its log calls what it does now. */
  | { state: 'running'; startedAt: number; step?: string }
  /** `pulled`: nothing was built, it was in a registry. */
  | { state: 'succeeded'; image: Image; durationMs: number; pulled?: { from: string } }
  | { state: 'failed'; failure: Failure; retry: boolean; durationMs: number }

export interface Builder {
  /** Resolves every effective input (tree without app.yaml, buildpacks by content or commit, build env, stack) into a key. Pure but for reading git; memoised. */
  plan(request: BuildRequest): Promise<BuildPlan>
  /** The image of this key, if it is there and whole. */
  find(key: string): Promise<Image | null>
  /**
   * Says which build this app wants now; null: none. Level-triggered and idempotent: asking again for the same key changes
   * nothing, another key replaces the former, and a build that no app wants any more is cancelled. A failed build is
   * remembered until the app wants something else, or `again` is true.
   */
  want(app: string, build: BuildPlan | null, again?: boolean): void
  /** How the build of this key stands. */
  state(key: string): BuildState
  /** The log of the build of this key, as text so far; null if there never was one here. */
  log(key: string): Promise<string | null>
  /** Streams the log of this key from its beginning until the build has ended. */
  followLog(key: string, signal: AbortSignal): AsyncIterable<string>
  /** Called at every change of state (queued, started, ended) of a build. */
  onChange(changed: (build: BuildPlan, state: BuildState) => void): void
  /**
   * Deletes images whose keys are not among those to keep, and left-overs of builds that did not end. `keep` is asked again
   * right before each is deleted: a release may have been made of it meanwhile.
   */
  prune(keep: () => Set<string>): Promise<void>
  /** Cancels what is running and waits for its end. */
  close(): Promise<void>
}

/** A file that is deployed without a build, as it is kept. */
export interface StoredArtifact {
  sha256: string
  /** What it was called when it came. */
  name: string
  size: number
  storedAt: number
}

/** Artifacts by their hash, wherever they came from. */
export interface Artifacts {
  /**
   * Takes one in: there is all of it, or nothing. Idempotent: the same content is the same artifact. Throws BuildFailed where it is
   * larger than the operator allows, DiskFull (retry).
   */
  put(name: string, content: AsyncIterable<Uint8Array>): Promise<StoredArtifact>
  /** Newest first. */
  list(): Promise<StoredArtifact[]>
  /** Throws NotFound; Usage where an image of these keys was made of it. */
  remove(sha256: string, keep: ReadonlySet<string>): Promise<void>
}

// ── Runtime ────────────────────────────────────────────────────────────────────────────────────────────────

/** Where a one-off's terminal goes. */
export interface Terminal {
  stdin: NodeJS.ReadableStream | null
  stdout: NodeJS.WritableStream
  stderr: NodeJS.WritableStream
  /** Ends the one-off (SIGTERM, then SIGKILL) when aborted. */
  signal: AbortSignal
  /** Present: it is a person's. Calls `resized` at once with its size, and at every change. Runtimes without terminals take no note of it. */
  tty?: { onSize(resized: (size: { columns: number; rows: number }) => void): void }
}

export interface LogLine {
  at: number | null
  instance: string
  line: string
}

export interface Runtime {
  /** All instances of this app, running or ended and not yet removed. Throws RuntimeUnavailable if it cannot be read. */
  list(app: string): Promise<Instance[]>
  /** Apps that have at least one instance, also those no longer declared. */
  apps(): Promise<string[]>
  /**
   * Starts an instance; resolves as soon as it is started, not when it is ready. Idempotent by name: one that exists is left alone.
   * `avoid`: addresses that a route file still names; none of them is given to the new instance.
   * Errors: StartFailed, NoPort, DiskFull (retry).
   */
  start(spec: InstanceSpec, avoid: Listen[]): Promise<Instance>
  /** Sends the stop signal to the whole group and arms SIGKILL for after the timeout; resolves at once. Idempotent, survives a restart of trimtab. */
  stop(name: string, stop: Stop): Promise<void>
  /** Forgets an exited instance (its log stays for a while). Nothing happens if there is none. Throws for one that runs. */
  remove(name: string): Promise<void>
  /** Runs a one-off attached to a terminal; resolves with its exit code (128 + n for signal n). It does not outlive trimtab. */
  run(spec: InstanceSpec, terminal: Terminal): Promise<number>
  /** Runs a command inside of a running instance; resolves with its exit code. Throws Usage where this runtime cannot. */
  exec(app: string, name: string, command: string[], terminal: Terminal): Promise<number>
  /** What the running instances of an app use; [] where this runtime cannot tell. Takes a moment: it is measured. */
  usage(app: string): Promise<Usage[]>
  /** The last `lines` lines of one instance's output. Also for a removed instance while its log is kept. [] if there is none. */
  tail(app: string, name: string, lines: number): Promise<string[]>
  /** Output of all instances of an app: the last `lines` of each, then, if follow, what comes, until aborted. New instances are picked up. */
  logs(app: string, options: { process?: string; lines: number; follow: boolean; signal: AbortSignal }): AsyncIterable<LogLine>
  /** Called when something of this app may have changed: "look again". */
  onChange(changed: (app: string) => void): void
  /** Stops watching. What runs goes on. */
  close(): Promise<void>
}

// ── Router ─────────────────────────────────────────────────────────────────────────────────────────────────

export interface Router {
  /** Makes sure that the router runs (starts it where it is ours to start). Idempotent. Throws RouterUnavailable. True: it had to be started. */
  ensure(): Promise<boolean>
  /** What the app's route file says now; null if there is none. Throws if it cannot be read or was not written by us. */
  read(app: string): Promise<RouteTable | null>
  /** Apps that have a route file. */
  apps(): Promise<string[]>
  /** Writes the app's route file: a temporary name in the same directory, then renamed. Idempotent. */
  write(table: RouteTable): Promise<void>
  /** Removes the app's route file. Idempotent. */
  remove(app: string): Promise<void>
  /** Whether the router serves exactly this table (null: nothing of this app) now. Throws RouterUnavailable where it does not answer. */
  serves(app: string, table: RouteTable | null): Promise<boolean>
  /** Requests and upgraded connections in flight to this address; null where this router cannot tell. */
  inFlight(address: Listen): Promise<number | null>
  /** Why the router does not take the app's route file, in its own words; null where it has no complaint. */
  complaint(app: string): Promise<string | null>
  /** Where a browser finds this route. */
  url(route: { host: string; path: string }): string
  /** Stops the router, if it is ours to stop. */
  stop(): Promise<void>
  close(): Promise<void>
}

// ── Store ──────────────────────────────────────────────────────────────────────────────────────────────────

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

// ── Forge ──────────────────────────────────────────────────────────────────────────────────────────────────

/** What a commit's check shows. */
export interface CommitStatus {
  commit: CommitId
  /** `trimtab/<app>` */
  context: string
  state: 'pending' | 'success' | 'failure'
  /** One line; each forge cuts it to what it takes. */
  description: string
  /** Where it leads. Absent: nowhere. */
  url?: string
}

export interface PullRequest {
  number: number
  title: string
  /** The ref to fetch it from, in the repository itself, by its full name. */
  ref: string
  commit: CommitId
  /** The head is in another repository. */
  isFork: boolean
  labels: string[]
  updatedAt: number
}

/** A git host's API, for one repository. Every method throws ForgeRefused (no retry) or SourceUnreachable (retry), which name the host and never a token. */
export interface Forge {
  setStatus(status: CommitStatus): Promise<void>
  /** GitHub's deployments; absent where there is no such thing. */
  deployment?(deployment: {
    commit: CommitId
    environment: string
    state: CommitStatus['state'] | 'inactive'
    url?: string
    description: string
  }): Promise<void>
  /** Makes the webhook, or sets right one that leads to the same address. */
  installWebhook(hook: { url: string; secret: string }): Promise<'made' | 'updated'>
  /** Open ones, all of them. */
  pullRequests(): Promise<PullRequest[]>
  /** Whether this label was set by somebody who may push to the repository. False where that cannot be found out. */
  isLabelTrusted(number: number, label: string): Promise<boolean>
}

// ── Control: what the HTTP API and, through it, the command line ask of a running platform ─────────────────

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
  /** Lists of apps in git; and apps that nobody declares any more of which something is kept. */
  lists(): Promise<{ fleets: FleetStatus[]; orphans: Orphan[] }>
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
