/**
 * Follows the output of containers. A stream of the engine's may break off with the engine, and ends with the container, now and
 * then before the last line: so where a stream has ended, it is looked at again, and what has ended is read to its end once more.
 */
import type { Readable } from 'node:stream'
import type { Engine } from '../../engine/engine.ts'
import { createRecordReader, type LogRecord, sinceOf, timeOf } from './records.ts'
import { readRecords } from './tail.ts'

/** An instance whose output is wanted. */
export interface Source {
  id: string
  name: string
  process: string
  /** It has printed nothing before. */
  madeAt: number
  isRunning: boolean
}

export interface Followed {
  engine: Engine
  /** Those that are there now. */
  instances(): Promise<Source[]>
  /** What is kept of those that had the same name, and are no more. */
  saved(source: Source): LogRecord[]
  /** Resolves when there is room for more; false: nobody reads any more. */
  pass(source: Source, record: LogRecord): Promise<boolean>
  signal: AbortSignal
}

export interface Following {
  /** This one has been read up to this time ('': nothing of it). */
  begin(source: Source, time: string): void
  /** There may be others. */
  look(): Promise<void>
}

/** How far one container's output has been read. */
interface Place {
  source: Source
  time: string
  state: 'idle' | 'busy' | 'done'
}

const AGAIN_MS = 50

export function createFollowing({ engine, instances, saved, pass, signal }: Followed): Following {
  const places = new Map<string, Place>()

  async function look(): Promise<void> {
    if (signal.aborted) return
    const found = await instances().catch(() => null)
    if (!found) return // the engine is away: whoever sees it back says so
    for (const source of found) attend(source)
    const ids = new Set(found.map(({ id }) => id))
    for (const { source } of places.values()) if (!ids.has(source.id)) attend({ ...source, isRunning: false })
  }

  function attend(source: Source): void {
    const place = places.get(source.id) ?? { source, time: '', state: 'idle' }
    places.set(source.id, place)
    if (place.state === 'busy' || (place.state === 'done' && !source.isRunning) || signal.aborted) return
    place.state = 'busy'
    const work = source.isRunning ? stream(place) : finish(place)
    work.then(
      (state) => {
        place.state = state
        if (state === 'idle') setTimeout(look, AGAIN_MS).unref()
      },
      () => {
        place.state = 'idle' // the next change is another try
      },
    )
  }

  async function stream(place: Place): Promise<'idle'> {
    const records = await openLog(engine, place.source.id, place.time, signal)
    const reader = createRecordReader()
    const from = place.time
    const isNew = ({ time }: LogRecord) => time > from // the engine counts from that time, included
    for await (const chunk of records) await take(place, reader.push(chunk).filter(isNew))
    await take(place, reader.rest().filter(isNew))
    return 'idle'
  }

  async function finish(place: Place): Promise<'done'> {
    const { source, time } = place
    await take(place, await readRecords(engine, source.id, { since: time }))
    // Removed in the meantime, or before it could be read at all.
    const kept = saved(source).filter((one) => one.time > place.time && (timeOf(one.time) ?? 0) >= source.madeAt)
    await take(place, kept)
    return 'done'
  }

  async function take(place: Place, records: LogRecord[]): Promise<void> {
    for (const record of records) {
      place.time = record.time
      if (!(await pass(place.source, record))) return
    }
  }

  return {
    look,
    begin(source, time) {
      if (!places.has(source.id)) places.set(source.id, { source, time, state: 'idle' })
      attend(source)
    },
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
