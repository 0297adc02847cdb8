/** The store of the simulation: what survives a kill of trimtab, kept as plainly as can be. */
import type { Attempt, Crash, Release } from '../../src/domain.ts'
import type { Failure } from '../../src/errors.ts'

export class Ledger {
  attempt: Attempt | null = null
  releases: Release[] = []
  phase: 'todo' | 'running' | 'done' = 'todo'
  draining = new Map<string, number>()
  crashes: Crash[] = []
  freshFrom = 0
  suspended = false

  find(status: Release['status']): Release | null {
    return this.releases.find((r) => r.status === status) ?? null
  }

  begin(commit: string, settings: string, skip: boolean, now: number): void {
    this.attempt = {
      commit,
      settings,
      state: skip ? 'skipped' : 'open',
      failure: null,
      retryAt: null,
      tries: 0,
      built: false,
      startedAt: now,
    }
    this.move('pending', 'superseded')
  }

  create(release: Omit<Release, 'status'>, adopted: boolean): void {
    this.releases = this.releases.filter((r) => r.version !== release.version)
    this.releases.push({ ...release, status: adopted ? 'live' : 'pending' })
    this.phase = 'todo'
    if (adopted && this.attempt) this.attempt = { ...this.attempt, state: 'succeeded' }
  }

  goLive(version: number): void {
    this.move('live', 'superseded')
    this.releases = this.releases.map((r) => (r.version === version ? { ...r, status: 'live' as const } : r))
    if (this.attempt) this.attempt = { ...this.attempt, state: 'succeeded', retryAt: null }
  }

  end(state: 'failed' | 'succeeded', failure: Failure | null): void {
    if (this.attempt) this.attempt = { ...this.attempt, state, failure, retryAt: null }
    if (state === 'failed') this.move('pending', 'failed')
  }

  forget(): void {
    this.attempt = null
    this.move('live', 'superseded')
    this.move('pending', 'superseded')
  }

  private move(from: Release['status'], to: Release['status']): void {
    this.releases = this.releases.map((r) => (r.status === from ? { ...r, status: to } : r))
  }
}
