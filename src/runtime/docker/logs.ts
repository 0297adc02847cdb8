/** The output of an app's instances: the last lines of each, and what comes, new instances included. */
import type { Engine } from '../../engine/engine.ts'
import type { LogLine } from '../../ports.ts'
import { createFollowing, type Source } from './follow.ts'
import { createQueue } from './queue.ts'
import { type LogRecord, timeOf } from './records.ts'
import { readRecords } from './tail.ts'

export interface LogsOptions {
  process?: string
  lines: number
  follow: boolean
  signal: AbortSignal
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

export async function* readLogs(sources: LogSources, app: string, options: LogsOptions): AsyncGenerator<LogLine> {
  const { engine } = sources
  const { lines, follow, signal } = options
  const isWanted = ({ process }: Source) => options.process === undefined || process === options.process
  const instances = async () => (await sources.instances(app)).filter(isWanted)
  const saved = ({ name }: Source) => sources.saved(app, name)

  const past = await Promise.all(
    (await instances()).map(async (source) => {
      // One line at least, to know from where to go on.
      const records = await readRecords(engine, source.id, { count: Math.max(1, lines) })
      const all = [...(records.length < lines ? saved(source) : []), ...records]
      return { source, time: records.at(-1)?.time ?? '', lines: lines > 0 ? inOrder(source, all.slice(-lines)) : [] }
    }),
  )
  const merged = past.flatMap((one) => one.lines).sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
  for (const { line } of merged) yield line
  if (!follow) return

  const queue = createQueue<LogLine>(signal)
  const pass = (source: Source, record: LogRecord) => queue.push(lineOf(source, record))
  const following = createFollowing({ engine, instances, saved, pass, signal })
  for (const { source, time } of past) following.begin(source, time)
  const deaf = sources.onChange(app, (started) => {
    if (!started) void following.look()
    else if (isWanted(started)) following.begin(started, '')
  })
  try {
    void following.look()
    yield* queue
  } finally {
    deaf()
  }
}

/** With times that never go back: two outputs of one instance may be written down a little out of their order. */
function inOrder(source: Source, records: LogRecord[]): Array<{ time: string; line: LogLine }> {
  let latest = ''
  return records.map((record) => {
    if (record.time > latest) latest = record.time
    return { time: latest, line: lineOf(source, record) }
  })
}

function lineOf({ name }: Source, { time, line }: LogRecord): LogLine {
  return { at: timeOf(time), instance: name, line }
}
