/** Pull requests that are shown, were shown, or were refused: what was known last stays true while a forge does not answer. */
import type { PreviewRecord } from '../ports.ts'
import type { Db } from './database.ts'

interface Row {
  number: number
  state: PreviewRecord['state']
  ref: string
  is_fork: number
  commit_id: string
  reason: string
}

export function previewsTable(db: Db) {
  const all = db.prepare<[string], Row>('SELECT * FROM previews WHERE app = ? ORDER BY place')
  const clear = db.prepare('DELETE FROM previews WHERE app = ?')
  const insert = db.prepare(
    'INSERT INTO previews (app, number, place, state, ref, is_fork, commit_id, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const apps = db.prepare<[], string>('SELECT DISTINCT app FROM previews ORDER BY app')
  return {
    apps: () => apps.pluck().all() as string[],
    all: (app: string): PreviewRecord[] =>
      all.all(app).map(({ number, state, ref, is_fork, commit_id, reason }) => ({
        number,
        state,
        ref,
        isFork: is_fork === 1,
        commit: commit_id,
        reason,
      })),
    set(app: string, records: PreviewRecord[]): void {
      clear.run(app)
      for (const [place, { number, state, ref, isFork, commit, reason }] of records.entries()) {
        insert.run(app, number, place, state, ref, isFork ? 1 : 0, commit, reason)
      }
    },
  }
}
