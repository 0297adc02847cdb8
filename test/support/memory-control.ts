import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { AppStatus, Event, Release } from '../../src/domain.ts'
import { TrimtabError } from '../../src/errors.ts'
import type {
  Control,
  FleetStatus,
  LogLine,
  Orphan,
  PlannedAction,
  StoredArtifact,
  SyncUpdate,
  Terminal,
  Webhook,
} from '../../src/ports.ts'

export const COMMIT = '1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d'
export const OTHER = '9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c'
export const AT = Date.UTC(2026, 0, 2, 12, 3, 4)

export const live: AppStatus = {
  app: 'hello',
  status: 'Live',
  desired: { commit: COMMIT },
  serving: { commit: COMMIT, release: 12, since: new Date(AT).toISOString() },
  failure: null,
  urls: ['http://hello.apps.localhost:8080'],
  processes: [{ type: 'web', want: 2, ready: 2 }],
  message: '',
}

export const failed: AppStatus = {
  app: 'shop',
  status: 'Failed',
  desired: { commit: OTHER },
  serving: { commit: COMMIT, release: 3, since: new Date(AT).toISOString() },
  failure: { commit: OTHER, code: 'BuildFailed', message: 'npm ci exited with 1\nnpm error: no lock file' },
  urls: ['http://shop.apps.localhost:8080'],
  processes: [
    { type: 'web', want: 1, ready: 1 },
    { type: 'worker', want: 1, ready: 0 },
  ],
  message: 'The old release still serves.',
}

export const release: Release = {
  app: 'hello',
  version: 12,
  commit: COMMIT,
  content: {
    image: { key: 'key12', ref: '/slugs/key12', processTypes: {}, configVars: {} },
    env: { STRIPE_KEY: 'a-secret-value' },
    processes: [],
    routes: [],
  },
  fingerprint: 'f12',
  built: false,
  createdAt: AT,
  createdBy: 'git',
  status: 'live',
}

export function event(id: number, more: Partial<Event> = {}): Event {
  return {
    id,
    at: AT + id * 1000,
    app: 'hello',
    type: 'CommitSeen',
    commit: COMMIT,
    release: null,
    message: `event ${id}`,
    durationMs: null,
    ...more,
  }
}

type Run = (command: string[], terminal: Terminal) => Promise<number>

/**
 * A platform of two apps that exists only here. Strict: it knows its apps and refuses others, it never goes on after an
 * abort, and it writes down what was asked and which streams were ended properly.
 */
export class MemoryControl implements Control {
  readonly asked: string[] = []
  /** Names of streams whose iteration was ended, in order. */
  readonly ended: string[] = []
  readonly apps: AppStatus[] = [live, failed]
  readonly history: Event[] = [event(1), event(2, { type: 'BuildSucceeded', message: 'built', durationMs: 1234 })]
  readonly lines: LogLine[] = [{ at: AT, instance: 'hello.web.v12.1', line: 'listening' }]
  fleets: FleetStatus[] = []
  refused: string | null = null
  orphans: Orphan[] = []
  updates: SyncUpdate[] = [{ kind: 'result', ok: true, app: 'hello', status: live }]
  actions: PlannedAction[] = []
  waiting: string[] = []
  command: Run = async () => 0
  /** The largest artifact that it takes. */
  largest = Number.POSITIVE_INFINITY
  readonly stored: StoredArtifact[] = []
  /** Set: the next call of any method throws it. */
  fault: unknown = null
  /** Called at every end of a stream. */
  onEnd: () => void = () => {}
  #push: Array<(event: Event) => void> = []

  version() {
    return {
      version: '0.1.0',
      pid: 4711,
      state: '/state',
      runtime: 'process',
      router: 'embedded',
      startedAt: new Date(AT).toISOString(),
    }
  }

  async status(app?: string) {
    this.#ask('status', app)
    return app === undefined ? this.apps : this.apps.filter((one) => one.app === app)
  }

  async lists() {
    this.#ask('lists')
    return { refused: this.refused, fleets: this.fleets, orphans: this.orphans }
  }

  async releases(app: string) {
    this.#ask('releases', app)
    return [release, { ...release, version: 11, built: true, status: 'superseded' as const }]
  }

  async putArtifact(name: string, content: AsyncIterable<Uint8Array>) {
    this.#ask(`put ${name}`)
    const hash = createHash('sha256')
    let size = 0
    for await (const piece of content) {
      hash.update(piece)
      size += piece.length
      if (size > this.largest) throw new TrimtabError('BuildFailed', 'too large')
    }
    const stored = { sha256: hash.digest('hex'), name, size, storedAt: AT }
    this.stored.unshift(stored)
    return stored
  }

  async artifacts() {
    this.#ask('artifacts')
    return this.stored
  }

