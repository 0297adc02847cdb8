import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { DRIVER } from './driver.ts'
import { Marked } from './marked.ts'

/** Where the outputs of a request go. */
export interface Outputs {
  out: (chunk: Buffer) => void
  err: (chunk: Buffer) => void
}

/** The container has ended, or the connection to it has. */
export class SessionEnded extends Error {}

type Stream = 'out' | 'err'

/** A conversation with the driver of one container, one request at a time. */
export class Session {
  readonly #socket: Duplex
  #rest: Buffer = Buffer.alloc(0)
  #ended = false
  #listening: Record<Stream, Marked> | null = null
  /** Called at every end of a stream, and when all has ended. */
  #wake: () => void = () => {}

  /** `socket`: the attached streams of a container that runs bash. */
  constructor(socket: Duplex) {
    this.#socket = socket
    socket.on('data', (data: Buffer) => this.#take(data))
    socket.on('error', () => {}) // 'close' follows
    socket.once('close', () => this.#end())
    socket.once('end', () => this.#end())
    socket.write(DRIVER)
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Resolves with the status of what was asked for. Throws SessionEnded. */
  async ask(verb: string, args: string[], { out, err }: Outputs, archive?: AsyncIterable<Buffer>): Promise<number> {
    const nonce = randomBytes(16).toString('hex')
    const listening = { out: new Marked(nonce, out), err: new Marked(nonce, err) }
    this.#listening = listening
    const answered = new Promise<void>((resolve) => {
      this.#wake = () => {
        if (this.#ended || (listening.out.status !== null && listening.err.status !== null)) resolve()
      }
    })
    if (this.#ended) throw new SessionEnded()
    this.#socket.write([nonce, verb, String(args.length), ...args].map((field) => `${field}\0`).join(''))
    // An archive that is no longer read is not written to its end.
    if (archive) await Promise.race([this.#send(archive), answered])
    await answered
    const { status } = listening.out
    if (status === null) throw new SessionEnded()
    return status
  }

  close(): void {
    this.#socket.destroy()
  }

  async #send(archive: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of archive) {
      if (this.#ended) return
      this.#socket.write(`${chunk.length}\0`)
      if (!this.#socket.write(chunk)) await this.#room()
    }
    this.#socket.write('0\0')
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        this.#socket.off('drain', go).off('close', go)
        resolve()
      }
      this.#socket.once('drain', go).once('close', go)
    })
  }

  /** The engine puts both outputs into one stream, in frames: a byte that says which, three of nothing, four of length. */
  #take(data: Buffer): void {
    this.#rest = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data])
    while (this.#rest.length >= 8) {
      const end = 8 + this.#rest.readUInt32BE(4)
      if (this.#rest.length < end) return
      const from: Stream = this.#rest[0] === 2 ? 'err' : 'out'
      this.#listening?.[from].take(this.#rest.subarray(8, end))
      this.#rest = this.#rest.subarray(end)
    }
    this.#wake()
  }

  #end(): void {
    this.#ended = true
    this.#wake()
  }
}
