/** What is told. */
import type { CommitId } from './commit.ts'
import type { Instance } from './instance.ts'

export type Status = 'Pending' | 'Building' | 'Deploying' | 'Live' | 'Failed' | 'Suspended'

export interface InstanceStatus {
  name: string
  process: string
  index: number
  release: number
  state: Instance['state']
  /** ISO 8601. */
  since: string
  memoryBytes: number | null
  /** 1 is one core. */
  cpus: number | null
}

/** `trimtab status --json`; fields may be added, these stay. */
export interface AppStatus {
  app: string
  status: Status
  desired: { commit: CommitId | null }
  serving: { commit: CommitId; release: number; since: string } | null
  failure: { commit: CommitId | null; code: string; message: string } | null
  urls: string[]
  processes: Array<{ type: string; want: number; ready: number }>
  /** Where it was asked for: what runs, and what it uses (null: the runtime cannot tell). */
  instances?: InstanceStatus[]
  /** In plain words, what it is doing or waiting for now. */
  message: string
  /** Present: somebody stopped it; `restart` starts it. */
  down?: { since: string }
  /** Present: no commit is deployed until this is lifted. `by`: a person's name, or `app.yaml at 1a2b3c4`. */
  suspended?: { by: string; since: string; reason?: string }
  /** Present: the newest commit waits by itself. `until`: when a deploy window opens; null: for other apps to be live. */
  held?: { commit: CommitId; for: 'dependencies' | 'window'; until: string | null }
  /** Present: what it had to tell and could not. */
  reports?: { waiting: number; dropped: number; lastError: string }
  /** Present: it is a preview of this pull request. */
  preview?: { of: string; number: number }
}
