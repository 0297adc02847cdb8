/**
 * Small HTTP requests over connections that stay open: a poll of an unchanged repository is one request on one of them.
 */
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { createSecureContext } from 'node:tls'
import { Line } from './line.ts'

export interface HttpAnswer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface HttpQuestion {
  secure: boolean
  options: { method: HttpMethod; hostname: string; port: string; path: string; headers: Record<string, string | number> }
  body: string
}

/** Taken apart once, for a question that is asked again and again. */
export function question(method: HttpMethod, url: string, headers: Record<string, string>, body = ''): HttpQuestion {
  const { protocol, hostname, port, pathname, search } = new URL(url)
  const length = body === '' ? {} : { 'content-length': Buffer.byteLength(body) }
  // Without the brackets of an IPv6 address, which are the URL's.
  const options = {
    method,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port,
    path: pathname + search,
    headers: { ...headers, ...length },
  }
  return { secure: protocol === 'https:', options, body }
}

export interface HttpLimits {
  /** Until the connection stands. */
  connectMs: number
  /** Until the answer is whole. */
  totalMs: number
  /** Bytes of the answer. */
  size: number
}

/** One connection per host is kept; how many there are in between, the line of that host decides. */
const KEPT = { keepAlive: true, maxFreeSockets: 1, scheduling: 'lifo' } as const

export class HttpClient {
  readonly #plain = new Agent(KEPT)
  /** By scheme, host and port. */
  readonly #lines = new Map<string, Line>()
  #secure: HttpsAgent | null = null
  #closed = false
  readonly #certificates: () => string[] | undefined
  readonly #lookup: { lookup?: LookupFunction }

  /** `lookup`: in place of the system's; not asked where a host is written as an address. */
  constructor(certificates: () => string[] | undefined, lookup?: LookupFunction) {
    this.#certificates = certificates
    this.#lookup = lookup ? { lookup } : {}
  }

  /**
   * Asks, after those who asked this host before. Rejects with an Error that says in plain words what happened, with a `code` where
   * it is the connection's doing; never follows a redirect.
   */
  ask(question: HttpQuestion, limits: HttpLimits): Promise<HttpAnswer> {
    const { secure, options } = question
    const host = `${secure} ${options.hostname} ${options.port}`
    let line = this.#lines.get(host)
    if (!line) {
      line = new Line((error, unheard) => isAway(error) || (unheard && (error as NodeJS.ErrnoException).code === 'ETIMEDOUT'))
      this.#lines.set(host, line)
    }
    return line.run(() => (this.#closed ? Promise.reject(stopping()) : this.#send(question, limits)))
  }

  #send({ secure, options, body }: HttpQuestion, limits: HttpLimits): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const request = secure
        ? httpsRequest({ ...options, ...this.#lookup, agent: this.#https() })
        : httpRequest({ ...options, ...this.#lookup, agent: this.#plain })
      let timer: NodeJS.Timeout | undefined
      const arm = (ms: number, what: string, code = 'ETIMEDOUT') => {
        clearTimeout(timer)
        const late = () => Object.assign(new Error(`${what} within ${ms / 1000} s.`), { code })
        timer = setTimeout(() => request.destroy(late()), ms)
      }
      const fail = (error: Error) => {
        clearTimeout(timer)
        reject(error)
      }
      request.on('error', (error) => fail(plain(error)))
      request.on('socket', (socket) => {
        if (request.reusedSocket) return arm(limits.totalMs, 'no answer')
        arm(limits.connectMs, 'no connection', UNCONNECTED)
        socket.once(secure ? 'secureConnect' : 'connect', () => arm(limits.totalMs, 'no answer'))
      })
      request.on('response', (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          chunks.push(chunk)
          if (size > limits.size) request.destroy(tooLarge(limits.size))
        })
        response.on('error', (error) => fail(plain(error)))
        response.on('end', () => {
          clearTimeout(timer)
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
        })
      })
      request.end(body)
    })
  }

  /** Parsing a bundle of certificates takes milliseconds: once, and not before the first https question. */
  #https(): HttpsAgent {
    if (this.#secure) return this.#secure
    const ca = this.#certificates()
    const tls = ca ? { secureContext: createSecureContext({ ca }) } : {}
    this.#secure = new HttpsAgent({ ...KEPT, ...tls })
    return this.#secure
  }

  /** Nothing is asked any more. */
  close(): void {
    this.#closed = true
    for (const line of this.#lines.values()) line.dismiss(stopping())
    this.#plain.destroy()
    this.#secure?.destroy()
  }
}

function stopping(): Error {
  return new Error('trimtab is stopping.')
}

/** No connection came about in time. */
const UNCONNECTED = 'ECONNTIMEOUT'

const AWAY = new Set([UNCONNECTED, 'ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'])

export const TOO_LARGE = 'ETOOLARGE'

function tooLarge(size: number): Error {
  return Object.assign(new Error(`the answer is larger than ${size} bytes.`), { code: TOO_LARGE })
}

/** There is nobody to talk to at that address, whatever the question. */
export function isAway(error: unknown): boolean {
  return AWAY.has((error as NodeJS.ErrnoException | null)?.code ?? '')
}

function plain(error: NodeJS.ErrnoException): Error {
  const words: Record<string, string> = {
    ENOTFOUND: 'the host name is not known.',
    EAI_AGAIN: 'the host name could not be looked up just now.',
    ECONNREFUSED: 'the connection was refused.',
    ECONNRESET: 'the connection was cut.',
    EPIPE: 'the connection was cut.',
    EHOSTUNREACH: 'there is no route to the host.',
    ENETUNREACH: 'the network is unreachable.',
  }
  const word = words[error.code ?? '']
  return word ? Object.assign(new Error(word, { cause: error }), { code: error.code }) : error
}
