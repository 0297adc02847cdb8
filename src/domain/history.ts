/** What happened. */
import type { Failure } from '../errors.ts'
import type { NotifyOn } from './app.ts'
import type { CommitId } from './commit.ts'

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
