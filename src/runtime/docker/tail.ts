/** What an instance has printed so far. */
import { type Engine, isMissing } from '../../engine/engine.ts'
import { createRecordReader, type LogRecord } from './records.ts'

/** All that the engine keeps of one container is some 30 MB. */
const LIMIT_MS = 30_000

/** The last lines of a container, oldest first; [] if there is no such container. */
export async function readRecords(engine: Engine, id: string, count: number): Promise<LogRecord[]> {
  if (count <= 0) return []
  const options = { follow: false as const, stdout: true, stderr: true, timestamps: true, tail: count }
  try {
    const bytes = await engine.ask((docker, abortSignal) => docker.getContainer(id).logs({ ...options, abortSignal }), LIMIT_MS)
    const reader = createRecordReader()
    // Both outputs in the order of the engine's file; a line in several pieces is counted as so many.
    return [...reader.push(bytes), ...reader.rest()].slice(-count)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
