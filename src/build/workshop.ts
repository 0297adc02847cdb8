import type { BuildsSpec, Image } from '../domain.ts'
import type { BuildPlan, BuildRequest } from '../ports.ts'
import type { ArtifactStore } from './artifact/store.ts'
import type { BuildLog } from './log.ts'
import type { Recipe } from './recipe.ts'

/** One image to be made, with all that is known of it. */
export interface Work {
  plan: BuildPlan
  recipe: Recipe
  builds: BuildsSpec
  log: BuildLog
  /** Aborted with the reason (BuildCancelled, BuildTimeout). */
  signal: AbortSignal
}

/**
 * Where images are made and kept: folders of the host, or an engine. What is wanted, when its turn comes, how long it may take
 * and what is told of it is the same for both, and none of its business.
 */
export interface Workshop {
  /** What is deployed without having been built here. */
  artifacts: ArtifactStore
  /** What else decides the image, besides all that the commit and the platform's `builds.env` say. Throws where it cannot be told now. */
  base(request: BuildRequest): Promise<string[]>
  /** The image of this key, if it is there and whole. */
  find(key: string): Promise<Image | null>
  /** The same at once, as far as it is known. */
  exists(key: string): boolean
  /** Keys of everything that lies there, whole or not. */
  keys(): Promise<string[]>
  remove(key: string): Promise<void>
  /** Where the log of a build that succeeded is kept. */
  log(key: string): string
  /** Throws DiskFull where there is no room to build. */
  requireSpace(): Promise<void>
  /**
   * The image of this plan from where it may lie besides, and where that was; null: it is not there, or nothing can be had from there
   * now. Throws nothing but the reason of the signal. Absent: there is no such place.
   */
  fetch?(plan: BuildPlan, signal: AbortSignal): Promise<{ image: Image; from: string } | null>
  /** Leaves a whole image, or nothing. */
  make(work: Work): Promise<Image>
  /** Ends and removes what an earlier trimtab was building when it was killed. Nothing is made before. */
  clearAway(): Promise<void>
  /** Removes what builds of this app have left for its next one. Nothing of it is being made. */
  forget(app: string): Promise<void>
  /** Removes left-overs; `inUse` are the keys of what is being made or wanted, `keep` those of what a release needs. */
  tidy(inUse: () => Set<string>, keep: () => Set<string>): Promise<void>
  /** Nothing is being made any more. */
  close(): Promise<void>
}
