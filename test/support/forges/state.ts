/** What a forge knows of one project, whichever forge it is. A test arranges it and looks at what has become of it. */

/** `triage`: may set labels and not push (GitLab's reporters, Gitea's writers of issues alone). */
export type Role = 'admin' | 'write' | 'triage' | 'read' | 'none'

export interface FakePull {
  number: number
  title: string
  body: string
  commit: string
  branch: string
  isFork: boolean
  /** The fork was deleted. */
  isGone: boolean
  /** Made by pushing to refs/for/…: Gitea and Forgejo alone have it. */
  isPushed: boolean
  isOpen: boolean
  labels: string[]
  updatedAt: number
}

export interface FakeStatus {
  commit: string
  context: string
  state: 'pending' | 'success' | 'failure'
  description: string
  url: string | null
}

export interface FakeHook {
  id: number
  url: string
  secret: string
  events: string[]
  active: boolean
}

export interface FakeDeployment {
  id: number
  commit: string
  environment: string
  statuses: Array<{ state: string; url: string; description: string }>
}

export class ForgeState {
  readonly owner: string
  readonly name: string
  /** Whose requests are answered. */
  token = 'forge-token-1f6c0d'
  /** What its owner may do. */
  access: Role = 'admin'
  readonly commits = new Set<string>()
  readonly users = new Map<string, { id: number; role: Role }>([['maintainer', { id: 1, role: 'write' }]])
  readonly pulls = new Map<number, FakePull>()
  readonly labelings: Array<{ id: number; number: number; label: string; isSet: boolean; by: string | null }> = []
  /** In the order in which they came. */
  readonly statuses: FakeStatus[] = []
  readonly hooks: FakeHook[] = []
  readonly deployments: FakeDeployment[] = []
  #ids = 100

  constructor(owner: string, name: string) {
    this.owner = owner
    this.name = name
  }

  id(): number {
    return ++this.#ids
  }

  /** Forges refuse statuses of commits that they do not have. */
  addCommit(commit: string): void {
    this.commits.add(commit)
  }

  addUser(login: string, role: Role): void {
    this.users.set(login, { id: this.users.get(login)?.id ?? this.id(), role })
  }

  /** Gives its number. Its labels come with it, from `by`. */
  openPull(pull: { commit: string; by?: string } & Partial<FakePull>): number {
    const { labels = [], by = 'maintainer', ...rest } = pull
    const number = rest.number ?? this.pulls.size + 1
    const usual = { title: `Change ${number}`, body: '', branch: `change-${number}`, isOpen: true, updatedAt: now() }
    this.pulls.set(number, { ...usual, isFork: false, isGone: false, isPushed: false, ...rest, number, labels: [...labels] })
    this.addCommit(rest.commit)
    for (const label of labels) this.labelings.push({ id: this.id(), number, label, isSet: true, by })
    return number
  }

  /** Somebody pushes to it. */
  push(number: number, commit: string): void {
    this.addCommit(commit)
    this.#change(number).commit = commit
  }

  closePull(number: number): void {
    this.#change(number).isOpen = false
  }

  /** `by` null: an account that is no more. */
  setLabel(number: number, label: string, by: string | null = 'maintainer'): void {
    const pull = this.#change(number)
    if (!pull.labels.includes(label)) pull.labels.push(label)
    this.labelings.push({ id: this.id(), number, label, isSet: true, by })
  }

  removeLabel(number: number, label: string, by: string | null = 'maintainer'): void {
    const pull = this.#change(number)
    pull.labels = pull.labels.filter((one) => one !== label)
    this.labelings.push({ id: this.id(), number, label, isSet: false, by })
  }

  /** The last that was said of a commit in one context. */
  statusOf(commit: string, context: string): FakeStatus | undefined {
    return this.statuses.findLast((one) => one.commit === commit && one.context === context)
  }

  /** Of all statuses of a commit. */
  contextsOf(commit: string): string[] {
    return [...new Set(this.statuses.filter((one) => one.commit === commit).map(({ context }) => context))]
  }

  /** Newest first. */
  open(): FakePull[] {
    return [...this.pulls.values()].filter((pull) => pull.isOpen).sort((one, other) => other.number - one.number)
  }

  /** Forges tell seconds: every change is in another one. */
  #change(number: number): FakePull {
    const pull = this.pulls.get(number)
    if (!pull) throw new Error(`there is no pull request ${number}`)
    pull.updatedAt = Math.max(pull.updatedAt + 1000, now())
    return pull
  }
}

const now = () => Math.floor(Date.now() / 1000) * 1000
