/** How one fleet stands, as a value and in words. Pure. */
import type { AppSpec, CommitId, FleetSpec, GitSpec } from '../domain.ts'
import type { Failure } from '../errors.ts'
import type { FleetRecord, FleetStatus } from '../ports.ts'
import { shortCommit } from '../text.ts'

export interface Kept {
  spec: FleetSpec
  git: GitSpec
  /** Its repository, for whoever asks or reads it. */
  app: AppSpec
  /** The list in force; null: there never was one. */
  record: FleetRecord | null
  /** Why what is in git now is not in force. */
  failure: Failure | null
  /** The last commit that was found to be good by this process, as platform.yaml is now. */
  judged: CommitId | null
  /** Ends when nothing of it is being read. */
  turn: Promise<void>
}

export function standing({ app, record, failure }: Kept): FleetStatus {
  return {
    fleet: app.name,
    commit: record?.commit ?? null,
    since: record ? new Date(record.readAt).toISOString() : null,
    apps: record?.apps.map(({ name }) => name) ?? [],
    failure,
  }
}

/** What is wrong, and what that means for what runs. */
export function told({ app, record, failure }: Kept): string {
  const count = record?.apps.length ?? 0
  const inForce = record
    ? `What it listed at ${shortCommit(record.commit)} stays in force: ${count} ${count === 1 ? 'app' : 'apps'}.`
    : 'It was never read: whatever runs stays, also what nobody declares.'
  return `${app.name}: ${failure?.message}\n${inForce}`
}
