/** What a commit declares (app.yaml, Procfile). */

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
