/** What happened, in past-tense words, for people and for `trimtab events`. */
import type { Event, EventType } from '../domain.ts'
import type { NewEvent } from '../ports.ts'
import { type Db, unlessFull } from './database.ts'

/** So many events stay; older ones go. */
const KEPT = 50_000

interface Row {
  id: number
  at: number
  app: string
  type: EventType
  commit_id: string | null
  release: number | null
  message: string
  duration_ms: number | null
}

export function eventsTable(db: Db) {
  const add = db.prepare(
    'INSERT INTO events (at, app, type, commit_id, release, message, duration_ms) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const trim = db.prepare('DELETE FROM events WHERE id <= ?')
  const last = db.prepare<[number, number], Row>('SELECT * FROM events WHERE id > ? ORDER BY id DESC LIMIT ?')
  const lastOf = db.prepare<[string, number, number], Row>(
    'SELECT * FROM events WHERE app = ? AND id > ? ORDER BY id DESC LIMIT ?',
  )
  const watchers = new Set<(event: Event) => void>()
  return {
    add(e: NewEvent, at: number): Event {
      const [commit, release] = [e.commit ?? null, e.release ?? null]
      const duration = e.durationMs === undefined || e.durationMs === null ? null : Math.round(e.durationMs)
      const id = unlessFull(() => Number(add.run(at, e.app, e.type, commit, release, e.message, duration).lastInsertRowid))
      if (id % 1000 === 0) unlessFull(() => trim.run(id - KEPT).changes)
      const event: Event = { id, at, app: e.app, type: e.type, commit, release, message: e.message, durationMs: duration }
      for (const seen of watchers) seen(event)
      return event
    },
    last: (app: string | undefined, limit: number, afterId: number): Event[] =>
      (app === undefined ? last.all(afterId, limit) : lastOf.all(app, afterId, limit)).reverse().map(asEvent),
    watch(seen: (event: Event) => void): () => void {
      watchers.add(seen)
      return () => watchers.delete(seen)
    },
  }
}

function asEvent(row: Row): Event {
  const { id, at, app, type, release, message } = row
  return { id, at, app, type, commit: row.commit_id, release, message, durationMs: row.duration_ms }
}
