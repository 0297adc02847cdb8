/**
 * One request and its response: client ⇄ router ⇄ server, with at most a few attempts.
 *
 * An attempt that failed may be made again when the server cannot have acted on it: it was never reached, or it had closed the kept
 * connection before it read the request; or when acting twice does no harm (idempotent methods, RFC 9110, 9.2.2). In every case
 * nothing may have been answered yet, and all content that was sent must still be at hand.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Connection, Exchanging, Failure } from './connection.ts'
import type { Content } from './content.ts'
import { hintsOf, type ResponseHead, trailerPairs } from './head.ts'
import type { Origin } from './origin.ts'
import { answer } from './pages.ts'
import { headFor, type Request, stripPrefixes } from './request.ts'
import type { Entry } from './table.ts'

export interface ExchangeSettings {
  /** Longest silence of a client in the middle of its request's content. */
  contentIdleMs: number
  log(topic: string, message: string): void
}

/** A client connection that asks for another protocol. */
export interface Upgrading {
  socket: Socket
  switched(head: ResponseHead, server: Socket, rest: Buffer, closed: () => void): void
}

const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'PROPFIND', 'REPORT'])
/** A request that breaks servers must not be carried from one to the next. */
const mostFresh = 2
const smallContent = 16 * 1024
/** Other methods only use a kept connection that was busy so lately that the server has no reason to have closed it. */
const unsafeIdleMs = 750

export class Exchange implements Exchanging {
  readonly #settings: ExchangeSettings
  readonly #request: Request
  readonly #entry: Entry
  readonly #incoming: IncomingMessage
  readonly #content: Content
  readonly #response: ServerResponse
  readonly #client: string
  readonly #upgrading: Upgrading | null
  #origin: Origin | null = null
  #connection: Connection | null = null
  readonly #tried: Origin[] = []
  /** Attempts on new connections that broke. */
  #fresh = 0
  #kept = false
  /** The response's head is on its way to the client. */
  #answered = false
  #headFlushed = false
  #waitsForClient = false
  #continued = false
  #over = false

  constructor(
    settings: ExchangeSettings,
    request: Request,
    entry: Entry,
    parts: {
      incoming: IncomingMessage
      content: Content
      response: ServerResponse
      client: string
      upgrading: Upgrading | null
    },
  ) {
    this.#settings = settings
    this.#request = request
    this.#entry = entry
    this.#incoming = parts.incoming
    this.#content = parts.content
    this.#response = parts.response
    this.#client = parts.client
    this.#upgrading = parts.upgrading
  }

