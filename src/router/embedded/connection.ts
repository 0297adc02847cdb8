/**
 * One connection to a server: one request at a time. Listeners are attached once for its whole life, not for each request.
 */
import { connect, type Socket } from 'node:net'
import type { Listen } from '../../domain.ts'
import { type ResponseHandler, ResponseParser } from './response.ts'

/**
 * How an exchange failed before its response was complete.
 * - unsent: the connection was never made, so the server knows nothing of the request
 * - timeout: likewise, but it took too long to find out
 * - stale: the server had closed this kept connection before the request reached it; it was not read
 * - broken: anything else; the server may have acted on the request
 */
export type Failure = 'unsent' | 'timeout' | 'stale' | 'broken'

export interface Exchanging extends ResponseHandler {
  /** All bytes that have come so far are handed over. */
  onFlush(): void
  /** The server takes more of the request's content. */
  onDrain(): void
  /** The response is complete; the connection is no longer this exchange's. Returns whether the request was sent whole. */
  onComplete(): boolean
  onFailure(failure: Failure, reason: string): void
}

/**
 * Every connection reads into this one buffer: a read and its callback are one step, so no other read comes between. Node's default
 * allocates 64 KiB for each read. Whoever keeps bytes beyond the callback copies them.
 */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024)

export class Connection {
  /** It has carried a request before. */
  reused = false
  /** When it was last put away, and until when it may be taken out again (performance.now()). */
  idleSince = 0
  idleUntil = 0
  readonly #socket: Socket
  readonly #parser = new ResponseParser()
  readonly #done: (connection: Connection, reusable: boolean) => void
  #exchange: Exchanging | null = null
  #connected = false
  /** At least one byte of the current response has come. */
  #heard = false
  /** System calls that the current request has been written with; what comes while corked joins the first. */
  #writes = 0
  #corked = false
  #timer: NodeJS.Timeout | null

