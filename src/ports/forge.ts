/** A git host’s own interface. */
import type { CommitId } from '../domain.ts'

/** What a commit's check shows. */
export interface CommitStatus {
  commit: CommitId
  /** `trimtab/<app>` */
  context: string
  state: 'pending' | 'success' | 'failure'
  /** One line; each forge cuts it to what it takes. */
  description: string
  /** Where it leads. Absent: nowhere. */
  url?: string
}

export interface PullRequest {
  number: number
  title: string
  /** The ref to fetch it from, in the repository itself, by its full name. */
  ref: string
  commit: CommitId
  /** The head is in another repository. */
  isFork: boolean
  labels: string[]
  updatedAt: number
}

/** A git host's API, for one repository. Every method throws ForgeRefused (no retry) or SourceUnreachable (retry), which name the host and never a token. */
export interface Forge {
  setStatus(status: CommitStatus): Promise<void>
  /** GitHub's deployments; absent where there is no such thing. */
  deployment?(deployment: {
    commit: CommitId
    environment: string
    state: CommitStatus['state'] | 'inactive'
    url?: string
    description: string
  }): Promise<void>
  /** Makes the webhook, or sets right one that leads to the same address. */
  installWebhook(hook: { url: string; secret: string }): Promise<'made' | 'updated'>
  /** Open ones, all of them. */
  pullRequests(): Promise<PullRequest[]>
  /** Whether this label was set by somebody who may push to the repository. False where that cannot be found out. */
  isLabelTrusted(number: number, label: string): Promise<boolean>
}
