import type { Image } from '../domain.ts'
import type { Bill } from './bill.ts'
import type { Builtin } from './builtins.ts'
import type { Pack } from './choose.ts'
import type { Step, StepEnd } from './step.ts'

/** Where the steps of one build run, on the host or in a container. All paths are as the steps see them. */
export interface Place {
  /** Whose disk is full when it is: `the state directory`. */
  disk: string
  /** BUILD: where the app is built, and where it will run. */
  app: string
  /** CACHE, one per app and shared by its packs, as on Heroku. */
  cache: string
  /** ENV_DIR: one file per variable of `build.env`. The app's run-time env is not in it: a build must not depend on it. */
  env: string
  /** Where a built-in pack can be asked whether it fits. */
  builtin(pack: Builtin): string
  /** Brings the tree to where the steps are; nothing runs before. */
  open(): Promise<void>
  /** Puts a pack (the app's own excepted) into a folder of this build's own, because bin/compile may leave files beside itself. */
  layOut(pack: Exclude<Pack, { kind: 'own' }>, index: number): Promise<string>
  /** Runs one step in the build's environment; its output goes to the log unless `out` takes it. `record`: as the one to end after a crash. */
  run(step: Pick<Step, 'program' | 'args'>, options?: { out?: (chunk: Buffer) => void; record?: boolean }): Promise<StepEnd>
  /** Makes the image of what has been built. */
  finish(bill: Bill): Promise<Image>
}
