/**
 * The nouns. Everything here is plain data: it can be printed, stored, compared and replayed.
 * Times are milliseconds since the epoch, durations milliseconds, sizes bytes.
 */
import type { Failure } from './errors.ts'

/** 40 (or 64) lower-case hexadecimal digits. */
export type CommitId = string

// ── What the operator declares (platform.yaml) ─────────────────────────────────────────────────────────────

/** One app as the operator declares it. */
export interface AppSpec {
  name: string
  /** An absolute local path, or a file://, http://, https://, ssh:// or scp-like address. */
  repo: string
  /** Absent: the remote's HEAD. */
  branch?: string
  /** In place of a branch: of the tags of this pattern (`v*`), the one of the highest semantic version. */
  tag?: string
  /** In place of a branch: a ref by its full name, such as refs/pull/7/head. Only trimtab itself makes such apps. */
  ref?: string
  /** Folder of the app inside the repository, with '/' between; '' is the root. Never absolute, never with '..'. */
  path: string
  auth?: Auth
  /** How often its repository is asked. Absent: as the platform says. */
  poll?: Poll
  /** Absent: the platform's. */
  webhook?: { secret: string }
  /** Whose commits may be deployed. Absent: everybody's who can push. */
  verify?: Verify
  /** The API of the host that its repository is on. Absent: there is none to be asked. */
  forge?: ForgeSpec
  previews?: PreviewsSpec
  /** Present: it is a pull request of another app, made by trimtab. */
  preview?: Preview
}

/** What opens a repository. Paths are absolute. Never shown. */
export type Auth =
  | { token: string }
  | { username: string; password: string }
  /** ssh. Absent known hosts: those of the user who runs trimtab. */
  | { key: string; knownHosts?: string }
  /** Tokens of an installation of a GitHub App, an hour each. `key`: its private key, a PEM file. Absent installation: the one that has the repository. */
  | { githubApp: { id: string; key: string; installation?: string; api?: string } }

export type Poll = { everyMs: number } | { cron: string }

/** Lists of who may sign, as absolute paths: ssh-keygen's allowed signers, or armoured OpenPGP keys. At least one of them. */
export interface Verify {
  signers?: string
  keyring?: string
  /** `every`: also of the commits between the deployed one and the head. */
  commits: 'head' | 'every'
}

export type ForgeKind = 'github' | 'gitea' | 'forgejo' | 'gitlab' | 'bitbucket'

export interface ForgeSpec {
  kind: ForgeKind
  /** Address of its API, without a slash at the end. */
  api: string
  token: string
  /** Bitbucket's app passwords come with a user. */
  username?: string
}

export interface PreviewsSpec {
  /** Pull requests with this label get one. */
  label: string
  limit: number
  /** From the last change of the pull request. */
  ttlMs: number
}

/** Which pull request an app shows. */
export interface Preview {
  /** The app it is a preview of. */
  of: string
  number: number
  /** It comes from a fork: it gets no secrets. */
  isFork: boolean
  /** Of a fork: what the label was set for, and the only commit that may be deployed. */
  commit?: CommitId
}

/** The list of apps in a repository of its own. */
export interface FleetSpec {
  repo: string
  branch?: string
  /** The file with `apps:`. */
  path?: string
  /** In its place: every match of this pattern is an app.yaml, its folder an app. */
  discover?: string
  auth?: Auth
  poll?: Poll
  webhook?: { secret: string }
  verify?: Verify
}

/** Who is told of an app's changes of state. */
export type NotifySpec = { on: NotifyOn[]; apps?: string[] } & (
  | { kind: 'webhook'; url: string; secret: string }
  | { kind: 'slack'; url: string }
  | { kind: 'email'; server: string; username?: string; password?: string; from: string; to: string[] }
)

export type NotifyOn = 'live' | 'failed' | 'recovered'

export interface PlatformSpec {
  domain: string
  /** Absolute path of the state directory. */
  state: string
  poll: Poll
  http: Listen
  hooks: HooksSpec
  runtime: RuntimeSpec
  router: RouterSpec
  builds: BuildsSpec
  /** The image that container builds begin from, and that runs what they make. */
  stack: { image: string }
  /** Images that artifacts are laid over, by the name that an app.yaml knows. */
  bases: Record<string, string>
  artifacts: ArtifactsSpec
  /** Credentials for image registries, by host. */
  registries: Record<string, { username: string; password: string }>
  /** Where built images are kept besides the engine. Absent: nowhere. */
  registry?: RegistrySpec
  /** What apps may name as `{secret: name}`. Never shown. */
  secrets: Record<string, string>
  git: GitSpec
  apps: AppSpec[]
  /** Repositories that list apps besides `apps`. */
  fleets: FleetSpec[]
  notify: NotifySpec[]
}

