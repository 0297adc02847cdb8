/**
 * The engine's logs as lines. Each record is a frame: when it was written (RFC 3339, nanoseconds, always as long), a space, and a
 * line; of a line longer than 16 KiB a piece without its end, each piece with a time of its own.
 */
import { createSplitter, type Splitter } from '../lines.ts'
import { createFrames } from './frames.ts'

export interface LogRecord {
  /** As the engine wrote it: in order as text, too. */
  time: string
  line: string
}

interface Side {
  splitter: Splitter
  /** Of the frame that is being read, what came before the space. */
  time: string
  isTimeOver: boolean
}

const SPACE = 32

export interface RecordReader {
  push(chunk: Buffer): LogRecord[]
  /** A last line without its end. */
  rest(): LogRecord[]
}

export function createRecordReader(): RecordReader {
  const frames = createFrames()
  const side = (): Side => ({ splitter: createSplitter(), time: '', isTimeOver: false })
  const sides = { stdout: side(), stderr: side() }

  function read(of: Side, bytes: Buffer, isFirst: boolean): LogRecord[] {
    if (isFirst) Object.assign(of, { time: '', isTimeOver: false })
    let text = bytes
    if (!of.isTimeOver) {
      const end = bytes.indexOf(SPACE)
      of.time += bytes.toString('latin1', 0, end === -1 ? bytes.length : end)
      if (end === -1) return []
      of.isTimeOver = true
      text = bytes.subarray(end + 1)
    }
    return of.splitter.push(text).map((line) => ({ time: of.time, line }))
  }

  return {
    push: (chunk) => frames(chunk).flatMap(({ output, bytes, isFirst }) => read(sides[output], bytes, isFirst)),
    rest: () => Object.values(sides).flatMap(({ splitter, time }) => splitter.rest().map((line) => ({ time, line }))),
  }
}

/** Milliseconds since the epoch; null for what is no time. */
export function timeOf(text: string): number | null {
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : at
}

/** As the engine wants it in `since`: seconds and nanoseconds. */
export function sinceOf(time: string): string {
  const [, nanoseconds = '0'] = /\.(\d+)/.exec(time) ?? []
  return `${Math.floor((timeOf(time) ?? 0) / 1000)}.${nanoseconds.padEnd(9, '0')}`
}
