/** A whole small world: a repository, a builder, instances, a router with a mind of its own, requests, and the clock. */
import type { Listen, RouteTable } from '../../src/domain.ts'
import type { Desired, Observed, Outcome, SeenInstance, Steering } from '../../src/plan/world.ts'
import type { BuildState } from '../../src/ports.ts'
import { type Commit, commitOf, contentOf, randomTree, STOP } from './commits.ts'
import { Ledger } from './ledger.ts'
import type { Random } from './random.ts'

export const APP = 'app'

export interface Body extends SeenInstance {
  /** How it will behave: what its commit made of it. */
  fate: 'ok' | 'crash' | 'mute'
  requests: number
}

export class SimWorld {
  now = 1_000_000
  ledger = new Ledger(() => this.now)
  commits: Commit[] = []
  head: Commit
  readable = true
  declared = true
  images = new Set<string>()
  building: { key: string; state: BuildState; flaky: boolean } | null = null
  bodies = new Map<string, Body>()
  file: RouteTable | null = null
  served: RouteTable | null = null
  routerUp = true
  /** What a first release waits for. */
  othersLive = true
  /** When trimtab was last started: it does not know how instances older than that are until it has asked them. */
  private port = 20_000
  phaseRuns = new Map<number, number>()

  readonly random: Random

  constructor(random: Random) {
    this.random = random
    this.head = commitOf(randomTree(random, null))
    this.commits.push(this.head)
  }

  nextAddress(): Listen {
    return { host: '127.0.0.1', port: ++this.port }
  }

  // ── What trimtab sees ────────────────────────────────────────────────────────────────────────────────────

  desired(): Desired {
    if (!this.declared) return { app: APP, target: { kind: 'removed' } }
    if (this.ledger.suspended) return { app: APP, target: { kind: 'suspended' } }
    if (!this.readable) return { app: APP, target: { kind: 'unknown', failure: { code: 'SourceUnreachable', message: 'away' } } }
    const { id, tree, skip } = this.head
    return {
      app: APP,
      target: { kind: 'commit', commit: id, settings: 's', skip, outcome: this.outcome(tree), ...this.steering() },
    }
  }

  private steering(): { steering?: Steering } {
    return this.othersLive ? {} : { steering: { waitsFor: ['another'] } }
  }

  private outcome(tree: Commit['tree']): Outcome {
    if (tree.fate === 'broken') return { state: 'broken', failure: { code: 'ManifestInvalid', message: 'no' } }
    if (this.images.has(tree.key)) return { state: 'built', ...contentOf(tree) }
    const build = this.building?.key === tree.key ? this.building.state : { state: 'none' as const }
    return { state: 'unbuilt', key: tree.key, build }
  }

  observed(): Observed {
    const { ledger } = this
    const instances = [...this.bodies.values()]
      .map((b): SeenInstance => ({ ...b, inFlight: b.requests, drainingSince: ledger.draining.get(b.name) ?? null }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    const { suspendedSince: _, ...record } = ledger.read()
    return {
      ...record,
      now: this.now,
      instances,
      table: this.file,
      confirmed: this.routerUp ? JSON.stringify(this.file) === JSON.stringify(this.served) : null,
      lastVersion: Math.max(record.lastVersion, ...instances.map((i) => i.release)),
      claimed: new Map(),
    }
  }

  // ── What happens by itself ───────────────────────────────────────────────────────────────────────────────

  /** The build that runs ends, as its commit says. */
  endBuild(): void {
    if (!this.building || this.building.state.state === 'failed') return
    const tree = this.commits.find((c) => c.tree.key === this.building?.key)?.tree
    if (!tree) return
    if (tree.fate === 'no-build') this.building.state = failed('BuildFailed', false)
    else if (tree.fate === 'flaky-build' && this.random.chance(0.5)) this.building.state = failed('SourceUnreachable', true)
    else {
      this.images.add(tree.key)
      this.building = null
    }
  }

  /** One instance does what it would do next. */
  live(body: Body): void {
    if (body.oneOff) return this.exit(body, body.fate === 'crash' ? 1 : 0)
    if (body.state === 'stopping') return this.exit(body, 0)
    if (body.state === 'exited') return
    if (body.fate === 'crash') return this.exit(body, 1)
    if (body.fate === 'mute' && body.probe === 'unknown') {
      body.probe = this.now - body.startedAt < body.health.graceMs ? 'starting' : 'unready'
    }
    if (body.fate === 'ok' && (body.probe === 'starting' || body.probe === 'unknown')) body.probe = 'ready'
  }

  exit(body: Body, code: number): void {
    body.state = 'exited'
    body.exit = { at: this.now, code, signal: null }
    body.requests = 0
  }

  /** The router reads its files, if it is up. */
  reload(): void {
    if (this.routerUp) this.served = structuredClone(this.file)
  }

  serves(body: Body): boolean {
    return this.served?.routes.some((r) => r.servers.some((s) => s.port === body.address?.port)) ?? false
  }

  request(): void {
    const open = [...this.bodies.values()].filter((b) => b.state === 'running' && b.probe === 'ready' && this.serves(b))
    if (open.length > 0) this.random.pick(open).requests++
  }

  /** trimtab was killed and is back: it has asked nobody yet, and its builds died with it. */
  reborn(): void {
    for (const body of this.bodies.values()) if (body.state === 'running') body.probe = 'unknown'
    this.building = null
  }
}

function failed(code: 'BuildFailed' | 'SourceUnreachable', retry: boolean): BuildState {
  return { state: 'failed', failure: { code, message: 'no' }, retry, durationMs: 1 }
}

export { STOP }
