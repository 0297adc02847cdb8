import type { Engine } from '../engine/engine.ts'

/** Where a build broke, as long as it is still there: for somebody who wants to look around. */
export type Broken =
  | { kind: 'folder'; dir: string; env: Record<string, string> }
  /** `env` as NAME=value. */
  | { kind: 'container'; engine: Engine; id: string; user: string; dir: string; env: string[] }
