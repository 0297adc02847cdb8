/**
 * The store of the simulation: what survives a kill of trimtab, kept as plainly as can be, for one app.
 * test/store/contract.test.ts shows that it and the real store tell the same.
 */
import type { Attempt, Crash, Held, Release, Suspension } from '../../src/domain.ts'
import type { Failure } from '../../src/errors.ts'
import type { AppRecord, Store } from '../../src/ports.ts'

type Decisions = Pick<
  Store,
  | 'begin'
  | 'building'
  | 'release'
  | 'phase'
  | 'goLive'
  | 'settle'
  | 'fail'
  | 'retryLater'
  | 'drain'
  | 'undrain'
  | 'ended'
  | 'again'
  | 'suspend'
  | 'restart'
  | 'forget'
  | 'setSuspension'
  | 'hold'
>

export class Ledger implements Decisions {
  attempt: Attempt | null = null
  releases: Release[] = []
  draining = new Map<string, number>()
  crashes: Crash[] = []
  private freshFrom = 0
  private suspendedSince: number | null = null
  suspension: Suspension | null = null
  held: Held | null = null
  private readonly phases = new Map<number, 'running' | 'done'>()
  private readonly now: () => number

  constructor(now: () => number) {
    this.now = now
  }

  get suspended(): boolean {
    return this.suspendedSince !== null
  }

  find(status: Release['status']): Release | null {
    return this.releases.find((r) => r.status === status) ?? null
  }

  read(): Omit<AppRecord, 'liveSince'> {
    const { attempt, crashes, draining, freshFrom, suspendedSince } = this
    const pending = this.find('pending')
    return {
      attempt,
      serving: this.find('live'),
      pending,
      phase: (pending && this.phases.get(pending.version)) ?? 'todo',
      retired: new Set(this.releases.filter((r) => r.status === 'failed' || r.status === 'superseded').map((r) => r.version)),
      lastVersion: Math.max(0, ...this.releases.map((r) => r.version)),
      crashes,
      draining,
      freshFrom,
      suspendedSince,
      suspension: this.suspension,
      held: this.held,
    }
  }

  begin(_app: string, { commit, settings, skip, why }: { commit: string; settings: string; skip: boolean; why?: string }): void {
    const state = skip ? 'skipped' : 'open'
    const startedAt = this.now()
    this.attempt = { commit, settings, state, failure: null, retryAt: null, tries: 0, built: false, startedAt }
    if (skip && why !== undefined) this.attempt.why = why
    this.move('pending', 'superseded')
  }

  building(): void {
    if (this.attempt) this.attempt = { ...this.attempt, built: true, retryAt: null }
  }

  release(release: Omit<Release, 'status' | 'createdAt'>, adopted: boolean): Release {
    if (this.releases.some((r) => r.version === release.version)) throw new Error(`v${release.version} is there already`)
    const made: Release = { ...release, status: adopted ? 'live' : 'pending', createdAt: this.now() }
    this.move('pending', 'superseded')
    this.releases.push(made)
    if (adopted) this.end('succeeded', null)
    return made
  }

  phase(_app: string, version: number, phase: 'running' | 'done'): void {
    this.phases.set(version, phase)
  }

  goLive(_app: string, version: number): void {
    this.move('live', 'superseded')
    this.releases = this.releases.map((r) => (r.version === version ? { ...r, status: 'live' as const } : r))
    this.end('succeeded', null)
  }

  settle(): void {
    this.end('succeeded', null)
    this.move('pending', 'superseded')
  }

  fail(_app: string, failure: Failure): void {
    this.end('failed', failure)
    this.move('pending', 'failed')
  }

  retryLater(_app: string, failure: Failure, at: number): void {
    if (!this.attempt) return
    const { why: _, ...attempt } = this.attempt
    this.attempt = { ...attempt, retryAt: at, failure, tries: attempt.tries + 1 }
  }

  drain(_app: string, instance: string): void {
    if (!this.draining.has(instance)) this.draining.set(instance, this.now())
  }

  undrain(_app: string, instance: string): void {
    this.draining.delete(instance)
  }

  ended(_app: string, instance: string, crash: Crash | null): void {
    this.draining.delete(instance)
    if (crash) this.crashes = [...this.crashes, crash].slice(-50)
  }

  again(): void {
    if (this.attempt?.state === 'failed') this.attempt = null
    else if (this.attempt) this.attempt = { ...this.attempt, retryAt: null }
  }

  suspend(): void {
    this.suspendedSince = this.now()
  }

  restart(): void {
    this.suspendedSince = null
    this.freshFrom = this.now()
  }

  setSuspension(_app: string, suspension: Omit<Suspension, 'since'> | null): void {
    if (suspension) this.suspension ??= { ...suspension, since: this.now() }
    else this.suspension = null
  }

  hold(_app: string, held: Omit<Held, 'since'> | null): void {
    const goesOn = held?.kind === 'app.yaml' && this.held?.kind === 'app.yaml'
    this.held = held && { ...held, since: goesOn && this.held ? this.held.since : this.now() }
  }

  forget(): void {
    this.attempt = null
    this.held = null
    this.move('live', 'superseded')
    this.move('pending', 'superseded')
  }

  private end(state: 'failed' | 'succeeded', failure: Failure | null): void {
    if (!this.attempt) return
    const { why: _, ...attempt } = this.attempt
    this.attempt = { ...attempt, state, failure, retryAt: null }
  }

  private move(from: Release['status'], to: Release['status']): void {
    this.releases = this.releases.map((r) => (r.status === from ? { ...r, status: to } : r))
  }
}
