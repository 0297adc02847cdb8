/**
 * Reads HTTP/1 responses from a server's bytes (RFC 9112).
 *
 * Why not node:http's client, or httpxy on top of it: a request through them takes two to three times the CPU (54 and 60 µs against
 * 24 µs, where a bare node:http server takes 11), and neither tells how far a failed exchange had got, which decides whether it may
 * be tried again. Field names and values are checked by node:http's ServerResponse when they are written to the client.
 */
import { BodyDecoder } from './body.ts'
import { parseHead, type ResponseHead } from './head.ts'

export interface ResponseHandler {
  /** 1xx but for 101. */
  onInformational(head: ResponseHead): void
  /** 101: the connection is no longer HTTP; `rest` are its first bytes. */
  onUpgraded(head: ResponseHead, rest: Buffer): void
  onHead(head: ResponseHead): void
  /** `last`: nothing follows, not even trailers; onEnd comes all the same. The bytes are only lent: they change after the call. */
  onBody(data: Buffer, last: boolean): void
  onEnd(trailers: string[]): void
}

const largestHead = 64 * 1024
const blankLine = Buffer.from('\r\n\r\n')

export class ResponseParser {
  /** The head of the response that is being read or was read last. */
  head: ResponseHead | null = null
  #handler: ResponseHandler | null = null
  #toHead = false
  #held: Buffer | null = null
  readonly #body = new BodyDecoder((data, last) => this.#handler?.onBody(data, last))

  /** Expects the response to one request. `toHead`: the request was HEAD, the response has no content. */
  begin(handler: ResponseHandler, toHead: boolean): void {
    this.#handler = handler
    this.#toHead = toHead
    this.#held = null
    this.head = null
  }

  /** Reads bytes. Returns how many are left over behind the response's end, or -1 while it has not ended. Throws for what is not HTTP. */
  execute(chunk: Buffer): number {
    const handler = this.#handler
    if (!handler) return chunk.length
    let bytes = chunk
    let at = 0
    if (this.#held) {
      bytes = Buffer.concat([this.#held, chunk])
      this.#held = null
    }
    while (!this.head) {
      const end = bytes.indexOf(blankLine, at)
      if ((end < 0 ? bytes.length : end) - at > largestHead)
        throw new Error(`the response's head is larger than ${largestHead} bytes`)
      if (end < 0) {
        this.#held = Buffer.from(bytes.subarray(at))
        return -1
      }
      const head = parseHead(bytes.toString('latin1', at, end), this.#toHead)
      at = end + 4
      if (head.status === 101) {
        this.#handler = null
        handler.onUpgraded(head, bytes.subarray(at))
        return 0
      }
      if (head.status < 200) {
        handler.onInformational(head)
        continue
      }
      this.head = head
      handler.onHead(head)
      this.#body.begin(head.framing)
    }
    if (!this.#body.done) at = this.#body.feed(bytes, at)
    if (!this.#body.done) return -1
    this.#end(handler)
    return bytes.length - at
  }

  /** The server has closed its side. True: that was the response's end. */
  finish(): boolean {
    const handler = this.#handler
    if (!handler || !this.head || !this.#body.endsWithConnection) return false
    this.#end(handler)
    return true
  }

  #end(handler: ResponseHandler): void {
    this.#handler = null
    handler.onEnd(this.#body.trailers)
  }
}
