/** Who owns a state directory. The operating system lets go of the lock when its holder dies, however that comes about. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { TrimtabError } from '../errors.ts'

/** Takes the lock, or throws StateLocked with who has it, Internal where the directory cannot be used. Gives the function that lets go. */
export function lockState(state: string): () => void {
  const note = join(state, 'owner.json')
  const db = lock(state, note)
  try {
    // Not written over: what is half written on a full disk must not name an owner of old.
    rmSync(note, { force: true })
    writeFileSync(note, `${JSON.stringify({ pid: process.pid, since: new Date().toISOString() })}\n`)
  } catch {
    // It only says who it is; the lock holds without.
  }
  return () => {
    rmSync(note, { force: true })
    db.close()
  }
}

function lock(state: string, note: string): Database.Database {
  let db: Database.Database | undefined
  try {
    db = new Database(join(state, 'lock.db'))
    db.pragma('busy_timeout = 0')
    db.exec('BEGIN EXCLUSIVE')
    return db
  } catch (error) {
    db?.close()
    const { code, message } = error as { code?: string; message: string }
    if (code?.startsWith('SQLITE_BUSY')) {
      const who = `${owner(note)} has the state directory ${state}. Only one trimtab may run on it.`
      throw new TrimtabError('StateLocked', who, { cause: error })
    }
    const why = `The state directory ${state} cannot be used (${message}). It must be a folder that this user may write in.`
    throw new TrimtabError('Internal', why, { cause: error })
  }
}

function owner(note: string): string {
  try {
    const { pid, since } = JSON.parse(readFileSync(note, 'utf8')) as { pid: number; since: string }
    return `Another trimtab (process ${pid}, since ${since})`
  } catch {
    return 'Another trimtab'
  }
}
