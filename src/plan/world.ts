/** What the planner is told: `Desired` from git, `Observed` from the runtime, the router, the prober and the store. */

import type { Attempt, CommitId, Crash, Held, Instance, Release, ReleaseContent, RouteTable, Suspension } from '../domain.ts'
import type { Failure } from '../errors.ts'
import type { BuildState } from '../ports.ts'

export interface Desired {
  app: string
  target: Target
}

export type Target =
  /** Git could not be read. Not "empty": what was asked for last stays asked for. */
  | { kind: 'unknown'; failure: Failure }
  /** Somebody stopped the app (`down`); `restart` lifts it. */
  | { kind: 'suspended' }
  /** The app is no longer declared. */
  | { kind: 'removed' }
  | {
      kind: 'commit'
      commit: CommitId
      /** Hash of what the operator's file says about the app: a change of it is a new attempt at the same commit. */
      settings: string
      /** It is passed over: its message says [skip ci] or [skip cd], or for the reason that `why` gives. */
      skip: boolean
      why?: string
      /** What its app.yaml says of when it may be deployed. Absent: at any time. */
      steering?: Steering
      /** What the commit comes to. */
      outcome: Outcome
    }

export interface Steering {
  suspend?: true
  /** The windows as they are written; see window.ts. */
  deploy?: { window: string; timezone: string }
  /** Of the apps that it depends on, those that are not live. */
  waitsFor?: string[]
}

export type Outcome =
  | { state: 'broken'; failure: Failure }
  | { state: 'unbuilt'; key: string; build: BuildState }
  | { state: 'built'; content: ReleaseContent; fingerprint: string }

/**
 * unknown: not probed since trimtab started; starting: never answered well; ready; unready: did, and then failed
 * several times in a row.
 */
export type HealthState = 'unknown' | 'starting' | 'ready' | 'unready'

export interface SeenInstance extends Instance {
  probe: HealthState
  /** Requests in flight through the router; null where it cannot tell. */
  inFlight: number | null
  /** Since when it is drained: out of the routes, confirmed. */
  drainingSince: number | null
}

export interface Observed {
  now: number
  instances: SeenInstance[]
  /** The route file; null: there is none. */
  table: RouteTable | null
  /** The router serves exactly that file; null: it does not answer. */
  confirmed: boolean | null
  /** Why the router does not take that file, where it says. */
  complaint?: string | null
  /** The newest release that went live, and the one being rolled out. */
  serving: Release | null
  pending: Release | null
  /** How far the release phase of `pending` is. */
  phase: 'todo' | 'running' | 'done'
  /** Versions recorded as failed or superseded: their instances may go. */
  retired: Set<number>
  /** The highest version that the store or any instance knows. */
  lastVersion: number
  attempt: Attempt | null
  /** No commit is to be deployed. */
  suspension: Suspension | null
  /** The commit that was noted to wait. */
  held: Held | null
  /** Of the apps that the serving release is started after, those that are not up; and until when they are waited for. */
  startAfter?: { apps: string[]; until: number }
  /** Recent, oldest first. */
  crashes: Crash[]
  /** Instances started before this are to be replaced (`restart`). */
  freshFrom: number
  /** "host path" → the other app that has it. */
  claimed: Map<string, string>
}
