/** Reads one log as it grows, through rotations. */
import { closeSync, fstatSync } from 'node:fs'
import { createSplitter } from '../lines.ts'
import { olderLog, type Rotator } from './rotate.ts'
import { open, readAt } from './tail.ts'

export interface Reader {
  /** The lines that have come since the last call; at most about `CHUNK` bytes of them. `more`: there is more to read now. */
  read(): { lines: string[]; more: boolean }
  /** A last line without a newline. */
  rest(): string[]
}

const CHUNK = 256 * 1024

/** Reading is synchronous, so no rotation of ours happens between looking which file it is and reading from it. */
export function createReader(log: string, offset: number, rotator: Rotator, keep: number): Reader {
  const splitter = createSplitter()
  let turn = rotator.turns(log)
  let position = offset

  return {
    read() {
      const behind = rotator.turns(log) - turn
      if (behind > keep) {
        turn += behind - keep
        position = 0
        return { lines: ['… (output came faster than it was read; some is left out here)'], more: true }
      }
      const { bytes, size } = readFrom(behind > 0 ? olderLog(log, behind) : log, position)
      if (behind === 0 && size < position) {
        position = 0 // cut by somebody else
        return { lines: [], more: size > 0 }
      }
      position += bytes.length
      const isOver = behind > 0 && position >= size
      if (isOver) {
        turn++
        position = 0
      }
      return { lines: splitter.push(bytes), more: behind > 0 || position < size }
    },
    rest: () => splitter.rest(),
  }
}

function readFrom(file: string, position: number): { bytes: Buffer; size: number } {
  const fd = open(file)
  if (fd === null) return { bytes: Buffer.alloc(0), size: 0 }
  try {
    const size = fstatSync(fd).size
    const length = Math.min(CHUNK, size - position)
    return { bytes: length > 0 ? readAt(fd, position, length) : Buffer.alloc(0), size }
  } finally {
    closeSync(fd)
  }
}
