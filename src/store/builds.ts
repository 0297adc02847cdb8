/** Builds that ran, and how they ended. Their logs are with the builder. */
import type { CommitId } from '../domain.ts'
import { type Db, unlessFull } from './database.ts'

export interface BuildRecord {
  app: string
  commit: CommitId
  key: string
  outcome: string
  message: string
  durationMs: number
}

export function buildsTable(db: Db) {
  const add = db.prepare(
    'INSERT INTO builds (app, commit_id, key, outcome, message, duration_ms, at) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  return {
    add(b: BuildRecord, at: number): void {
      unlessFull(() => add.run(b.app, b.commit, b.key, b.outcome, b.message, Math.round(b.durationMs), at).changes)
    },
  }
}
