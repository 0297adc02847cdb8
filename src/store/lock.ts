/** Who owns a state directory. The operating system lets go of the lock when its holder dies, however that comes about. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { TrimtabError } from '../errors.ts'

/** Takes the lock, or throws StateLocked with who has it. Gives the function that lets go. */
export function lockState(state: string): () => void {
  const db = new Database(join(state, 'lock.db'))
  const note = join(state, 'owner.json')
  try {
    db.pragma('busy_timeout = 0')
    db.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    if (!(error as { code?: string }).code?.startsWith('SQLITE_BUSY')) throw error
    throw new TrimtabError('StateLocked', `${owner(note)} has the state directory ${state}. Only one trimtab may run on it.`)
  }
  writeFileSync(note, `${JSON.stringify({ pid: process.pid, since: new Date().toISOString() })}\n`)
  return () => {
    rmSync(note, { force: true })
    db.close()
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
