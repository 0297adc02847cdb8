/** The end of an instance's output, read from the end: a log of gigabytes costs no more than one of kilobytes. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { linesOf } from '../lines.ts'
import { isMissing, unreadable } from './places.ts'

const CHUNK = 64 * 1024
/** However few newlines there are, no more than this is read. */
const BUDGET = 16 * 1024 * 1024
const NEWLINE = 10

export interface Tail {
  lines: string[]
  /** Where in the newest file the last complete line ends: from there on it can be followed. */
  offset: number
}

/**
 * The last `count` lines of a log that may go on in older files (`files` newest first; missing ones are empty).
 * `whole`: leave out a last line that has no newline yet.
 */
export function readTail(files: string[], count: number, { whole = false } = {}): Tail {
  const chunks: Buffer[] = []
  let read = 0
  let newlines = 0
  let offset = 0
  for (const [age, file] of files.entries()) {
    const fd = open(file)
    if (fd === null) continue
    try {
      let end = fstatSync(fd).size
      if (age === 0) {
        if (whole) end = afterLastNewline(fd, end)
        offset = end
      }
      // One newline more than lines: what is before the first of them is the end of an earlier line.
      while (end > 0 && newlines <= count && read < BUDGET && count > 0) {
        const size = Math.min(CHUNK, end)
        const chunk = readAt(fd, end - size, size)
        if (chunk.length < size) break // it was truncated under our hands
        chunks.unshift(chunk)
        newlines += countNewlines(chunk)
        read += size
        end -= size
      }
    } finally {
      closeSync(fd)
    }
  }
  return { lines: count > 0 ? linesOf(Buffer.concat(chunks)).slice(-count) : [], offset }
}

/** Bytes at a position; fewer if the file ends before. */
export function readAt(fd: number, position: number, size: number): Buffer {
  const buffer = Buffer.allocUnsafe(size)
  return buffer.subarray(0, readSync(fd, buffer, 0, size, position))
}

/** Null: there is no such file. */
export function open(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (isMissing(error)) return null
    throw unreadable(path, error)
  }
}

function afterLastNewline(fd: number, size: number): number {
  for (let end = size; end > 0 && size - end < BUDGET; end -= CHUNK) {
    const begin = Math.max(0, end - CHUNK)
    const at = readAt(fd, begin, end - begin).lastIndexOf(NEWLINE)
    if (at !== -1) return begin + at + 1
  }
  return 0
}

function countNewlines(chunk: Buffer): number {
  let count = 0
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) count++
  return count
}
