/** Commits that were asked for, and how each fared. The newest row of an app is the one that counts. */
import type { Attempt, CommitId } from '../domain.ts'
import type { Failure, FailureCode } from '../errors.ts'
import type { Db } from './database.ts'

interface Row {
  id: number
  commit_id: string
  settings: string
  state: Attempt['state'] | 'superseded'
  code: string | null
  message: string | null
  retry_at: number | null
  tries: number
  build_key: string | null
  started_at: number
}

export function attemptsTable(db: Db) {
  const last = db.prepare<[string], Row>('SELECT * FROM attempts WHERE app = ? ORDER BY id DESC LIMIT 1')
  const insert = db.prepare('INSERT INTO attempts (app, commit_id, settings, state, started_at) VALUES (?, ?, ?, ?, ?)')
  const close = db.prepare(`UPDATE attempts SET state = 'superseded', ended_at = ? WHERE app = ? AND state = 'open'`)
  // One that was superseded is over: nothing that comes late brings it back.
  const onLast = `WHERE id = (SELECT max(id) FROM attempts WHERE app = ?) AND state <> 'superseded'`
  const built = db.prepare(`UPDATE attempts SET build_key = ?, retry_at = NULL ${onLast}`)
  const lastBuild = db.prepare<[string], string>(
    'SELECT build_key FROM attempts WHERE app = ? AND build_key IS NOT NULL ORDER BY id DESC LIMIT 1',
  )
  const building = db.prepare<[string], string>(`SELECT DISTINCT app FROM attempts WHERE build_key = ? AND state = 'open'`)
  const end = db.prepare(`UPDATE attempts SET state = ?, code = ?, message = ?, retry_at = NULL, ended_at = ? ${onLast}`)
  const later = db.prepare(`UPDATE attempts SET code = ?, message = ?, retry_at = ?, tries = tries + 1 ${onLast}`)
  const explain = db.prepare(`UPDATE attempts SET message = ? ${onLast}`)
  const soon = db.prepare(`UPDATE attempts SET retry_at = NULL ${onLast}`)
  const trim = db.prepare(
    'DELETE FROM attempts WHERE app = ? AND id <= (SELECT id FROM attempts WHERE app = ? ORDER BY id DESC LIMIT 1 OFFSET 200)',
  )
  return {
    last(app: string): Attempt | null {
      const row = last.get(app)
      if (!row || row.state === 'superseded') return null
      return {
        commit: row.commit_id,
        settings: row.settings,
        state: row.state,
        failure: row.code === null ? null : { code: row.code as FailureCode, message: row.message ?? '' },
        retryAt: row.retry_at,
        tries: row.tries,
        built: row.build_key !== null,
        startedAt: row.started_at,
        ...(row.state === 'skipped' && row.code === null && row.message !== null && { why: row.message }),
      }
    },
    open(app: string, commit: CommitId, settings: string, state: 'open' | 'skipped', at: number): void {
      close.run(at, app)
      insert.run(app, commit, settings, state, at)
      trim.run(app, app)
    },
    built: (app: string, key: string) => void built.run(key, app),
    /** The key of the newest build that any attempt of this app asked for. */
    lastBuild: (app: string) => (lastBuild.pluck().get(app) as string | undefined) ?? null,
    /** Apps whose open attempt waits for this build. */
    building: (key: string) => building.pluck().all(key) as string[],
    end(app: string, state: 'failed' | 'succeeded' | 'superseded', failure: Failure | null, at: number): void {
      end.run(state, failure?.code ?? null, failure?.message ?? null, at, app)
    },
    explain: (app: string, why: string) => void explain.run(why, app),
    soon: (app: string) => void soon.run(app),
    later: (app: string, failure: Failure, at: number) => void later.run(failure.code, failure.message, at, app),
  }
}
