/** What is remembered of instances: which are being drained, and which ended without having been asked to. */
import type { Crash } from '../domain.ts'
import type { Db } from './database.ts'

interface CrashRow {
  instance: string
  process: string
  fingerprint: string
  at: number
  ran_ms: number
  how: string
  log: string
}

export function drainsTable(db: Db) {
  const all = db.prepare<[string], { instance: string; since: number }>('SELECT instance, since FROM drains WHERE app = ?')
  const add = db.prepare('INSERT INTO drains (instance, app, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
  const drop = db.prepare('DELETE FROM drains WHERE instance = ?')
  return {
    all: (app: string) => new Map(all.all(app).map((row) => [row.instance, row.since])),
    add: (app: string, instance: string, at: number) => void add.run(instance, app, at),
    drop: (instance: string) => void drop.run(instance),
  }
}

export function crashesTable(db: Db) {
  const recent = db.prepare<[string], CrashRow>('SELECT * FROM crashes WHERE app = ? ORDER BY id DESC LIMIT 50')
  const add = db.prepare(
    'INSERT INTO crashes (app, instance, process, fingerprint, at, ran_ms, how, log) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const trim = db.prepare(
    'DELETE FROM crashes WHERE app = ? AND id <= (SELECT id FROM crashes WHERE app = ? ORDER BY id DESC LIMIT 1 OFFSET 50)',
  )
  return {
    /** Oldest first. */
    recent: (app: string): Crash[] =>
      recent
        .all(app)
        .reverse()
        .map(({ instance, process, fingerprint, at, ran_ms, how, log }) => ({
          instance,
          process,
          fingerprint,
          at,
          ranMs: ran_ms,
          how,
          log,
        })),
    add(app: string, c: Crash): void {
      add.run(app, c.instance, c.process, c.fingerprint, Math.round(c.at), Math.round(c.ranMs), c.how, c.log)
      trim.run(app, app)
    },
  }
}
