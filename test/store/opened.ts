/** A real store in a directory of its own, with a clock that the test moves. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Release, ReleaseContent, Route } from '../../src/domain.ts'
import type { AppRecord, Store } from '../../src/ports.ts'
import { fingerprintOf } from '../../src/release/fingerprint.ts'
import { openStore } from '../../src/store/store.ts'

export const A = 'a'.repeat(40)
export const B = 'b'.repeat(40)
export const FAILURE = { code: 'BuildFailed' as const, message: 'npm ci exited with 1' }

/** What is known of an app that nobody has ever heard of. */
export const UNKNOWN: AppRecord = {
  attempt: null,
  serving: null,
  liveSince: null,
  pending: null,
  phase: 'todo',
  retired: new Set(),
  lastVersion: 0,
  crashes: [],
  draining: new Map(),
  freshFrom: 0,
  suspendedSince: null,
  suspension: null,
  held: null,
}

export interface Opened {
  state: string
  store: Store
  clock: { now: number }
  /** Closes the store and opens it again, as after a restart. */
  reopen(): Store
}

/** Ends with the test. */
export function opened(): Opened {
  const state = stateDirectory()
  const clock = { now: 1_000 }
  let store = openStore(state, () => clock.now)
  onTestFinished(() => store.close())
  const reopen = () => {
    store.close()
    store = openStore(state, () => clock.now)
    return store
  }
  return { state, store, clock, reopen }
}

/** Removed with the test. */
export function stateDirectory(): string {
  const state = mkdtempSync(join(tmpdir(), 'trimtab-store-'))
  onTestFinished(() => rmSync(state, { recursive: true, force: true }))
  return state
}

export function route(host: string, path = '/'): Route {
  return { host, path, stripPrefix: false, process: 'web' }
}

/** What is given to the store to make a release of. */
export function draft(
  version: number,
  { app = 'shop', image = `image-${version}`, commit = A, routes = [route(`${app}.test`)] } = {},
): Omit<Release, 'status' | 'createdAt'> {
  const health = { intervalMs: 1, timeoutMs: 1, graceMs: 1 }
  const content: ReleaseContent = {
    image: { key: image, ref: `/slugs/${image}`, processTypes: { web: 'x' }, configVars: { HOME: '/app' } },
    env: { A: 'ä"\n' },
    processes: [{ type: 'web', command: 'run', scale: 2, health, stop: { signal: 'SIGTERM', timeoutMs: 1 } }],
    release: 'migrate',
    routes,
  }
  return { app, version, commit, content, fingerprint: fingerprintOf(content), built: version % 2 === 1, createdBy: 'git' }
}