/** What comes in at /hooks. */
export interface HooksSpec {
  /** For every app that names none of its own. */
  secret?: string
  /** Where a forge reaches trimtab's `http` from outside, without a slash at the end. */
  url?: string
  /** The largest body. */
  bytes: number
  /** So many deliveries one address may make in a minute. */
  perMinute: number
}

/** `auto` is decided when trimtab starts; from then on it is one of the others. */
export type RuntimeSpec =
  | ProcessRuntimeSpec
  | DockerRuntimeSpec
  | { kind: 'auto'; process: ProcessRuntimeSpec; docker: DockerRuntimeSpec }

export interface ProcessRuntimeSpec {
  kind: 'process'
  ports: { from: number; to: number }
}

export interface DockerRuntimeSpec {
  kind: 'docker'
  /** Absolute path of the engine's socket. Absent: DOCKER_HOST where that is a unix:// address, else /var/run/docker.sock. */
  socket?: string
  /** Tells platforms on one engine apart: the value of the label trimtab.platform. Absent: derived from the state directory. */
  name?: string
  /** The network the instances are on. Absent: one of the platform's own, trimtab-<name>. */
  network?: string
  /** Its addresses, such as 10.86.0.0/16. Absent: what the engine finds to be free. */
  subnet?: string
}

export type RouterSpec = { kind: 'embedded'; listen: Listen } | TraefikSpec

export interface TraefikSpec {
  kind: 'traefik'
  /** Who runs it: trimtab, as a process or as a container, or somebody else. */
  run: { by: 'binary'; binary: string } | { by: 'container'; image: string } | { by: 'external'; routes: string; api: string }
  listen: Listen
  /** Absent: no HTTPS. */
  https?: Https
}

export interface Https {
  listen: Listen
  /** Absent: certificates come from `files` alone. */
  acme?: {
    email?: string
    challenge: 'http' | 'tls'
    /** Address of the authority's directory. */
    directory: string
    /** Absolute path of a PEM file with the authority's own CA, where it is a private one. */
    ca?: string
  }
  /** Absolute paths of PEM files. */
  files: Array<{ certificate: string; key: string }>
  /** Plain HTTP requests are sent on to HTTPS. */
  redirect: boolean
  /** Strict-Transport-Security; absent: none is sent. */
  hsts?: { maxAgeSeconds: number; includeSubdomains: boolean; preload: boolean }
}

export interface BuildsSpec {
  concurrency: number
  timeoutMs: number
  ca?: string
  env: Record<string, string>
  /** Limits of one build in a container. */
  memoryBytes?: number
  cpus?: number
  /** What it may have written at a time: in the app's folder, in scratch folders, in the cache. */
  diskBytes?: number
  pids?: number
}

export interface RegistrySpec {
  /** `host[:port][/prefix]`, as image names begin. */
  address: string
  /** Absent: those of `registries` for its host, or none. */
  auth?: { username: string; password: string }
}

/** What an artifact's address may be, and how large it. */
export interface ArtifactsSpec {
  allow: Array<'https' | 'http'>
  /** Addresses of this machine, and link-local ones, may be asked too. */
  local: boolean
  /** The largest there may be. */
  sizeBytes: number
}

export interface GitSpec {
  /** The transports that addresses out of a repository may use. */
  allow: Transport[]
  /** Credentials by host (`host` or `host:port`), for apps that name none: those of a fleet may name none. */
  credentials: Record<string, Auth>
  /** APIs by host, for the same. */
  forges: Record<string, ForgeSpec>
}

export type Transport = 'https' | 'ssh' | 'http' | 'file'

export interface Listen {
  host: string
  port: number
}

// ── What a commit declares (app.yaml, Procfile) ────────────────────────────────────────────────────────────

/** `app.yaml` and `Procfile` of one commit, validated, defaults not yet applied where they depend on the image. */
export interface Manifest {
  name?: string
  build: BuildSettings
  env: Record<string, string>
  /** Keyed by process type. From `processes:`; command absent where only the Procfile or the buildpack gives it. */
  processes: Record<string, ProcessSettings>
  /** From the Procfile, in its order, `release` left out. Absent: there is no Procfile. */
  procfile?: Record<string, string>
  /** The release phase's command: app.yaml's, else the Procfile's. */
  release?: string
  /** Absent: the default route, <app>.<domain> → web. */
  routes?: RouteSettings[]
  /** The commit is not deployed; what runs stays. */
  suspend?: true
  /** Patterns of paths in the repository: a commit that changes nothing of them is not deployed. */
  paths?: string[]
  /** Apps that are live before this one is deployed first, and started before it. */
  dependsOn?: string[]
  /** When it may be deployed. */
  deploy?: { window: string; timezone?: string }
}

