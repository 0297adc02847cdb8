/** The last lines of instances that are no more, as the engine had them: `<state>/logs/<app>/<name>.log`. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pruneLogs } from '../kept.ts'
import { isPlain, plain } from '../names.ts'
import { type LogRecord, timeOf } from './records.ts'

/** Lines kept of each name, the instances that had it before included; and bytes, should they be long. */
export const SAVED_LINES = 1_000
const SAVED_BYTES = 1024 * 1024

export interface Saved {
  read(app: string, name: string): LogRecord[]
  /** Adds to what is there, and lets the oldest logs of the app go. A full disk costs the log, nothing else. */
  add(app: string, name: string, records: LogRecord[], isLive: (name: string) => boolean): void
}

export function createSaved(state: string, now: () => number): Saved {
  const dirOf = (app: string) => join(state, 'logs', plain(app))
  const fileOf = (app: string, name: string) => join(dirOf(app), `${plain(name)}.log`)

  function read(app: string, name: string): LogRecord[] {
    try {
      return readFileSync(fileOf(app, name), 'utf8').split('\n').filter(Boolean).map(recordOf)
    } catch {
      return []
    }
  }

  return {
    read: (app, name) => {
      fileOf(app, name) // a name that is none is an error, not an empty log
      return read(app, name)
    },
    add(app, name, records, isLive) {
      if (!isPlain(app) || !isPlain(name)) return
      try {
        const last = read(app, name).at(-1)?.time ?? ''
        const news = records.filter(({ time }) => time > last) // a removal that was cut short has saved them already
        if (news.length > 0) write(fileOf(app, name), [...read(app, name), ...news])
        pruneLogs(dirOf(app), isLive, now())
      } catch {
        // It is told by the disk being full that the disk is full.
      }
    },
  }
}

function write(file: string, records: LogRecord[]): void {
  const lines = records.slice(-SAVED_LINES).map(({ time, line }) => `${time} ${line}\n`)
  let bytes = 0
  const from = lines.findLastIndex((line) => {
    bytes += Buffer.byteLength(line)
    return bytes > SAVED_BYTES
  })
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.tmp`, lines.slice(from + 1).join(''), { mode: 0o600 })
  renameSync(`${file}.tmp`, file)
}

/** A line without a time is of a runtime that writes none. */
function recordOf(line: string): LogRecord {
  const space = line.indexOf(' ')
  const time = line.slice(0, Math.max(0, space))
  return /^\d{4}-\d\d-\d\dT/.test(time) && timeOf(time) !== null ? { time, line: line.slice(space + 1) } : { time: '', line }
}
