/**
 * The Docker Engine, as everything that needs it is given it: dockerode on a local socket, with a time limit on every question
 * and one kind of error for "it is not there". API reference: https://docs.docker.com/reference/api/engine/
 */
import { Agent } from 'node:http'
import { inspect } from 'node:util'
import Docker from 'dockerode'
import { TrimtabError } from '../errors.ts'

export interface Engine {
  docker: Docker
  /** Absolute path of its socket. */
  socket: string
  /**
   * Asks it something. Throws RuntimeUnavailable (retry) where it does not answer, or not within `limitMs` (default 15 s); what it
   * answers in the negative comes out as a Refusal.
   */
  ask<T>(work: (docker: Docker, abortSignal: AbortSignal) => Promise<T>, limitMs?: number): Promise<T>
}

/** The engine has answered: no. */
export class Refusal extends Error {
  /** HTTP status: 404 there is no such thing, 409 it is there already or in use, 304 it is so already. */
  readonly status: number

  constructor(status: number, message: string, cause: unknown) {
    super(message, { cause })
    this.name = 'Refusal'
    this.status = status
  }
}

export const DEFAULT_SOCKET = '/var/run/docker.sock'

/** `DOCKER_HOST`, as the docker command reads it, where it names a local socket. */
export function socketOf(configured: string | undefined, env: NodeJS.ProcessEnv): string {
  return configured ?? /^unix:\/\/(\/.+)$/.exec(env.DOCKER_HOST ?? '')?.[1] ?? DEFAULT_SOCKET
}

const LIMIT_MS = 15_000

/**
 * A connection for each question: an engine that shuts down goes on answering on old ones, while its containers end. On a new one it
 * is away, and what it ends is not taken for what ended by itself.
 */
class OneEach extends Agent {
  constructor() {
    super({ keepAlive: false })
  }

  /** docker-modem prints all that it was given, in full depth, for a log that nobody reads: tens of milliseconds of open sockets. */
  [inspect.custom](): string {
    return 'OneEach'
  }
}

export function createEngine(socket: string): Engine {
  const options = { socketPath: socket, agent: new OneEach() }
  const docker = new Docker(options)
  return {
    docker,
    socket,
    async ask(work, limitMs = LIMIT_MS) {
      const late = new AbortController()
      let timer: NodeJS.Timeout | undefined
      // Not every call of dockerode's takes the signal: the answer is not waited for in any case.
      const over = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          late.abort()
          reject(new Error('late'))
        }, limitMs)
      })
      try {
        return await Promise.race([work(docker, late.signal), over])
      } catch (thrown) {
        throw translated(thrown, socket, late.signal.aborted ? limitMs : null)
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

/** An error of dockerode's, as a Refusal or RuntimeUnavailable; one of ours stays what it is. */
export function translated(thrown: unknown, socket: string, lateMs: number | null = null): unknown {
  if (thrown instanceof TrimtabError || thrown instanceof Refusal) return thrown
  const { statusCode, code, json, message } = thrown as { statusCode?: number; code?: string; json?: unknown; message?: string }
  if (lateMs !== null) return unavailable(`The Docker Engine at ${socket} has not answered within ${lateMs / 1000} s.`, thrown)
  if (typeof statusCode === 'number')
    return new Refusal(statusCode, said(json) ?? plain(message) ?? `status ${statusCode}`, thrown)
  const why = WHY[code ?? ''] ?? message ?? String(thrown)
  return unavailable(`The Docker Engine at ${socket} cannot be reached: ${why}${why.endsWith('?') ? '' : '.'}`, thrown)
}

const WHY: Record<string, string> = {
  ENOENT: 'there is no such socket. Is Docker installed and running?',
  ECONNREFUSED: 'nobody listens on the socket. Is the engine running?',
  EACCES: 'permission denied; the user that runs trimtab must be in the group docker',
  ECONNRESET: 'it has broken the connection off',
}

function unavailable(message: string, cause: unknown): TrimtabError {
  return new TrimtabError('RuntimeUnavailable', message, { retry: true, cause })
}

function said(json: unknown): string | null {
  const message = (json as { message?: unknown } | null)?.message
  return typeof message === 'string' ? message.trim() : null
}

/** What dockerode puts before the engine's own words where it has not parsed them. */
function plain(message: string | undefined): string | undefined {
  return message?.replace(/^\(HTTP code \d+\)[^-]*- /, '').trim()
}

/** Whether this is the engine's word that there is no such thing. */
export function isMissing(thrown: unknown): boolean {
  return thrown instanceof Refusal && thrown.status === 404
}
