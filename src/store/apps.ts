/** What somebody asked of an app by hand: stay down, or start afresh. */
import type { Db } from './database.ts'

export function appsTable(db: Db) {
  const get = db.prepare<[string], { suspended_at: number | null; fresh_from: number }>(
    'SELECT suspended_at, fresh_from FROM apps WHERE app = ?',
  )
  const suspend = db.prepare(
    'INSERT INTO apps (app, suspended_at) VALUES (?, ?) ON CONFLICT (app) DO UPDATE SET suspended_at = excluded.suspended_at',
  )
  const restart = db.prepare(
    `INSERT INTO apps (app, fresh_from) VALUES (?, ?)
     ON CONFLICT (app) DO UPDATE SET suspended_at = NULL, fresh_from = excluded.fresh_from`,
  )
  return {
    get: (app: string) => get.get(app) ?? { suspended_at: null, fresh_from: 0 },
    suspend: (app: string, at: number) => void suspend.run(app, at),
    restart: (app: string, at: number) => void restart.run(app, at),
  }
}
