/** The database file: new, of an older or a newer version, damaged, without room, without leave to write. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it, onTestFinished, type TestContext } from 'vitest'
import { asTrimtabError, TrimtabError } from '../../src/errors.ts'
import { lockState } from '../../src/store/lock.ts'
import { MIGRATIONS } from '../../src/store/migrations.ts'
import { openStore } from '../../src/store/store.ts'
import { A, draft, route, stateDirectory } from './opened.ts'

const fileOf = (state: string) => join(state, 'trimtab.db')
const begin = { commit: A, settings: 's', skip: false }

function thrown(work: () => unknown): TrimtabError {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(TrimtabError)
    return error as TrimtabError
  }
  throw new Error('nothing was thrown')
}

/** A file system of its own, so that it can be full or closed; only root may make one. */
function mounted(context: TestContext, options: string): string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) context.skip('only root on Linux can mount a small file system')
  const state = stateDirectory()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', state], { stdio: 'pipe' })
  } catch {
    context.skip('mounting is not allowed here')
  }
  onTestFinished(() => void execFileSync('umount', ['-l', state]))
  return state
}

it('is made from nothing, and from an empty file, in the newest form', () => {
  for (const empty of [false, true]) {
    const state = stateDirectory()
    if (empty) writeFileSync(fileOf(state), '')
    openStore(state).close()
    const db = new Database(fileOf(state), { readonly: true })
    expect(db.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length)
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal')
    db.close()
  }
})

it('is brought from any older form to the newest, with what it holds', () => {
  for (let version = 1; version < MIGRATIONS.length; version++) {
    const state = stateDirectory()
    const db = new Database(fileOf(state))
    for (const sql of MIGRATIONS.slice(0, version)) db.exec(sql)
    db.exec(`INSERT INTO attempts (app, commit_id, settings, state, started_at) VALUES ('shop', '${A}', 's', 'open', 5);
             INSERT INTO claims (route, app) VALUES ('a.test /', 'shop');`)
    db.pragma(`user_version = ${version}`)
    db.close()
    const store = openStore(state)
    expect(store.read('shop').attempt).toMatchObject({ commit: A, startedAt: 5 })
    expect(Object.fromEntries(store.claims())).toEqual({ 'a.test /': 'shop' })
    store.release(draft(1, { routes: [route('b.test')] }), false)
    store.close()
  }
})

it('of a newer trimtab is refused and left as it is', () => {
  const state = stateDirectory()
  const db = new Database(fileOf(state))
  db.pragma(`user_version = ${MIGRATIONS.length + 3}`)
  db.close()
  const error = thrown(() => openStore(state))
  expect([error.code, error.retry]).toEqual(['StateNewer', false])
  expect(error.message).toBe(
    `${fileOf(state)} was written by a newer trimtab (schema ${MIGRATIONS.length + 3}; this one knows ${MIGRATIONS.length}). Run that version, or use another state directory.`,
  )
})

it('that is damaged is told as that, and what to do', () => {
  const message = (state: string) =>
    `${fileOf(state)} is damaged. Move it away and start again: history is lost, what runs is not touched.`
  const noDatabase = stateDirectory()
  writeFileSync(fileOf(noDatabase), 'app: shop\n'.repeat(1_000))
  expect(thrown(() => openStore(noDatabase)).failure).toEqual({ code: 'Internal', message: message(noDatabase) })

  const torn = stateDirectory()
  const store = openStore(torn)
  for (let i = 0; i < 200; i++) store.event({ app: 'shop', type: 'CommitSeen', message: 'x'.repeat(500) })
  store.close()
  // The header stays, and every page behind it is nonsense.
  const { size } = statSync(fileOf(torn))
  const db = new Database(fileOf(torn))
  const header = db.serialize().subarray(0, 100)
  db.close()
  writeFileSync(fileOf(torn), Buffer.concat([header, Buffer.alloc(size - 100, 0xa5)]))
  expect(thrown(() => openStore(torn)).failure).toEqual({ code: 'Internal', message: message(torn) })
})

it('in a directory that nobody may write in is told as that', (context) => {
  const state = mounted(context, 'size=1m,ro')
  const error = thrown(() => lockState(state))
  expect(error.code).toBe('Internal')
  expect(error.message).toMatch(
    /^The state directory \S+ cannot be used \(.+\)\. It must be a folder that this user may write in\.$/,
  )
})

it('in a directory that is none is told as that', () => {
  const state = stateDirectory()
  writeFileSync(join(state, 'file'), '')
  expect(thrown(() => lockState(join(state, 'file'))).message).toContain('cannot be used')
})

it('on a full disk loses history only: decisions are refused as DiskFull, told events are told, and room mends it', (context) => {
  const state = mounted(context, 'size=1m')
  const store = openStore(state, () => 7)
  onTestFinished(() => store.close())
  store.begin('shop', begin)
  const ballast = join(state, 'ballast')
  try {
    writeFileSync(ballast, Buffer.alloc(2 ** 20))
  } catch {
    // As much as there was room for.
  }
  const full = (work: () => unknown) => {
    for (let i = 0; i < 1_000; i++) work()
  }
  // The journal has some room of its own left; it is used up soon.
  expect(() => full(() => store.suspend(`app-${Math.random()}`))).toThrow('full')
  try {
    full(() => store.restart(`app-${Math.random()}`))
  } catch (error) {
    expect(asTrimtabError(error)).toMatchObject({ code: 'DiskFull', retry: true })
  }
  const told: string[] = []
  store.onEvent((event) => told.push(`${event.id} ${event.message}`))
  expect(store.event({ app: 'shop', type: 'CommitSeen', message: 'x'.repeat(20_000) }).id).toBe(0)
  expect(told).toEqual([`0 ${'x'.repeat(20_000)}`])
  expect(store.read('shop').attempt).toMatchObject({ commit: A, state: 'open' })
  writeFileSync(ballast, '')
  store.settle('shop')
  expect(store.read('shop').attempt?.state).toBe('succeeded')
})

it('that finds no room when it is opened says so, and that it may be tried again', (context) => {
  const state = mounted(context, 'size=64k')
  mkdirSync(join(state, 'd'))
  try {
    writeFileSync(join(state, 'd/ballast'), Buffer.alloc(48 * 1024))
    writeFileSync(join(state, 'd/more'), Buffer.alloc(16 * 1024))
  } catch {
    // As much as there was room for.
  }
  const error = asTrimtabError(thrown(() => openStore(state)))
  expect([error.code, error.retry]).toEqual(['DiskFull', true])
})