  async removeArtifact(sha256: string) {
    this.#ask(`remove ${sha256}`)
    const found = this.stored.find((one) => one.sha256.startsWith(sha256))
    if (!found) throw new TrimtabError('NotFound', `There is no artifact ${sha256}.`)
    this.stored.splice(this.stored.indexOf(found), 1)
    return found
  }

  async *events(options: { app?: string; limit: number; follow: boolean; signal: AbortSignal }) {
    this.#ask(`events ${options.limit} ${options.follow}`, options.app)
    yield* this.#tracked('events', options.limit === 0 ? [] : this.history.slice(-options.limit), options)
  }

  async *logs(app: string, options: { process?: string; lines: number; follow: boolean; signal: AbortSignal }) {
    this.#ask(`logs ${options.process ?? '*'} ${options.lines} ${options.follow}`, app)
    yield* this.#tracked('logs', this.lines, options)
  }

  async *buildLog(app: string, options: { follow: boolean; signal: AbortSignal }) {
    this.#ask(`buildLog ${options.follow}`, app)
    yield* this.#tracked('buildLog', ['-----> Node.js app detected\n', '       done\n'], options)
  }

  async plan(app?: string) {
    this.#ask('plan', app)
    const those = this.apps.filter((one) => app === undefined || one.app === app)
    return those.map((one) => ({ app: one.app, actions: this.actions, waiting: this.waiting }))
  }

  async *sync(options: { app?: string; wait: boolean; allowPrune?: boolean; signal: AbortSignal }) {
    this.#ask(`sync ${options.wait}${options.allowPrune ? ' prune' : ''}`, options.app)
    yield* this.#tracked('sync', this.updates, { follow: this.updates.length === 0, signal: options.signal })
  }

  async restart(app: string) {
    this.#ask('restart', app)
  }

  async suspend(app: string, { by, reason }: { by: string; reason: string }) {
    this.#ask(`suspend by ${by} (${reason})`, app)
    return { ...live, status: 'Suspended' as const, suspended: { by, since: new Date(AT).toISOString(), reason } }
  }

  async resume(app: string, { by }: { by: string }) {
    this.#ask(`resume by ${by}`, app)
    return live
  }

  async webhook(app: string): Promise<Webhook> {
    this.#ask('webhook', app)
    const url = `https://trimtab.example.com/hooks/${app}`
    return { name: app, url, isPublic: true, secret: 'of the hook', forge: 'gitea', previews: false, installable: true }
  }

  async webhooks() {
    this.#ask('webhooks')
    const url = 'https://trimtab.example.com/hooks/repo.000000000000'
    return [{ repository: 'repo.000000000000', url, apps: ['hello', 'shop'], lists: 0 }]
  }

  async installWebhook(app: string) {
    this.#ask('install webhook', app)
    return { url: `https://trimtab.example.com/hooks/${app}`, done: 'made' as const }
  }

  async *down(app?: string) {
    this.#ask('down', app)
    yield `stopping ${app ?? 'everything'}`
    await new Promise(setImmediate)
    yield 'stopped'
    this.#end('down')
  }

  async run(app: string, command: string[], terminal: Terminal, inside?: string) {
    this.#ask(`run ${JSON.stringify(command)}${inside === undefined ? '' : ` in ${inside}`}`, app)
    return await this.command(command, terminal)
  }

  /** Hands an event to everyone who follows. */
  emit(event: Event): void {
    for (const push of this.#push) push(event)
  }

  async *#tracked<T>(name: string, items: T[], { follow, signal }: { follow: boolean; signal: AbortSignal }): AsyncGenerator<T> {
    try {
      for (const item of items) {
        if (signal.aborted) return
        yield item
      }
      if (follow && name === 'events') yield* this.#coming(signal) as AsyncGenerator<T>
      else if (follow && !signal.aborted) await once(signal, 'abort')
    } finally {
      this.#end(name)
    }
  }

  async *#coming(signal: AbortSignal): AsyncGenerator<Event> {
    const queue: Event[] = []
    let wake = () => {}
    signal.addEventListener('abort', () => wake())
    this.#push.push((event) => {
      queue.push(event)
      wake()
    })
    while (!signal.aborted) {
      const next = queue.shift()
      if (next !== undefined) yield next
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  }

  #ask(what: string, app?: string): void {
    this.asked.push(app === undefined ? what : `${what} ${app}`)
    const fault = this.fault
    this.fault = null
    if (fault !== null) throw fault
    if (app !== undefined && !this.apps.some((one) => one.app === app)) {
      throw new TrimtabError('NotFound', `There is no app "${app}". Did you mean "hello"?`)
    }
  }

  #end(name: string): void {
    this.ended.push(name)
    this.onEnd()
  }
}
