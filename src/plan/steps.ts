/** What a pass may do. Each step is safe to repeat and safe to be the last thing that ever happened. */
import type { CommitId, HoldKind, Listen, Release, RouteTable } from '../domain.ts'
import type { Failure } from '../errors.ts'

export type Step =
  /** Notes that this commit is now what is asked for; what was being rolled out before is superseded. */
  | { action: 'begin'; commit: CommitId; settings: string; skip: boolean; why?: string; reason: string }
  /** Notes that this commit waits, and for what. */
  | { action: 'hold'; commit: CommitId; kind: HoldKind; reason: string }
  /** Notes that nothing waits any more. */
  | { action: 'lift'; commit: CommitId; kind: HoldKind; reason: string }
  | { action: 'build'; commit: CommitId; key: string; reason: string }
  | { action: 'release'; version: number; commit: CommitId; adopted: boolean; built: boolean; reason: string }
  | { action: 'run-release-phase'; release: Release; reason: string }
  | { action: 'pass-release-phase'; release: number; reason: string }
  | { action: 'start'; release: Release; process: string; index: number; reason: string }
  | { action: 'write-routes'; table: RouteTable; reason: string }
  | { action: 'remove-routes'; reason: string }
  /** Goes live: the rollout is over, the commit has succeeded. */
  | { action: 'go-live'; release: Release; reason: string }
  /** The commit asks for nothing that is not live already. */
  | { action: 'settle'; commit: CommitId; release: number; reason: string }
  | { action: 'fail'; commit: CommitId; failure: Failure; blame: string | null; reason: string }
  | { action: 'retry-later'; commit: CommitId; failure: Failure; at: number; reason: string }
  | { action: 'drain'; instance: string; unhealthy: boolean; reason: string }
  | { action: 'undrain'; instance: string; reason: string }
  | { action: 'stop'; instance: string; reason: string }
  /** Takes note of an exit and forgets the instance. */
  | { action: 'reap'; instance: string; crashed: boolean; reason: string }
  /** An app that is no longer declared and of which nothing runs any more. */
  | { action: 'forget'; reason: string }

export interface Plan {
  /** Sorted: the same world gives the same plan. Empty: converged, or waiting. */
  steps: Step[]
  /** Look again after this many milliseconds, if nothing happens before; null: only when something happens. */
  again: number | null
  /** In plain words, what is waited for. */
  waiting: string[]
}

/** Processes of this machine are told apart by their ports alone. */
function shortly({ host, port }: Listen): string {
  return host === '127.0.0.1' ? String(port) : `${host}:${port}`
}

/** What a step acts on, for people. */
export function target(step: Step): string {
  switch (step.action) {
    case 'start':
      return `${step.process}.${step.index} of v${step.release.version}`
    case 'drain':
    case 'undrain':
    case 'stop':
    case 'reap':
      return step.instance
    case 'write-routes':
      return step.table.routes
        .map((r) => `${r.host}${r.path} -> ${r.options?.redirect ?? (r.servers.map(shortly).join(',') || 'nobody')}`)
        .join('; ')
    case 'release':
      return `v${step.version} from ${step.commit.slice(0, 7)}`
    case 'run-release-phase':
    case 'go-live':
      return `v${step.release.version}`
    case 'pass-release-phase':
      return `v${step.release}`
    case 'remove-routes':
    case 'forget':
      return 'app'
    default:
      return step.commit.slice(0, 7)
  }
}