  start(): void {
    this.#response.on('close', () => this.#onClientGone())
    this.#attempt(false)
    if (!this.#over) this.#content.read(this.#settings.contentIdleMs, () => this.#onSilence())
  }

  // ── To the server ────────────────────────────────────────────────────────────────────────────────────────

  #attempt(fresh: boolean): void {
    const origin = this.#entry.balance.next(this.#tried)
    if (!origin) return this.#refuse(503)
    this.#tried.push(origin)
    this.#origin = origin
    origin.active++
    const request = this.#request
    const maxIdle = idempotent.has(request.method) ? Number.POSITIVE_INFINITY : unsafeIdleMs
    const kept = fresh || this.#upgrading ? null : origin.take(maxIdle)
    this.#kept = kept !== null
    const connection = kept ?? origin.connect(this.#upgrading !== null)
    this.#connection = connection
    const { path, prefix } =
      this.#entry.strip.length > 0 ? stripPrefixes(request.target, this.#entry.strip) : { path: request.target.sent, prefix: '' }
    const head = headFor(request, path, prefix, this.#client, origin.address)
    connection.send(this, head, request.method === 'HEAD', request.framing !== 'none')
    this.#content.sendTo(connection)
  }

  onDrain(): void {
    this.#content.resume()
  }

  // ── From the server ──────────────────────────────────────────────────────────────────────────────────────

  onInformational(head: ResponseHead): void {
    if (this.#incoming.httpVersionMinor === 0 || this.#upgrading) return
    if (head.status === 100 && this.#request.expects && !this.#continued) {
      this.#continued = true
      this.#response.writeContinue()
    } else if (head.status === 103) {
      const hints = hintsOf(head.fields)
      try {
        if (hints) this.#response.writeEarlyHints(hints)
      } catch {
        // Hints are optional; malformed ones are left out.
      }
    }
  }

  onUpgraded(head: ResponseHead, rest: Buffer): void {
    const origin = this.#origin
    const connection = this.#connection
    if (!this.#upgrading || !connection || !origin) throw new Error('it changed the protocol, and nobody had asked for it')
    this.#over = true
    this.#connection = null
    this.#origin = null
    this.#upgrading.switched(head, connection.release(), rest, () => {
      origin.active--
    })
  }

  onHead(head: ResponseHead): void {
    const response = this.#response
    this.#answered = true
    this.#content.forget()
    // A client that was told the outcome instead of "go on" may send its content or not: only closing is unambiguous (RFC 9110, 10.1.1).
    if (this.#request.expects && !this.#content.ended && !this.#continued) response.shouldKeepAlive = false
    // Node refuses an announcement of trailers where there can be none.
    if (head.trailer && head.framing.kind === 'chunked' && this.#incoming.httpVersionMinor > 0)
      head.fields.push('Trailer', head.trailer)
    try {
      response.writeHead(head.status, head.reason, head.fields)
    } catch (thrown) {
      this.#answered = false
      throw thrown
    }
  }

  onBody(data: Buffer, last: boolean): void {
    this.#headFlushed = true
    // As a string, a small response's head and content leave in one plain write: half again as many requests per second.
    if (last && data.length <= smallContent) this.#response.end(data.toString('latin1'), 'latin1')
    else if (last) this.#response.end(Buffer.from(data))
    else if (!this.#response.write(Buffer.from(data)) && !this.#waitsForClient) {
      this.#waitsForClient = true
      this.#connection?.pause()
      this.#response.once('drain', () => {
        this.#waitsForClient = false
        this.#connection?.resume()
      })
    }
  }

  onEnd(trailers: string[]): void {
    const pairs = trailerPairs(trailers)
    if (pairs.length > 0) this.#response.addTrailers(pairs)
    if (!this.#response.writableEnded) this.#response.end()
  }

  onFlush(): void {
    // A head without content yet (server-sent events): the client gets it now.
    if (this.#answered && !this.#headFlushed) {
      this.#headFlushed = true
      this.#response.flushHeaders()
    }
  }

  onComplete(): boolean {
    this.#over = true
    this.#leave()
    this.#content.leave()
    return this.#content.ended
  }

  // ── When it goes wrong ───────────────────────────────────────────────────────────────────────────────────

  onFailure(failure: Failure, reason: string): void {
    const address = this.#origin?.address
    this.#leave()
    if (this.#over) return
    if (this.#answered) {
      this.#over = true
      this.#settings.log('broken', `${address} broke off its response: ${reason}`)
      this.#response.destroy()
      return
    }
    if (this.#mayTryAgain(failure)) return this.#attempt(true)
    this.#settings.log(failure, `${address}: ${reason}`)
    this.#refuse(failure === 'timeout' ? 504 : 502)
  }

  #mayTryAgain(failure: Failure): boolean {
    if (!this.#content.repeatable) return false
    const another = this.#entry.balance.values.some((origin) => !this.#tried.includes(origin))
    if (failure === 'unsent' || failure === 'timeout') return another
    if (failure === 'broken') {
      if (!this.#kept) this.#fresh++
      if (!idempotent.has(this.#request.method) || this.#fresh >= mostFresh) return false
    }
    return this.#kept || another
  }

  #refuse(status: number): void {
    this.#over = true
    answer(this.#response, this.#request, status, !this.#content.ended && this.#request.expects && !this.#continued)
    this.#content.leave()
  }

  #onSilence(): void {
    this.#abandon()
    if (!this.#response.headersSent) answer(this.#response, this.#request, 408, true)
    else this.#response.destroy()
  }

  #onClientGone(): void {
    if (!this.#over) this.#abandon()
  }

  #abandon(): void {
    this.#over = true
    this.#connection?.destroy()
    this.#leave()
    this.#content.leave()
  }

  #leave(): void {
    this.#connection = null
    if (this.#origin) this.#origin.active--
    this.#origin = null
  }
}