export interface BuildSettings {
  /** Absent: detect. */
  buildpacks?: string[]
  /** In place of buildpacks. */
  dockerfile?: DockerfileSettings
  /** An image that somebody else has built, in place of a build: name, and tag or digest. */
  image?: string
  /** A file that was made elsewhere, in place of a build. */
  artifact?: ArtifactSettings
  /** Cloud Native Buildpacks: the builder image, and the image that its apps run on where the builder does not say or is not to be believed. */
  cnb?: { builder: string; run?: string }
  env: Record<string, string>
  timeoutMs?: number
}

export interface DockerfileSettings {
  /** In the app's folder. */
  path: string
  /** Build arguments. */
  args: Record<string, string>
  /** Absent: the last stage. */
  target?: string
  /** Folder of the repository, from its root; '' is the root. Absent: the app's folder. */
  context?: string
  /** Names of the platform's secrets that RUN lines may mount. */
  secrets: string[]
}

export interface ArtifactSettings {
  sha256: string
  /** A file name: nothing in it is of any meaning to a shell or a path. */
  name: string
  /** One of the operator's bases, or `stack`, `java`, `php`, `binary`, which are the stack where the operator names no other. */
  base: string
  /** Absent: it was uploaded. */
  url?: string
  /** app.yaml or the Procfile names a command, so that none has to be found in the artifact. */
  hasCommand: boolean
}

export interface ProcessSettings {
  command?: string
  scale?: number
  health?: Partial<Health>
  stop?: Partial<Stop>
  limits?: Limits
}

/** What one instance may use. Absent: as much as there is. */
export interface Limits {
  memoryBytes?: number
  /** In cores; 0.5 is half of one. */
  cpus?: number
}

export interface RouteSettings {
  host: string
  path: string
  stripPrefix: boolean
  /** '' for a redirect, which leads to no process. */
  process: string
  /** The users of basicAuth are a secret of the platform's, here only named. */
  options?: Omit<RouteOptions, 'basicAuth'> & { basicAuthSecret?: string }
}

/** What a route does besides leading to a process. Traefik does all of it, the embedded router none. */
export interface RouteOptions {
  /** Answers with a redirect to this address and the request's path; leads to no process. */
  redirect?: string
  /** htpasswd lines: name, ':', hash. */
  basicAuth?: string[]
  /** Addresses and networks (CIDR) that may ask; all others get 403. */
  allow?: string[]
  /** Set on what the app is asked, and on what it answers; an empty value removes the header. */
  headers?: { request?: Record<string, string>; response?: Record<string, string> }
  /** So many requests a client address may make in a period, and so many at once. */
  rateLimit?: { average: number; periodMs: number; burst: number }
  /** Larger request bodies get 413. */
  maxBodyBytes?: number
  /** How long the app may take until it begins to answer. */
  timeoutMs?: number
  /** A visitor stays with one instance, by a cookie. */
  sticky?: boolean
}

export interface Health {
  /** Absent: any HTTP answer on PORT is healthy. Present: GET must answer 2xx or 3xx. */
  path?: string
  intervalMs: number
  timeoutMs: number
  /** How long a new instance may take until its first good answer. */
  graceMs: number
}

export interface Stop {
  signal: string
  /** From the signal to SIGKILL; also the longest drain before it. */
  timeoutMs: number
}

// ── What is built and released ─────────────────────────────────────────────────────────────────────────────

/** The result of a build, found again by its key. */
export interface Image {
  key: string
  /** Where the runtime finds it: a slug directory, or an image reference. */
  ref: string
  /** `default_process_types` of bin/release: used where there is neither Procfile nor command. */
  processTypes: Record<string, string>
  /** `config_vars` of bin/release: defaults under the app's own env. */
  configVars: Record<string, string>
  /**
   * Present: not made by buildpacks, but from a Dockerfile or by somebody else. Its `web` process type is what the image runs by
   * itself, as one line; that very command is not run by a shell, which the image may not have, but as the image has it.
   */
  foreign?: {
    /** The one port it says it listens on, whatever PORT says. */
    port?: number
  }
  /** Absent: an older trimtab made it. */
  materials?: Materials
}

