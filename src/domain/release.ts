/** What is built and released. */
import type { CommitId } from './commit.ts'
import type { Health, Limits, RouteOptions, Stop } from './manifest.ts'

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
  /** Commands that a Procfile may well have, by type, where a pack was not certain enough to run them unasked. */
  proposed?: Record<string, string>
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
