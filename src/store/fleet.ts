/** The last good list of every fleet: it stays in force while the one in git cannot be had, also over a restart. Holds no secrets. */
import type { AppSpec } from '../domain.ts'
import type { FleetRecord } from '../ports.ts'
import type { Db } from './database.ts'

export function fleetsTable(db: Db) {
  const get = db.prepare<[string], { commit_id: string; apps: string; read_at: number }>('SELECT * FROM fleets WHERE fleet = ?')
  const put = db.prepare(
    `INSERT INTO fleets (fleet, commit_id, apps, read_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (fleet) DO UPDATE SET commit_id = excluded.commit_id, apps = excluded.apps, read_at = excluded.read_at`,
  )
  const names = db.prepare<[], string>('SELECT fleet FROM fleets')
  const drop = db.prepare('DELETE FROM fleets WHERE fleet = ?')
  return {
    get(fleet: string): FleetRecord | null {
      const row = get.get(fleet)
      return row ? { commit: row.commit_id, apps: JSON.parse(row.apps) as AppSpec[], readAt: row.read_at } : null
    },
    put: (fleet: string, { commit, apps, readAt }: FleetRecord) => void put.run(fleet, commit, JSON.stringify(apps), readAt),
    keep(fleets: string[]): void {
      for (const fleet of names.pluck().all() as string[]) if (!fleets.includes(fleet)) drop.run(fleet)
    },
  }
}
