/** What an instance has printed so far. */
import { type Engine, Refusal } from '../../engine/engine.ts'
import { createRecordReader, type LogRecord, sinceOf } from './records.ts'

/** All that the engine keeps of one container is some 30 MB. */
const LIMIT_MS = 30_000

/**
 * The last `count` lines of a container, or all that came after the line of this time; oldest first. [] if there is no such
 * container, or its log is not to be read.
 */
export async function readRecords(
  engine: Engine,
  id: string,
  { count, since = '' }: { count?: number; since?: string },
): Promise<LogRecord[]> {
  if (count === 0) return []
  const only = { ...(count !== undefined && { tail: count }), ...(since && { since: sinceOf(since) }) }
  const options = { follow: false as const, stdout: true, stderr: true, timestamps: true, ...only }
  try {
    const bytes = await engine.ask((docker, abortSignal) => docker.getContainer(id).logs({ ...options, abortSignal }), LIMIT_MS)
    const reader = createRecordReader()
    const records = [...reader.push(bytes), ...reader.rest()].filter(({ time }) => time > since)
    // A line in several pieces is counted as so many.
    return count === undefined ? records : records.slice(-count)
  } catch (error) {
    if (error instanceof Refusal) return []
    throw error
  }
}
