/** A request's content on its way to a server, kept at hand for another attempt as long as it is small. */
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { Connection } from './connection.ts'
import { type Request, trailerLines } from './request.ts'

const keptBytes = 16 * 1024

export class Content {
  /** All of it has come (there may have been none). */
  ended: boolean
  readonly #chunked: boolean
  readonly #incoming: IncomingMessage
  readonly #source: Readable
  #target: Connection | null = null
  /** What has come so far; null once it is too much, or needed no more. */
  #kept: Buffer[] | null = []
  #size = 0

  /** `source` is `incoming`, but for requests that Node has handed over as a bare socket. */
  constructor(request: Request, incoming: IncomingMessage, source: Readable) {
    this.ended = request.framing === 'none'
    this.#chunked = request.framing === 'chunked'
    this.#incoming = incoming
    this.#source = source
  }

  /** It can be sent once more from its beginning. */
  get repeatable(): boolean {
    return this.#kept !== null
  }

  /** Begins to read. `silence` is called when the client says nothing for `idleMs` in the middle of it. */
  read(idleMs: number, silence: () => void): void {
    if (this.ended) return
    const source = this.#source
    source.on('data', (data: Buffer) => {
      this.#size += data.length
      if (this.#kept && this.#size <= keptBytes) this.#kept.push(data)
      else this.#kept = null
      // Without a target the response is complete, or there will be none: the rest is read and dropped.
      if (this.#target && !this.#send(this.#target, data)) source.pause()
    })
    source.on('end', () => {
      this.ended = true
      this.#incoming.socket.setTimeout(0)
      if (this.#target) this.#sendEnd(this.#target)
    })
    source.on('error', () => {})
    // Node's own requestTimeout would end a long upload that is well under way: only silence is an offence.
    this.#incoming.setTimeout(idleMs, () => {
      // A server that takes no more is not the client's fault.
      if (source.isPaused() && this.#target) this.#incoming.socket.setTimeout(idleMs)
      else silence()
    })
  }

  /** Sends it there from its beginning. */
  sendTo(connection: Connection): void {
    this.#target = connection
    for (const data of this.#kept ?? []) this.#send(connection, data)
    if (this.ended) this.#sendEnd(connection)
    else if (this.#size > 0) this.#source.resume()
  }

  /** There will be no other attempt. */
  forget(): void {
    this.#kept = null
  }

  /** Nobody takes it any more: what still comes is dropped, so that the client's next request can be read. */
  leave(): void {
    this.#target = null
    if (!this.ended) this.#source.resume()
  }

  /** The server takes more. */
  resume(): void {
    this.#source.resume()
  }

  #send(connection: Connection, data: Buffer): boolean {
    return this.#chunked ? connection.writeChunk(data) : connection.write(data)
  }

  #sendEnd(connection: Connection): void {
    if (this.#chunked) connection.endChunks(trailerLines(this.#incoming.rawTrailers))
  }
}
