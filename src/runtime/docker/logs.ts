/** The output of an app's instances: the last lines of each, and what comes, new instances included. */
import type { Readable } from 'node:stream'
import { type Engine, isMissing } from '../../engine/engine.ts'
import type { LogLine } from '../../ports.ts'
import { createQueue, type Queue } from './queue.ts'
import { createRecordReader, type LogRecord, sinceOf, timeOf } from './records.ts'
import { readRecords } from './tail.ts'

export interface LogsOptions {
  process?: string
  lines: number
  follow: boolean
  signal: AbortSignal
}

/** An instance whose output is wanted. */
export interface Source {
  id: string
  name: string
  process: string
  startedAt: number
  isRunning: boolean
}

export interface LogSources {
  engine: Engine
  /** The app's instances now. */
  instances(app: string): Promise<Source[]>
  /** What is kept of instances of this name that are no more. */
  saved(app: string, name: string): LogRecord[]
  /** Calls back when instances of the app come or go, with the one that was just started, if it is known; gives the end of it. */
  onChange(app: string, changed: (started?: Source) => void): () => void
}

/** How far one container's output has been read. */
interface Place {
  /** Time of the last line that was read. */
  time: string
  isOpen: boolean
  /** It has ended, and all of it was read. */
  isDone: boolean
}

export async function* readLogs(sources: LogSources, app: string, options: LogsOptions): AsyncGenerator<LogLine> {
  const { lines, follow, signal } = options
  const isWanted = ({ process }: Source) => options.process === undefined || process === options.process
  const wanted = async () => (await sources.instances(app)).filter(isWanted)
  const places = new Map<string, Place>()

  const past = await Promise.all(
    (await wanted()).map(async (source) => {
      // One line at least, to know from where to go on.
      const records = await readRecords(sources.engine, source.id, Math.max(1, lines))
      const all = [...(records.length < lines ? sources.saved(app, source.name) : []), ...records]
      places.set(source.id, { time: records.at(-1)?.time ?? '', isOpen: false, isDone: !source.isRunning })
      return lines > 0 ? inOrder(source, all.slice(-lines)) : []
    }),
  )
  for (const { line } of past.flat().sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))) yield line
  if (!follow) return

  const queue = createQueue<LogLine>(signal)
  const attend = async (started?: Source) => {
    const found = started ? [started].filter(isWanted) : await wanted().catch(() => [])
    for (const source of found) {
      const place = places.get(source.id) ?? { time: '', isOpen: false, isDone: false }
      places.set(source.id, place)
      if (place.isOpen || (place.isDone && !source.isRunning) || signal.aborted) continue
      place.isOpen = true
      void followOne(sources, app, source, place, queue, signal)
    }
  }
  const deaf = sources.onChange(app, (started) => void attend(started))
  try {
    void attend()
    yield* queue
  } finally {
    deaf()
  }
}

/** Reads one container until it ends, or the engine breaks off: then the next look takes it up again where it was. */
async function followOne(
  sources: LogSources,
  app: string,
  source: Source,
  place: Place,
  queue: Queue<LogLine>,
  signal: AbortSignal,
): Promise<void> {
  const from = place.time
  const pass = async (records: LogRecord[]) => {
    for (const record of records) {
      if (record.time <= from) continue
      place.time = record.time
      if (!(await queue.push(lineOf(source, record)))) return
    }
  }
  try {
    const stream = await openLog(sources.engine, source.id, place.time, signal)
    const reader = createRecordReader()
    for await (const chunk of stream) await pass(reader.push(chunk))
    await pass(reader.rest())
    place.isDone = true
  } catch (error) {
    // Gone before it could be read: what was saved of it is all there is.
    if (isMissing(error)) {
      await pass(sources.saved(app, source.name).filter(({ time }) => (timeOf(time) ?? 0) >= source.startedAt))
      place.isDone = true
    }
  } finally {
    place.isOpen = false
  }
}

async function openLog(engine: Engine, id: string, since: string, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
  const options = { follow: true as const, stdout: true, stderr: true, timestamps: true, ...(since && { since: sinceOf(since) }) }
  const stream = (await engine.ask((docker, abortSignal) =>
    docker.getContainer(id).logs({ ...options, abortSignal }),
  )) as Readable
  const close = () => stream.destroy()
  signal.addEventListener('abort', close, { once: true })
  stream.once('close', () => signal.removeEventListener('abort', close))
  if (signal.aborted) stream.destroy()
  return stream
}

function lineOf({ name }: Source, { time, line }: LogRecord): LogLine {
  return { at: timeOf(time), instance: name, line }
}

/** With times that never go back: two outputs of one instance may be written down a little out of their order. */
function inOrder(source: Source, records: LogRecord[]): Array<{ time: string; line: LogLine }> {
  let latest = ''
  return records.map((record) => {
    if (record.time > latest) latest = record.time
    return { time: latest, line: lineOf(source, record) }
  })
}