/** The bill of materials: what went into an image, as far as the build could tell. Tells, and decides nothing. */
export interface Materials {
  /** Buildpacks in their order, with what they found the app to be; `commit` of one that was fetched. A Dockerfile is one too. */
  packs: Array<{ name: string; detected: string; commit?: CommitId }>
  /** What was installed: node → 20.11.1. */
  versions: Record<string, string>
  /** Id of the image below the app. */
  stack?: string
  /** What a ready-made image was pulled as, and the digest that it had then. */
  reference?: string
  digest?: string
}

/** One process type of a release, everything decided. */
export interface Process {
  type: string
  command: string
  scale: number
  health: Health
  stop: Stop
  limits?: Limits
}

export interface Route {
  /** A name, or '*.' and a name: any one label in front of it. */
  host: string
  /** Starts with '/'; '/' is everything. */
  path: string
  stripPrefix: boolean
  /** '' for a redirect, which leads to no process. */
  process: string
  options?: RouteOptions
}

/** What a release is made of: decides everything that runs. Two equal contents are the same release. */
export interface ReleaseContent {
  image: Image
  env: Record<string, string>
  /** Sorted by type. */
  processes: Process[]
  release?: string
  /** Sorted by host, then path; wildcards behind whole names, redirects behind what leads to a process. */
  routes: Route[]
  /** Apps that are started before it. Sorted. */
  dependsOn?: string[]
}

export type ReleaseStatus = 'pending' | 'live' | 'superseded' | 'failed'

/** Immutable but for its status. */
export interface Release {
  app: string
  version: number
  commit: CommitId
  content: ReleaseContent
  /** Hash of all that an instance is made of (image, env, commands): the same fingerprint needs no new instance. Scale and routes are not in it. */
  fingerprint: string
  /** False: the image was there already. */
  built: boolean
  createdAt: number
  createdBy: string
  status: ReleaseStatus
}

// ── What runs ──────────────────────────────────────────────────────────────────────────────────────────────

/** Who an instance is; all of it is written on the instance itself (labels, spec file) and read back from there. */
export interface InstanceId {
  app: string
  process: string
  /** Release version that started it. */
  release: number
  /** From 1. */
  index: number
}

/** `hello.web.v12.1`: derives from app, process, release and index; nothing random. No app's or process's name holds a dot. */
export function instanceName(id: InstanceId): string {
  return `${id.app}.${id.process}.v${id.release}.${id.index}`
}

/** What a runtime is asked to start. */
export interface InstanceSpec extends InstanceId {
  commit: CommitId
  fingerprint: string
  image: Image
  command: string
  /** All but PORT, which the runtime chooses and adds. */
  env: Record<string, string>
  stop: Stop
  health: Health
  limits?: Limits
  /** True for a release-phase command or another one-off: it is expected to end, is given no port and never started again. */
  oneOff: boolean
}

/** What the runtime sees of one instance, now. */
export interface Instance extends InstanceId {
  name: string
  commit: CommitId
  fingerprint: string
  imageKey: string
  oneOff: boolean
  stop: Stop
  health: Health
  state: 'running' | 'stopping' | 'exited'
  /** Where its PORT answers. Absent for one-offs. */
  address?: Listen
  startedAt: number
  /** Set when state is 'exited'. code: null when nobody could see it (killed with its supervisor). why: what the runtime knows besides. */
  exit?: { at: number; code: number | null; signal: string | null; why?: string }
  /** Operating-system process id, where the runtime has one. */
  pid?: number
}

/** What an instance uses now. */
export interface Usage {
  name: string
  memoryBytes: number
  /** 1 is one core. */
  cpus: number
}

// ── What is routed ─────────────────────────────────────────────────────────────────────────────────────────

/** One app's whole routing: what its route file says. */
export interface RouteTable {
  app: string
  routes: Array<Route & { servers: Listen[] }>
}

// ── What happened ──────────────────────────────────────────────────────────────────────────────────────────

/** How the last commit that was asked for fared. */
export interface Attempt {
  commit: CommitId
  settings: string
  state: 'open' | 'failed' | 'succeeded' | 'skipped'
  failure: Failure | null
  /** A failure that may pass by itself: not before this time. */
  retryAt: number | null
  tries: number
  /** A build ran for it. */
  built: boolean
  startedAt: number
  /** Of a skipped one: why. Absent: its message says so. */
  why?: string
}

/** Somebody wants no commit deployed until they say otherwise. What runs stays. */
export interface Suspension {
  /** The name of a person, as their command gave it. */
  by: string
  /** '' where none was given. */
  reason: string
  since: number
}

/** A commit that waits, as it was noted when that began. */
export interface Held {
  commit: CommitId
  kind: HoldKind
  since: number
}

/** For what: somebody who suspended the app, a commit that no longer does so, the first release of another app, a deploy window. */
export type HoldKind = 'suspended' | 'app.yaml' | 'dependencies' | 'window'

