/** Releases: immutable but for their status and the progress of their release phase. */
import type { Release, ReleaseStatus } from '../domain.ts'
import type { Db } from './database.ts'

interface Row {
  app: string
  version: number
  commit_id: string
  content: string
  fingerprint: string
  built: number
  phase: 'todo' | 'running' | 'done'
  status: ReleaseStatus
  created_at: number
  created_by: string
  live_at: number | null
}

export function releasesTable(db: Db) {
  // Written out: only then are the partial indices of these two used, and every pass asks for both.
  const byStatus = {
    live: db.prepare<[string], Row>(`SELECT * FROM releases WHERE app = ? AND status = 'live'`),
    pending: db.prepare<[string], Row>(`SELECT * FROM releases WHERE app = ? AND status = 'pending'`),
  }
  const newest = db.prepare<[string, number], Row>('SELECT * FROM releases WHERE app = ? ORDER BY version DESC LIMIT ?')
  const retired = db.prepare<[string], number>(
    `SELECT version FROM releases WHERE app = ? AND status IN ('failed', 'superseded') ORDER BY version DESC LIMIT 200`,
  )
  const last = db.prepare<[string], number | null>('SELECT max(version) FROM releases WHERE app = ?')
  const insert = db.prepare(
    `INSERT INTO releases (app, version, commit_id, image_key, content, fingerprint, built, phase, status, created_at, created_by, live_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const move = db.prepare('UPDATE releases SET status = ? WHERE app = ? AND status = ?')
  const live = db.prepare(`UPDATE releases SET status = 'live', live_at = ? WHERE app = ? AND version = ?`)
  const phase = db.prepare('UPDATE releases SET phase = ? WHERE app = ? AND version = ?')
  const kept = db.prepare<[number], string>(
    `SELECT image_key FROM (
       -- An image counts once, however many changes of config were released with it.
       SELECT image_key, row_number() OVER (PARTITION BY app ORDER BY max(version) DESC) AS place
       FROM releases WHERE status IN ('live', 'superseded') AND live_at IS NOT NULL
         -- One that is not declared any more has nothing live: nobody can go back to what it was.
         AND app IN (SELECT app FROM releases WHERE status = 'live')
       GROUP BY app, image_key
     ) WHERE place <= ?
     UNION SELECT image_key FROM releases WHERE status IN ('pending', 'live')`,
  )
  const histories = db.prepare<[], { app: string; releases: number; lastAt: number }>(
    'SELECT app, count(*) AS releases, max(created_at) AS lastAt FROM releases GROUP BY app ORDER BY app',
  )
  return {
    histories: () => histories.all(),
    byStatus(app: string, status: 'live' | 'pending'): (Row & { release: Release }) | null {
      const row = byStatus[status].get(app)
      return row ? { ...row, release: asRelease(row) } : null
    },
    newest: (app: string, limit: number) => newest.all(app, limit).map(asRelease),
    retired: (app: string) => new Set(retired.pluck().all(app) as number[]),
    last: (app: string) => (last.pluck().get(app) as number | null) ?? 0,
    insert(r: Omit<Release, 'createdAt' | 'status'>, status: 'pending' | 'live', at: number): Release {
      const adopted = status === 'live'
      insert.run(
        r.app,
        r.version,
        r.commit,
        r.content.image.key,
        JSON.stringify(r.content),
        r.fingerprint,
        r.built ? 1 : 0,
        adopted ? 'done' : 'todo',
        status,
        at,
        r.createdBy,
        adopted ? at : null,
      )
      return { ...r, status, createdAt: at }
    },
    move: (app: string, from: ReleaseStatus, to: ReleaseStatus) => void move.run(to, app, from),
    live: (app: string, version: number, at: number) => void live.run(at, app, version),
    phase: (app: string, version: number, to: 'running' | 'done') => void phase.run(to, app, version),
    kept: (count: number) => new Set(kept.pluck().all(count) as string[]),
  }
}

function asRelease(row: Row): Release {
  return {
    app: row.app,
    version: row.version,
    commit: row.commit_id,
    content: JSON.parse(row.content) as Release['content'],
    fingerprint: row.fingerprint,
    built: row.built === 1,
    createdAt: row.created_at,
    createdBy: row.created_by,
    status: row.status,
  }
}
