/** Builds, images and artifacts. */
import type { AppSpec, BuildSettings, CommitId, Image } from '../domain.ts'
import type { Failure } from '../errors.ts'

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
  /** `step`: what its log calls what it does now. `pulling`: a registry is asked for it first; the image may be there before that is over. */
  | { state: 'running'; startedAt: number; step?: string; pulling?: true }
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