/** An instance that ended without having been asked to. */
export interface Crash {
  instance: string
  process: string
  fingerprint: string
  at: number
  /** How long it had run. */
  ranMs: number
  /** The last lines of its log. */
  log: string
  /** "exit code 1", "SIGSEGV", "never answered". */
  how: string
}

export type EventType =
  | 'CommitSeen'
  | 'CommitSkipped'
  | 'HistoryRewritten'
  | 'RepositoryReplaced'
  | 'SourceFailed'
  | 'SourceRecovered'
  | 'BuildQueued'
  | 'BuildStarted'
  | 'BuildSucceeded'
  | 'BuildFailed'
  | 'BuildCancelled'
  | 'BuildSkipped'
  | 'ImagePushed'
  | 'ImagePulled'
  | 'RegistryFailed'
  | 'RegistryRecovered'
  | 'ReleaseCreated'
  | 'ReleasePhaseStarted'
  | 'ReleasePhaseSucceeded'
  | 'ReleasePhaseFailed'
  | 'RolloutStarted'
  | 'InstanceStarted'
  | 'InstanceReady'
  | 'InstanceUnhealthy'
  | 'InstanceExited'
  | 'InstanceStopped'
  | 'RoutesWritten'
  | 'RoutesConfirmed'
  | 'RolloutSucceeded'
  | 'RolloutFailed'
  | 'RolledBack'
  | 'CrashLooping'
  | 'RetryScheduled'
  | 'Adopted'
  | 'Suspended'
  | 'Resumed'
  | 'Restarted'
  | 'AppRemoved'
  | 'ConfigChanged'
  | 'ConfigRejected'
  | 'RouterRestarted'
  | 'RoutesRejected'
  // Triggers
  | 'HookReceived'
  | 'PollingSlowed'
  | 'PollingResumed'
  | 'HostUnreachable'
  | 'HostRecovered'
  // The list of apps
  | 'FleetChanged'
  | 'FleetRejected'
  | 'AppAdded'
  | 'AppMoved'
  // Steering
  | 'CommitHeld'
  // Telling
  | 'ReportDelayed'
  | 'ReportDropped'
  // Pull requests
  | 'PreviewOpened'
  | 'PreviewRefused'
  | 'PreviewClosed'

export interface Event {
  id: number
  at: number
  /** '' for what concerns the whole platform. */
  app: string
  type: EventType
  commit: CommitId | null
  release: number | null
  message: string
  durationMs: number | null
}

/** An app's state has changed, and people are told. */
export interface News {
  kind: NotifyOn
  app: string
  commit: CommitId
  at: number
  /** The release that serves now; null: none. */
  serving: { release: number; commit: CommitId } | null
  /** Of `failed`. `details`: what comes after the reason: the last lines of a log, or each problem of a file. May be ''. */
  failure: { code: string; reason: string; details: string } | null
  /** Where the app is found; null: nowhere. */
  url: string | null
}

// ── What is told ───────────────────────────────────────────────────────────────────────────────────────────

export type Status = 'Pending' | 'Building' | 'Deploying' | 'Live' | 'Failed' | 'Suspended'

export interface InstanceStatus {
  name: string
  process: string
  index: number
  release: number
  state: Instance['state']
  /** ISO 8601. */
  since: string
  memoryBytes: number | null
  /** 1 is one core. */
  cpus: number | null
}

/** `trimtab status --json`; fields may be added, these stay. */
export interface AppStatus {
  app: string
  status: Status
  desired: { commit: CommitId | null }
  serving: { commit: CommitId; release: number; since: string } | null
  failure: { commit: CommitId | null; code: string; message: string } | null
  urls: string[]
  processes: Array<{ type: string; want: number; ready: number }>
  /** Where it was asked for: what runs, and what it uses (null: the runtime cannot tell). */
  instances?: InstanceStatus[]
  /** In plain words, what it is doing or waiting for now. */
  message: string
  /** Present: somebody stopped it; `restart` starts it. */
  down?: { since: string }
  /** Present: no commit is deployed until this is lifted. `by`: a person's name, or `app.yaml at 1a2b3c4`. */
  suspended?: { by: string; since: string; reason?: string }
  /** Present: the newest commit waits by itself. `until`: when a deploy window opens; null: for other apps to be live. */
  held?: { commit: CommitId; for: 'dependencies' | 'window'; until: string | null }
  /** Present: what it had to tell and could not. */
  reports?: { waiting: number; dropped: number; lastError: string }
  /** Present: it is a preview of this pull request. */
  preview?: { of: string; number: number }
}
