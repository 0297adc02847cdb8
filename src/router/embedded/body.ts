/**
 * Where a message's content ends, and what of it is data (RFC 9112, 6 and 7). One decoder for one message at a time.
 */

export type Framing = { kind: 'none' } | { kind: 'length'; length: number } | { kind: 'chunked' } | { kind: 'close' }

const longestLine = 4096
const largestTrailer = 16 * 1024

type State = 'data' | 'close' | 'size' | 'chunk' | 'chunk-end' | 'trailer' | 'done'

/** Feed it bytes; it calls `onData` with slices of them (no copy) until `done`. Throws an Error for what is no content. */
export class BodyDecoder {
  /** Name, value, name, value … after the last chunk. */
  trailers: string[] = []
  #state: State = 'done'
  /** Bytes still to come of the content or of the chunk. */
  #left = 0
  #line = ''
  #trailerBytes = 0
  readonly #onData: (data: Buffer, last: boolean) => void

  constructor(onData: (data: Buffer, last: boolean) => void) {
    this.#onData = onData
  }

  get done(): boolean {
    return this.#state === 'done'
  }

  /** True if the end of the connection is the end of this content. */
  get endsWithConnection(): boolean {
    return this.#state === 'close'
  }

  begin(framing: Framing): void {
    this.trailers = []
    this.#line = ''
    this.#trailerBytes = 0
    this.#left = framing.kind === 'length' ? framing.length : 0
    if (framing.kind === 'chunked') this.#state = 'size'
    else if (framing.kind === 'close') this.#state = 'close'
    else this.#state = this.#left > 0 ? 'data' : 'done'
  }

  /** Reads from `at`; returns where it stopped: the end of the chunk, or of the message. */
  feed(bytes: Buffer, from: number): number {
    let at = from
    while (at < bytes.length && this.#state !== 'done') {
      switch (this.#state) {
        case 'close':
          this.#onData(at === 0 ? bytes : bytes.subarray(at), false)
          return bytes.length
        case 'data':
        case 'chunk':
          at = this.#data(bytes, at)
          break
        default:
          at = this.#text(bytes, at)
      }
    }
    return at
  }

  #data(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left)
    this.#left -= end - at
    const whole = this.#state === 'data'
    if (this.#left === 0) this.#state = whole ? 'done' : 'chunk-end'
    this.#onData(bytes.subarray(at, end), whole && this.#left === 0)
    return end
  }

  /** Lines: chunk sizes, the empty line behind a chunk, trailers. A line may come in pieces. */
  #text(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(0x0a, at)
    this.#line += bytes.toString('latin1', at, end < 0 ? bytes.length : end + 1)
    if (this.#line.length > longestLine) throw new Error('a line between chunks is too long')
    if (end < 0) return bytes.length
    const line = this.#line
    this.#line = ''
    if (!line.endsWith('\r\n')) throw new Error('a line between chunks does not end in CRLF')
    this.#take(line.slice(0, -2))
    return end + 1
  }

  #take(line: string): void {
    if (this.#state === 'size') {
      const size = /^([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?$/.exec(line)?.[1]
      if (size === undefined) throw new Error('a chunk has no size')
      this.#left = Number.parseInt(size, 16)
      this.#state = this.#left === 0 ? 'trailer' : 'chunk'
    } else if (this.#state === 'chunk-end') {
      if (line !== '') throw new Error('a chunk is longer than its size')
      this.#state = 'size'
    } else if (line === '') {
      this.#state = 'done'
    } else {
      const colon = line.indexOf(':')
      this.#trailerBytes += line.length
      if (colon < 1 || this.#trailerBytes > largestTrailer) throw new Error('a trailer is not one, or too long')
      this.trailers.push(line.slice(0, colon), line.slice(colon + 1).trim())
    }
  }
}
