/** The server's side of `run`: an upgraded connection on which a one-off command has its stdin, stdout and stderr. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { PassThrough, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { TrimtabError } from '../errors.ts'
import type { Control, Terminal } from '../ports.ts'
import { failureAnswer } from './failure.ts'
import { encodeFrame, encodeNumber, type Frame, FrameDecoder, PIECE, type RunRequest, type Size, STDIN_WINDOW } from './frames.ts'
import { API, RUN_PROTOCOL } from './wire.ts'

/** Takes over an `Upgrade` request. Resolves when its connection is done with. */
export async function serveRun(control: Control, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  socket.on('error', () => socket.destroy())
  const app = appOf(request)
  if (app === null) return refuse(socket, new TrimtabError('NotFound', `No upgrade to ${RUN_PROTOCOL} here.`))
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${RUN_PROTOCOL}\r\n\r\n`)
  const session = new Session(socket)
  if (head.byteLength > 0) session.receive(head)
  socket.on('data', (bytes: Buffer) => session.receive(bytes))
  // A server's connections may be half open: a client that is gone is seen by its end, not by a close.
  socket.on('end', () => socket.destroy())
  socket.on('close', () => session.end(new TrimtabError('Usage', 'The client went away.')))
  try {
    const { command, inside } = await session.request
    const code = await control.run(app, command, session.terminal, inside)
    await session.flush()
    socket.end(encodeNumber('exit', code))
  } catch (error) {
    socket.end(encodeFrame('error', JSON.stringify(failureAnswer(error).body.error)))
  } finally {
    session.stdin.destroy()
  }
}

function appOf(request: IncomingMessage): string | null {
  const name = new RegExp(`^${API}/apps/([^/?]{1,300})/run$`).exec(request.url ?? '')?.[1]
  if (name === undefined || request.method !== 'GET' || request.headers.upgrade?.toLowerCase() !== RUN_PROTOCOL) return null
  try {
    return decodeURIComponent(name)
  } catch {
    return null
  }
}

function refuse(socket: Duplex, error: TrimtabError): void {
  const { status, body } = failureAnswer(error)
  const text = JSON.stringify(body)
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  )
}

class Session {
  readonly stdin = new PassThrough()
  readonly request: Promise<RunRequest>
  readonly terminal: Terminal & { stdout: Writable; stderr: Writable }
  #start: (request: RunRequest) => void = () => {}
  #fail: (error: TrimtabError) => void = () => {}
  readonly #abort = new AbortController()
  readonly #decoder = new FrameDecoder()
  readonly #socket: Duplex
  /** Bytes of stdin not taken by the command yet: bounded, because the connection itself is always read (to see its end). */
  #waiting = 0
  #begun = false
  #size: Size = { columns: 80, rows: 24 }
  #resized: (size: Size) => void = () => {}
  #broken = false

  constructor(socket: Duplex) {
    this.#socket = socket
    this.request = new Promise((resolve, reject) => {
      this.#start = resolve
      this.#fail = reject
    })
    this.request.catch(() => {})
    this.stdin.on('error', () => {}) // a command that ends before its input does
    this.terminal = {
      stdin: this.stdin,
      stdout: this.#output('stdout'),
      stderr: this.#output('stderr'),
      signal: this.#abort.signal,
    }
  }

  receive(bytes: Buffer): void {
    if (this.#broken) return
    try {
      for (const frame of this.#decoder.push(bytes)) this.#handle(frame)
    } catch (error) {
      // What follows cannot be told apart any more. Before the command has begun there is somebody to tell it to.
      this.#broken = true
      const text = error instanceof Error ? error.message : String(error)
      if (this.#begun) this.#socket.destroy()
      this.end(new TrimtabError('Usage', text, { cause: error }))
    }
  }

  /** The command is asked to end; before it has begun, it does not begin. */
  end(reason: TrimtabError): void {
    this.#fail(reason)
    this.#abort.abort(reason)
  }

  /** Resolves when all output is on its way, so that the exit code comes after it. */
  async flush(): Promise<void> {
    for (const stream of [this.terminal.stdout, this.terminal.stderr]) {
      stream.end()
      await finished(stream).catch(() => {})
    }
  }

  #handle({ type, payload }: Frame): void {
    if (type === 'command') this.#begin(payload)
    else if (type === 'stdin') this.#feed(payload)
    else if (type === 'stdinEnd') this.stdin.end()
    else if (type === 'size') this.#resize(parseSize(JSON.parse(payload.toString())))
    else if (type === 'signal') this.#abort.abort(payload.toString())
    else throw new TrimtabError('Usage', `A client sends no ${type} frames.`)
  }

  #begin(payload: Buffer): void {
    const request = parseRequest(payload)
    this.#begun = true
    if (request.tty) {
      this.#size = request.tty
      this.terminal.tty = {
        onSize: (resized) => {
          this.#resized = resized
          resized(this.#size)
        },
      }
    }
    this.#start(request)
  }

  #resize(size: Size): void {
    this.#size = size
    this.#resized(size)
  }

  #feed(payload: Buffer): void {
    this.#waiting += payload.byteLength
    if (this.#waiting > STDIN_WINDOW) throw new TrimtabError('Usage', 'More stdin than was asked for.')
    this.stdin.write(payload, () => {
      this.#waiting -= payload.byteLength
      if (this.#socket.writable) this.#socket.write(encodeNumber('taken', payload.byteLength))
    })
  }

  /** As slow as the connection is: a chunk is done when its bytes have left. */
  #output(type: 'stdout' | 'stderr'): Writable {
    const socket = this.#socket
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        for (let from = 0; from + PIECE < chunk.byteLength; from += PIECE) {
          socket.write(encodeFrame(type, chunk.subarray(from, from + PIECE)))
        }
        const rest = chunk.byteLength % PIECE || PIECE
        socket.write(encodeFrame(type, chunk.subarray(chunk.byteLength - rest)), done)
      },
    })
    return stream.on('error', () => {}) // the client went away
  }
}

function parseRequest(payload: Buffer): RunRequest {
  const given: unknown = JSON.parse(payload.toString())
  const { command, inside, tty } = (given ?? {}) as { [K in keyof RunRequest]?: unknown }
  if (!Array.isArray(command) || !command.every((word): word is string => typeof word === 'string')) {
    throw new TrimtabError('Usage', 'The command must be a list of words.')
  }
  if (inside !== undefined && typeof inside !== 'string') throw new TrimtabError('Usage', 'An instance is named by a word.')
  if (command.length === 0 && inside === undefined) throw new TrimtabError('Usage', 'The command must be a list of words.')
  return { command, ...(inside !== undefined && { inside }), ...(tty !== undefined && { tty: parseSize(tty) }) }
}

function parseSize(given: unknown): Size {
  const { columns, rows } = (given ?? {}) as Partial<Record<keyof Size, unknown>>
  const isSize = (value: unknown): value is number => Number.isInteger(value) && Number(value) > 0 && Number(value) < 10_000
  if (!isSize(columns) || !isSize(rows)) throw new TrimtabError('Usage', 'A terminal has columns and rows.')
  return { columns, rows }
}
