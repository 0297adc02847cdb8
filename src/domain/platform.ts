/** What the operator declares (platform.yaml), as a whole. */
import type { AppSpec, FleetSpec, NotifySpec, Poll } from './app.ts'
import type { ArtifactsSpec, BuildsSpec, GitSpec, Listen, RegistrySpec, RouterSpec, RuntimeSpec } from './machinery.ts'

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
