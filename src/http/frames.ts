/**
 * The frames of `run`, in both directions on an upgraded connection: one type byte, the payload's length as 4 bytes
 * (big endian), the payload. Pure: bytes in, frames out.
 */
import { TrimtabError } from '../errors.ts'

/** Of a frame's payload. Output is cut into smaller pieces; only a long command comes near it. */
export const LARGEST_FRAME = 1024 * 1024
/** How a stream is cut. */
export const PIECE = 64 * 1024
/** How much stdin may be under way without having been taken by the command. */
export const STDIN_WINDOW = 256 * 1024

const NUMBERS = {
  /** JSON of a RunRequest; the client's first frame. */
  command: 1,
  stdin: 2,
  stdinEnd: 3,
  /** Name of a signal the client got, as text: the one-off is asked to end. */
  signal: 4,
  /** Bytes of stdin the command has taken, as 4 bytes: the client may send as many more. */
  taken: 5,
  stdout: 6,
  stderr: 7,
  /** Exit code as 4 bytes; the server's last frame. */
  exit: 8,
  /** JSON {code, message} instead of an exit code; the server's last frame. */
  error: 9,
  /** JSON {columns, rows}: the client's terminal has another size now. */
  size: 10,
} as const

/** What the client asks for. */
export interface RunRequest {
  command: string[]
  /** An instance to run it in, in place of a one-off. */
  inside?: string
  /** The client's terminal, where a person sits at it. */
  tty?: Size
}

export interface Size {
  columns: number
  rows: number
}

export type FrameType = keyof typeof NUMBERS

const NAMES = new Map<number, FrameType>(Object.entries(NUMBERS).map(([name, number]) => [number, name as FrameType]))

export interface Frame {
  type: FrameType
  payload: Buffer
}

const HEADER = 5

export function encodeFrame(type: FrameType, payload: Uint8Array | string = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload
  if (body.byteLength > LARGEST_FRAME) throw new TrimtabError('Usage', `A ${type} of ${body.byteLength} bytes is too long.`)
  const frame = Buffer.allocUnsafe(HEADER + body.byteLength)
  frame.writeUInt8(NUMBERS[type], 0)
  frame.writeUInt32BE(body.byteLength, 1)
  frame.set(body, HEADER)
  return frame
}

export function encodeNumber(type: 'taken' | 'exit', value: number): Buffer {
  const payload = Buffer.alloc(4)
  payload.writeInt32BE(value)
  return encodeFrame(type, payload)
}

export function readNumber(frame: Frame): number {
  if (frame.payload.byteLength !== 4) throw new TrimtabError('Usage', `A ${frame.type} frame must hold 4 bytes.`)
  return frame.payload.readInt32BE()
}

/** Puts frames together again, however the bytes were cut on their way. */
export class FrameDecoder {
  #pieces: Buffer[] = []
  #length = 0;

  /** Throws for an unknown type or a frame that is too large: the connection is then of no use any more. */
  *push(bytes: Buffer): Generator<Frame> {
    this.#pieces.push(bytes)
    this.#length += bytes.byteLength
    for (;;) {
      const frame = this.#next()
      if (frame === null) return
      yield frame
    }
  }

  #next(): Frame | null {
    if (this.#length < HEADER) return null
    const header = this.#peek(HEADER)
    const type = NAMES.get(header.readUInt8(0))
    const size = header.readUInt32BE(1)
    if (type === undefined) throw new TrimtabError('Usage', `Unknown frame type ${header.readUInt8(0)}.`)
    if (size > LARGEST_FRAME) throw new TrimtabError('Usage', `A frame of ${size} bytes is too long.`)
    if (this.#length < HEADER + size) return null
    const whole = this.#peek(HEADER + size)
    const rest = whole.subarray(HEADER + size)
    this.#pieces = rest.byteLength > 0 ? [rest] : []
    this.#length = rest.byteLength
    return { type, payload: whole.subarray(HEADER, HEADER + size) }
  }

  /** At least `size` bytes in one piece. Joins only when it has to, so that a large frame in small pieces is copied once. */
  #peek(size: number): Buffer {
    const first = this.#pieces[0]
    if (first !== undefined && first.byteLength >= size) return first
    const joined = Buffer.concat(this.#pieces)
    this.#pieces = [joined]
    return joined
  }
}
