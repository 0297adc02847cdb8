/** Opens the database: WAL, migrations, and a clear word where a newer trimtab has been here. */
import Database from 'better-sqlite3'
import { TrimtabError } from '../errors.ts'
import { MIGRATIONS } from './migrations.ts'

export type Db = Database.Database

/**
 * Opens (or creates) the database file and brings it to the newest schema.
 * Throws StateNewer for a file of a newer version, DiskFull (retry) where there is no room, Internal where the file is no database.
 */
export function openDatabase(file: string): Db {
  let db: Db | undefined
  try {
    db = new Database(file)
    db.pragma('journal_mode = WAL')
    // A power cut may lose the last moments of history, never the file: what runs is observed, not remembered.
    db.pragma('synchronous = NORMAL')
    db.pragma('busy_timeout = 2000')
    migrate(db, file)
    return db
  } catch (error) {
    db?.close()
    throw explain(error, file)
  }
}

function migrate(db: Db, file: string): void {
  const version = db.pragma('user_version', { simple: true }) as number
  if (version > MIGRATIONS.length) {
    throw new TrimtabError(
      'StateNewer',
      `${file} was written by a newer trimtab (schema ${version}; this one knows ${MIGRATIONS.length}). Run that version, or use another state directory.`,
    )
  }
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue
    db.transaction(() => {
      db.exec(sql)
      db.pragma(`user_version = ${index + 1}`)
    })()
  }
}

export function isFull(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'SQLITE_FULL'
}

function explain(error: unknown, file: string): unknown {
  const code = (error as { code?: string }).code ?? ''
  if (isFull(error)) {
    return new TrimtabError('DiskFull', `There is no room left for ${file}. Free some space.`, { retry: true, cause: error })
  }
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    const message = `${file} is damaged. Move it away and start again: history is lost, what runs is not touched.`
    return new TrimtabError('Internal', message, { cause: error })
  }
  return error
}

/** A line of history, which may be missing: what happened is told while the disk is full, too; remembering it has to wait for room. */
export function unlessFull(write: () => number): number {
  try {
    return write()
  } catch (error) {
    if (isFull(error)) return 0
    throw error
  }
}
