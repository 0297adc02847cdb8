/** Putting containers away: the mark of one that is to be stopped, and the end of one that has ended. */
import { type Engine, Refusal } from '../../engine/engine.ts'
import type { Container } from './census.ts'
import type { Found } from './instances.ts'
import { STOPPING } from './labels.ts'
import type { Presence } from './presence.ts'
import { SAVED_LINES, type Saved } from './saved.ts'
import { removeContainer } from './start.ts'
import { readRecords } from './tail.ts'

/** Marks it where everybody sees it, and frees its name. */
export async function markStopping(engine: Engine, { id, name }: Container): Promise<void> {
  for (const called of [`${name}${STOPPING}`, `${name}.${id.slice(0, 12)}${STOPPING}`]) {
    try {
      return await engine.ask((docker, abortSignal) => docker.getContainer(id).rename({ name: called, abortSignal }))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error // else it is taken, or the container is gone: it is stopped all the same
    }
  }
}

/** Removes one that has ended, and keeps the last that it said. */
export async function forget(
  engine: Engine,
  presence: Presence,
  saved: Saved,
  { container: { id }, spec }: Found,
): Promise<void> {
  const others = await presence.containers(({ spec: other, id: its }) => other?.app === spec.app && its !== id)
  const records = await readRecords(engine, id, { count: SAVED_LINES }).catch(() => [])
  saved.add(spec.app, spec.name, records, (name) => others.some(({ spec: other }) => other?.name === name))
  try {
    await removeContainer(engine, id)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    presence.dismiss(id) // a busy disk
  } finally {
    presence.outdate()
  }
}