  /**
   * `done` is called when a response is complete, and when a connection without an exchange was closed.
   * `switching`: it may leave HTTP, and its socket be given away (release).
   */
  constructor(server: Listen, connectMs: number, switching: boolean, done: (connection: Connection, reusable: boolean) => void) {
    this.#done = done
    // allowHalfOpen: after the server's FIN one more write tells whether it had read the request (see #onError).
    const options = { host: server.host, port: server.port, noDelay: true, allowHalfOpen: true }
    const onread = { buffer: readBuffer, callback: (size: number) => this.#onRead(size) }
    const socket = switching ? connect(options).on('data', (data: Buffer) => this.#onData(data)) : connect({ ...options, onread })
    this.#socket = socket
    this.#timer = setTimeout(() => this.#fail('timeout', `no connection within ${connectMs} ms`), connectMs)
    socket.on('connect', () => this.#onConnect())
    socket.on('end', () => this.#onEnd())
    socket.on('drain', () => this.#exchange?.onDrain())
    socket.on('error', (error: NodeJS.ErrnoException) => this.#onError(error))
    socket.on('close', () => this.#fail(this.#connected ? 'broken' : 'unsent', 'closed'))
  }

  /** How long the server promised to keep the connection of the last response; null: it did not say. */
  get promisedIdleMs(): number | null {
    return this.#parser.head?.idleMs ?? null
  }

  /** Sends a request's head. `toHead`: its method is HEAD. `content`: content follows; what of it is there already goes along with the head. */
  send(exchange: Exchanging, head: string, toHead: boolean, content: boolean): void {
    this.#exchange = exchange
    this.#heard = false
    this.#writes = 1
    this.#parser.begin(exchange, toHead)
    if (content) {
      this.#corked = true
      this.#socket.cork()
      setImmediate(() => {
        this.#corked = false
        this.#socket.uncork()
      })
    }
    this.#socket.write(head, 'latin1')
  }

  /** Sends content. False: wait for onDrain. */
  write(data: Buffer): boolean {
    if (!this.#corked) this.#writes++
    return this.#socket.write(data)
  }

  /** Sends content as a chunk of the chunked coding. False: wait for onDrain. */
  writeChunk(data: Buffer): boolean {
    const socket = this.#socket
    if (!this.#corked) this.#writes++
    socket.cork()
    socket.write(`${data.length.toString(16)}\r\n`, 'latin1')
    socket.write(data)
    const more = socket.write('\r\n', 'latin1')
    socket.uncork()
    return more
  }

  /** Ends chunked content. `trailers`: field lines, each with its CRLF. */
  endChunks(trailers: string): void {
    if (!this.#corked) this.#writes++
    this.#socket.write(`0\r\n${trailers}\r\n`, 'latin1')
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Gives the bare socket away (after a 101). */
  release(): Socket {
    this.#exchange = null
    this.#clearTimer()
    for (const event of ['connect', 'data', 'end', 'drain', 'close'] as const) this.#socket.removeAllListeners(event)
    return this.#socket
  }

  /** Closes it without a word to its exchange. */
  destroy(): void {
    this.#exchange = null
    this.#clearTimer()
    this.#socket.destroy()
  }

  #onConnect(): void {
    this.#connected = true
    this.#clearTimer()
  }

  #onRead(size: number): boolean {
    this.#onData(readBuffer.subarray(0, size))
    return true
  }

  #onData(chunk: Buffer): void {
    const exchange = this.#exchange
    // Bytes that nobody asked for: whatever they are, they are no answer to the next request.
    if (!exchange) return this.#drop()
    this.#heard = true
    let extra: number
    try {
      extra = this.#parser.execute(chunk)
    } catch (thrown) {
      return this.#fail('broken', thrown instanceof Error ? thrown.message : String(thrown))
    }
    // The exchange may have given up this connection while it was handed the bytes.
    if (this.#exchange !== exchange) return
    if (extra < 0) exchange.onFlush()
    else this.#complete(extra === 0)
  }

  #onEnd(): void {
    if (!this.#exchange) return this.#drop()
    if (this.#parser.finish()) return this.#complete(false)
    if (!this.#heard && this.reused) return this.#probe()
    this.#fail('broken', 'the server closed the connection')
  }

  /**
   * The server closed a kept connection where its response should have begun. Had it read the request? One more write tells:
   * a server that had closed before the request came answered it with a reset, and a write after close and reset fails with EPIPE.
   * After a server that had read all there was, nothing has been reset yet, and the write succeeds.
   */
  #probe(): void {
    this.#writes++
    this.#socket.write('\r\n', (error) => {
      if (!error) this.#fail('broken', 'the server closed the connection')
    })
  }

  /**
   * EPIPE on the second write is the reset that answered the first (Linux: tcp_reset() in net/ipv4/tcp_input.c sets EPIPE only after
   * the other side's FIN; a reset without one is ECONNRESET). So nothing of the request was read, and it may be sent again whatever
   * its method (RFC 9110, 9.2.2). On a later write it could be the answer to a later part.
   */
  #onError(error: NodeJS.ErrnoException): void {
    const stale = error.code === 'EPIPE' && this.reused && !this.#heard && this.#writes <= 2
    this.#fail(this.#connected ? (stale ? 'stale' : 'broken') : 'unsent', error.code ?? error.message)
  }

  #complete(clean: boolean): void {
    const exchange = this.#exchange
    this.#exchange = null
    const sent = exchange?.onComplete() ?? true
    const reusable = clean && sent && (this.#parser.head?.keepAlive ?? false)
    if (this.#socket.isPaused()) this.#socket.resume()
    if (reusable) this.reused = true
    else this.#socket.destroy()
    this.#done(this, reusable)
  }

  #fail(failure: Failure, reason: string): void {
    const exchange = this.#exchange
    this.#exchange = null
    this.#clearTimer()
    this.#socket.destroy()
    if (exchange) exchange.onFailure(failure, reason)
    else this.#done(this, false)
  }

  #drop(): void {
    this.#socket.destroy()
    this.#done(this, false)
  }

  #clearTimer(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }
}
