/** Reports on their way out. A row is what has to be said, without any address or secret; who gave up is kept beside, to be seen. */
import type { Outbox, QueuedReport, Recipient, Report, Told } from '../ports.ts'
import type { Db } from './database.ts'

/** So many wait for one target; a longer line is of no use to anybody. */
const WAITING = 300
/** So many that were given up are kept. */
const DEAD = 1_000

interface Row {
  id: number
  target: string
  app: string
  topic: Report['topic']
  commit_id: string
  says: string
  at: number
  tries: number
}

type Methods = Omit<Outbox, 'recipients' | 'next' | 'trouble' | 'told' | 'apps'>

/** Its methods are to be made transactions by the store. */
export function outboxTable(db: Db, now: () => number): Outbox {
  const told = db.prepare<[string], Told>('SELECT target, topic, commit_id AS "commit", state FROM outbox_told WHERE app = ?')
  const tell = db.prepare(
    `INSERT INTO outbox_told (app, target, topic, commit_id, state) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET commit_id = excluded.commit_id, state = excluded.state`,
  )
  const insert = db.prepare('INSERT INTO outbox (target, app, topic, commit_id, says, at) VALUES (?, ?, ?, ?, ?, ?)')
  const replace = db.prepare(
    `DELETE FROM outbox WHERE target = ? AND app = ? AND topic = ? AND commit_id = ? AND topic <> 'news' AND dropped_at IS NULL`,
  )
  const surplus = db.prepare<[string], Row>(
    `SELECT * FROM outbox WHERE target = ? AND dropped_at IS NULL ORDER BY id DESC LIMIT -1 OFFSET ${WAITING}`,
  )
  const recipients = db.prepare<[], Recipient>(
    `SELECT o.target, count(*) AS waiting, coalesce(t.failures, 0) AS failures, coalesce(t.not_before, 0) AS notBefore
     FROM outbox o LEFT JOIN outbox_targets t USING (target) WHERE o.dropped_at IS NULL GROUP BY o.target ORDER BY min(o.id)`,
  )
  const next = db.prepare<[string], Row>('SELECT * FROM outbox WHERE target = ? AND dropped_at IS NULL ORDER BY id LIMIT 1')
  const remove = db.prepare('DELETE FROM outbox WHERE id = ?')
  const overtake = db.prepare(
    'UPDATE outbox SET overtaken = 1 WHERE target = ? AND app = ? AND topic = ? AND dropped_at IS NOT NULL AND overtaken = 0',
  )
  const well = db.prepare('DELETE FROM outbox_targets WHERE target = ?')
  const tried = db.prepare('UPDATE outbox SET tries = tries + 1 WHERE id = ?')
  const ill = db.prepare(
    `INSERT INTO outbox_targets (target, failures, not_before, error) VALUES (?, 1, ?, ?)
     ON CONFLICT DO UPDATE SET failures = failures + 1, not_before = excluded.not_before, error = excluded.error`,
  )
  const lastDead = db.prepare<[string, string, string], { error: string; overtaken: number }>(
    `SELECT error, overtaken FROM outbox WHERE target = ? AND app = ? AND topic = ? AND dropped_at IS NOT NULL
     ORDER BY id DESC LIMIT 1`,
  )
  const bury = db.prepare('UPDATE outbox SET dropped_at = ?, error = ? WHERE id = ?')
  const trim = db.prepare(
    `DELETE FROM outbox WHERE dropped_at IS NOT NULL AND id <=
     (SELECT id FROM outbox WHERE dropped_at IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET ${DEAD})`,
  )
  const untell = db.prepare(
    `DELETE FROM outbox_told WHERE EXISTS (SELECT 1 FROM outbox o WHERE o.dropped_at IS NOT NULL AND o.overtaken = 0
     AND o.target = outbox_told.target AND o.app = outbox_told.app AND o.topic = outbox_told.topic)`,
  )
  const late = db.prepare<[string], { waiting: number; error: string | null }>(
    `SELECT count(*) AS waiting, max(t.error) AS error FROM outbox o JOIN outbox_targets t USING (target)
     WHERE o.app = ? AND o.dropped_at IS NULL`,
  )
  const dead = db.prepare<[string], { dropped: number; error: string | null }>(
    // With max(), SQLite takes the other columns from that very row.
    'SELECT count(*) AS dropped, error, max(id) FROM outbox WHERE app = ? AND dropped_at IS NOT NULL AND overtaken = 0',
  )
  const methods: Methods = {
    put(app, reports, notes) {
      for (const { target, app: of, commit, topic, says } of reports) {
        replace.run(target, of, topic, commit)
        insert.run(target, of, topic, commit, JSON.stringify(says), now())
      }
      for (const { target, topic, commit, state } of notes) tell.run(app, target, topic, commit, state)
      return [...new Set(reports.map(({ target }) => target))].flatMap((target) => surplus.all(target).map(asQueued)).reverse()
    },
    forget: (app) => void db.prepare('DELETE FROM outbox_told WHERE app = ?').run(app),
    sent({ id, report: { target, app, topic } }) {
      remove.run(id)
      overtake.run(target, app, topic)
      well.run(target)
    },
    failed({ id, report }, error, until) {
      tried.run(id)
      ill.run(report.target, Math.round(until), error)
    },
    drop({ id, report: { target, app, topic } }, error) {
      const before = lastDead.get(target, app, topic)
      bury.run(now(), error, id)
      trim.run()
      return before === undefined || before.overtaken === 1 || before.error !== error
    },
    abandon(target) {
      for (const table of ['outbox', 'outbox_told', 'outbox_targets']) {
        db.prepare(`DELETE FROM ${table} WHERE target = ?`).run(target)
      }
    },
    again() {
      db.prepare('UPDATE outbox_targets SET not_before = 0').run()
      untell.run()
    },
  }
  return {
    ...methods,
    told: (app) => told.all(app),
    apps: () => db.prepare<[], string>('SELECT DISTINCT app FROM outbox_told').pluck().all() as string[],
    recipients: () => recipients.all(),
    next(target) {
      const row = next.get(target)
      return row ? asQueued(row) : null
    },
    trouble(app) {
      const { waiting, error: why } = late.get(app) ?? { waiting: 0, error: null }
      const { dropped, error } = dead.get(app) ?? { dropped: 0, error: null }
      return waiting + dropped === 0 ? null : { waiting, dropped, lastError: why ?? error ?? '' }
    },
  }
}

function asQueued(row: Row): QueuedReport {
  const { id, target, app, topic, at, tries } = row
  return { id, at, tries, report: { target, app, topic, commit: row.commit_id, says: JSON.parse(row.says) } as Report }
}
