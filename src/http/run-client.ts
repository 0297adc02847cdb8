/** The client's side of `run`: see frames.ts for what is spoken. */
import type { Duplex } from 'node:stream'
import { TrimtabError } from '../errors.ts'
import type { Terminal } from '../ports.ts'
import { encodeFrame, type Frame, FrameDecoder, PIECE, type RunRequest, readNumber, type Size, STDIN_WINDOW } from './frames.ts'
import { call, failureIn } from './request.ts'
import { RUN_PROTOCOL } from './wire.ts'

/** Resolves with the command's exit code, after all of its output has been handed on. */
export async function runOver(
  state: string,
  path: string,
  request: Omit<RunRequest, 'tty'>,
  terminal: Terminal,
): Promise<number> {
  let sized: (size: Size) => void = () => {}
  let tty: Size | undefined
  terminal.tty?.onSize((size) => {
    tty = size
    sized(size)
  })
  const first = encodeFrame('command', JSON.stringify({ ...request, ...(tty && { tty }) } satisfies RunRequest))
  const { upgraded } = await call(state, {
    method: 'GET',
    path,
    headers: { connection: 'Upgrade', upgrade: RUN_PROTOCOL },
  })
  if (upgraded === null) throw new TrimtabError('Internal', 'trimtab did not upgrade the connection.')
  const { socket, head } = upgraded
  socket.write(first)
  sized = (size) => void socket.write(encodeFrame('size', JSON.stringify(size)))
  const input = new Input(socket, terminal.stdin)
  const stop = () => socket.write(encodeFrame('signal', nameOf(terminal.signal.reason)))
  if (terminal.signal.aborted) stop()
  terminal.signal.addEventListener('abort', stop)
  try {
    return await receive(socket, head, terminal, input)
  } finally {
    sized = () => {}
    terminal.signal.removeEventListener('abort', stop)
    input.close()
    socket.destroy()
  }
}

const nameOf = (reason: unknown) => (typeof reason === 'string' && reason.startsWith('SIG') ? reason : 'SIGTERM')

/** Reading stops while the terminal is slow, and with it, over there, the command's own writing. */
async function receive(socket: Duplex, head: Buffer, terminal: Terminal, input: Input): Promise<number> {
  const decoder = new FrameDecoder()
  socket.unshift(head)
  try {
    for await (const bytes of socket) {
      for (const frame of decoder.push(bytes as Buffer)) {
        if (frame.type === 'stdout') await hand(terminal.stdout, frame.payload)
        else if (frame.type === 'stderr') await hand(terminal.stderr, frame.payload)
        else if (frame.type === 'taken') input.taken(readNumber(frame))
        else if (frame.type === 'exit') return readNumber(frame)
        else throw thrownBy(frame)
      }
    }
  } catch (error) {
    if (error instanceof TrimtabError) throw error
    throw new TrimtabError('Internal', 'The connection to trimtab broke before the command ended.', { cause: error })
  }
  throw new TrimtabError('Internal', 'trimtab ended before the command did.')
}

function thrownBy({ type, payload }: Frame): TrimtabError {
  const failure = type === 'error' ? failureIn({ error: JSON.parse(payload.toString()) }) : null
  return failure ?? new TrimtabError('Internal', `Unexpected ${type} frame.`)
}

async function hand(stream: NodeJS.WritableStream, payload: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => stream.write(payload, (error) => (error ? reject(error) : resolve())))
}

/** Sends stdin as far as the command has taken it, and no further. */
class Input {
  #window = STDIN_WINDOW
  #waiting: Buffer = Buffer.alloc(0)
  #ended = false
  readonly #socket: Duplex
  readonly #stdin: NodeJS.ReadableStream | null

  constructor(socket: Duplex, stdin: NodeJS.ReadableStream | null) {
    this.#socket = socket
    this.#stdin = stdin
    stdin?.on('data', this.#read)
    stdin?.on('end', this.#end)
    stdin?.on('error', this.#end)
    if (stdin === null) this.#end()
  }

  taken(bytes: number): void {
    this.#window += bytes
    this.#send()
  }

  close(): void {
    this.#stdin?.off('data', this.#read)
    this.#stdin?.off('end', this.#end)
    this.#stdin?.off('error', this.#end)
    // A terminal that is still read would keep this process alive.
    this.#stdin?.pause()
  }

  readonly #read = (chunk: Buffer | string) => {
    this.#waiting = Buffer.concat([this.#waiting, Buffer.from(chunk)])
    this.#send()
  }

  readonly #end = () => {
    this.#ended = true
    this.#send()
  }

  #send(): void {
    while (this.#waiting.byteLength > 0 && this.#window > 0) {
      const piece = this.#waiting.subarray(0, Math.min(PIECE, this.#window))
      this.#socket.write(encodeFrame('stdin', piece))
      this.#window -= piece.byteLength
      this.#waiting = this.#waiting.subarray(piece.byteLength)
    }
    if (this.#waiting.byteLength > 0) {
      this.#stdin?.pause()
    } else if (this.#ended) {
      this.#ended = false
      this.#socket.write(encodeFrame('stdinEnd'))
    } else {
      this.#stdin?.resume()
    }
  }
}
