import type { Readable } from 'node:stream'
import type { AppStatus } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { Control, PlannedApp, Terminal, Webhook } from '../ports.ts'
import { type Call, call, failureIn, readText } from './request.ts'
import { runOver } from './run-client.ts'
import { API, type ArtifactView, type EventView, type LogLineView, type ReleaseView, type SyncUpdateView } from './wire.ts'

type Query = Record<string, string | number | boolean | undefined>

/**
 * The running platform of a state directory, over its socket: the methods of Control, with what they give as it is on the
 * wire. Throws what the platform threw, and NotRunning where nobody listens. A stream whose signal is aborted just ends.
 */
export class Client {
  readonly #state: string

  constructor(state: string) {
    this.#state = state
  }

  version(): Promise<ReturnType<Control['version']>> {
    return this.#json({ method: 'GET', path: at('/version') })
  }

  status(app?: string, { usage = false } = {}): Promise<AppStatus[]> {
    return this.#json({ method: 'GET', path: app === undefined ? at('/apps') : of(app, '', usage ? { usage } : {}) })
  }

  lists(): ReturnType<Control['lists']> {
    return this.#json({ method: 'GET', path: at('/lists') })
  }

  releases(app: string): Promise<ReleaseView[]> {
    return this.#json({ method: 'GET', path: of(app, '/releases') })
  }

  plan(app?: string): Promise<PlannedApp[]> {
    return this.#json({ method: 'GET', path: at('/plan', { app }) })
  }

  async restart(app: string): Promise<void> {
    await this.#json({ method: 'POST', path: of(app, '/restart') })
  }

  webhook(name: string): Promise<Webhook> {
    return this.#json({ method: 'GET', path: of(name, '/webhook') })
  }

  webhooks(): ReturnType<Control['webhooks']> {
    return this.#json({ method: 'GET', path: at('/webhooks') })
  }

  installWebhook(name: string): ReturnType<Control['installWebhook']> {
    return this.#json({ method: 'POST', path: of(name, '/webhook') })
  }

  suspend(app: string, body: { by: string; reason: string }): Promise<AppStatus> {
    return this.#json({ method: 'POST', path: of(app, '/suspend'), body })
  }

  resume(app: string, body: { by: string }): Promise<AppStatus> {
    return this.#json({ method: 'POST', path: of(app, '/resume'), body })
  }

  events(options: { app?: string; limit: number; follow: boolean; signal?: AbortSignal }): AsyncGenerator<EventView> {
    const { signal, ...query } = options
    return this.#lines({ method: 'GET', path: at('/events', query), ...(signal && { signal }) })
  }

  logs(
    app: string,
    options: { process?: string; lines: number; follow: boolean; signal?: AbortSignal },
  ): AsyncGenerator<LogLineView> {
    const { signal, ...query } = options
    return this.#lines({ method: 'GET', path: of(app, '/logs', query), ...(signal && { signal }) })
  }

  async *buildLog(app: string, { follow, signal }: { follow: boolean; signal?: AbortSignal }): AsyncGenerator<string> {
    const path = of(app, '/build-log', { follow })
    for await (const { text } of this.#lines<{ text: string }>({ method: 'GET', path, ...(signal && { signal }) })) yield text
  }

  sync(options: { app?: string; wait: boolean; allowPrune?: boolean; signal?: AbortSignal }): AsyncGenerator<SyncUpdateView> {
    const { signal, ...body } = options
    return this.#lines({ method: 'POST', path: at('/sync'), body, ...(signal && { signal }) })
  }

  putArtifact(name: string, file: Readable): Promise<ArtifactView> {
    return this.#json({ method: 'POST', path: at('/artifacts', { name }), file })
  }

  artifacts(): Promise<ArtifactView[]> {
    return this.#json({ method: 'GET', path: at('/artifacts') })
  }

  removeArtifact(sha256: string): Promise<ArtifactView> {
    return this.#json({ method: 'DELETE', path: at(`/artifacts/${encodeURIComponent(sha256)}`) })
  }

  async *down(app?: string): AsyncGenerator<string> {
    const path = app === undefined ? at('/down') : of(app, '/down')
    for await (const { text } of this.#lines<{ text: string }>({ method: 'POST', path })) yield text
  }

  /** As Control.run; when the signal is aborted, its reason may name the signal to pass on ('SIGINT'). */
  run(app: string, command: string[], terminal: Terminal, inside?: string): Promise<number> {
    return runOver(this.#state, of(app, '/run'), { command, ...(inside !== undefined && { inside }) }, terminal)
  }

  async #json<T>(request: Call): Promise<T> {
    const { response } = await call(this.#state, request)
    return JSON.parse(await readText(response)) as T
  }

  async *#lines<T>(request: Call): AsyncGenerator<T> {
    const { response } = await call(this.#state, request)
    let rest = ''
    try {
      response.setEncoding('utf8')
      for await (const chunk of response) {
        const lines = `${rest}${chunk}`.split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) yield parseLine<T>(line)
      }
    } catch (error) {
      if (request.signal?.aborted) return
      if (error instanceof TrimtabError) throw error
      throw new TrimtabError('Internal', 'trimtab ended before its answer did.', { retry: true, cause: error })
    } finally {
      response.destroy()
    }
  }
}

function parseLine<T>(line: string): T {
  const value: unknown = JSON.parse(line)
  const failure = failureIn(value)
  if (failure !== null) throw failure
  return value as T
}

function at(path: string, query: Query = {}): string {
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value))
  return `${API}${path}${given.size > 0 ? `?${given}` : ''}`
}

function of(app: string, path = '', query: Query = {}): string {
  return at(`/apps/${encodeURIComponent(app)}${path}`, query)
}
