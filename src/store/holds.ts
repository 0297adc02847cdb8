/** What is not deployed for now: apps that somebody suspended, commits that wait. */
import type { Held, HoldKind, Suspension } from '../domain.ts'
import type { Db } from './database.ts'

export function suspensionsTable(db: Db) {
  const get = db.prepare<[string], Suspension>('SELECT by, reason, since FROM suspensions WHERE app = ?')
  const add = db.prepare('INSERT INTO suspensions (app, by, reason, since) VALUES (?, ?, ?, ?) ON CONFLICT (app) DO NOTHING')
  const drop = db.prepare('DELETE FROM suspensions WHERE app = ?')
  return {
    get: (app: string): Suspension | null => get.get(app) ?? null,
    set(app: string, suspension: Omit<Suspension, 'since'> | null, at: number): void {
      if (suspension) add.run(app, suspension.by, suspension.reason, at)
      else drop.run(app)
    },
  }
}

export function holdsTable(db: Db) {
  const get = db.prepare<[string], { commit_id: string; kind: HoldKind; since: number }>(
    'SELECT commit_id, kind, since FROM holds WHERE app = ?',
  )
  const set = db.prepare(
    `INSERT INTO holds (app, commit_id, kind, since) VALUES (?, ?, ?, ?)
     ON CONFLICT (app) DO UPDATE SET commit_id = excluded.commit_id, kind = excluded.kind,
       since = CASE WHEN kind = 'app.yaml' AND excluded.kind = 'app.yaml' THEN since ELSE excluded.since END`,
  )
  const drop = db.prepare('DELETE FROM holds WHERE app = ?')
  const waiting = db.prepare<[], string>(`SELECT app FROM holds WHERE kind = 'dependencies'`)
  return {
    get(app: string): Held | null {
      const row = get.get(app)
      return row ? { commit: row.commit_id, kind: row.kind, since: row.since } : null
    },
    set(app: string, held: Omit<Held, 'since'> | null, at: number): void {
      if (held) set.run(app, held.commit, held.kind, at)
      else drop.run(app)
    },
    waiting: () => waiting.pluck().all() as string[],
  }
}
