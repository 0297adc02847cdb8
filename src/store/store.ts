/** The Store over SQLite: each method one transaction across the tables it concerns. */
import { join } from 'node:path'
import type { AppRecord, Store } from '../ports.ts'
import { appsTable } from './apps.ts'
import { attemptsTable } from './attempts.ts'
import { buildsTable } from './builds.ts'
import { claimsTable } from './claims.ts'
import { openDatabase } from './database.ts'
import { eventsTable } from './events.ts'
import { fleetsTable } from './fleet.ts'
import { holdsTable, suspensionsTable } from './holds.ts'
import { crashesTable, drainsTable } from './instances.ts'
import { outboxTable } from './outbox.ts'
import { previewsTable } from './previews.ts'
import { releasesTable } from './releases.ts'

/** Opens the store of a state directory; errors as of openDatabase. */
export function openStore(state: string, now: () => number = Date.now): Store {
  const db = openDatabase(join(state, 'trimtab.db'))
  const apps = appsTable(db)
  const attempts = attemptsTable(db)
  const releases = releasesTable(db)
  const claims = claimsTable(db)
  const suspensions = suspensionsTable(db)
  const holds = holdsTable(db)
  const builds = buildsTable(db)
  const drains = drainsTable(db)
  const crashes = crashesTable(db)
  const events = eventsTable(db)
  const fleets = fleetsTable(db)
  const outbox = outboxTable(db, now)
  const previews = previewsTable(db)
  const atomic = <A extends unknown[], R>(work: (...args: A) => R) => {
    const run = db.transaction(work)
    return (...args: A): R => run.immediate(...args)
  }

  /** The live release's routes are the app's claims, once nothing is pending. Without one, what was taken over may still be served. */
  const settleClaims = (app: string) => {
    const live = releases.byStatus(app, 'live')?.release
    if (live) claims.set(app, live.content.routes)
    else claims.giveBack(app)
  }

  return {
    read(app): AppRecord {
      const live = releases.byStatus(app, 'live')
      const pending = releases.byStatus(app, 'pending')
      const { suspended_at, fresh_from } = apps.get(app)
      return {
        attempt: attempts.last(app),
        serving: live?.release ?? null,
        liveSince: live?.live_at ?? null,
        pending: pending?.release ?? null,
        phase: pending?.phase ?? 'todo',
        retired: releases.retired(app),
        lastVersion: releases.last(app),
        crashes: crashes.recent(app),
        draining: drains.all(app),
        freshFrom: fresh_from,
        suspendedSince: suspended_at,
        suspension: suspensions.get(app),
        held: holds.get(app),
      }
    },
    begin: atomic((app, { commit, settings, skip, why }) => {
      attempts.open(app, commit, settings, skip ? 'skipped' : 'open', now())
      if (skip && why !== undefined) attempts.explain(app, why)
      releases.move(app, 'pending', 'superseded')
      settleClaims(app)
    }),
    building: (app, key) => attempts.built(app, key),
    waitingFor: (key) => attempts.building(key),
    release: atomic((release, adopted) => {
      releases.move(release.app, 'pending', 'superseded')
      claims.add(release.app, release.content.routes)
      if (adopted) attempts.end(release.app, 'succeeded', null, now())
      return releases.insert(release, adopted ? 'live' : 'pending', now())
    }),
    phase: (app, version, phase) => releases.phase(app, version, phase),
    goLive: atomic((app, version) => {
      releases.move(app, 'live', 'superseded')
      releases.live(app, version, now())
      attempts.end(app, 'succeeded', null, now())
      settleClaims(app)
    }),
    settle: atomic((app) => {
      attempts.end(app, 'succeeded', null, now())
      releases.move(app, 'pending', 'superseded')
      settleClaims(app)
    }),
    fail: atomic((app, failure) => {
      attempts.end(app, 'failed', failure, now())
      releases.move(app, 'pending', 'failed')
      settleClaims(app)
    }),
    retryLater: (app, failure, at) => attempts.later(app, failure, at),
    drain: (app, instance) => drains.add(app, instance, now()),
    undrain: (_app, instance) => drains.drop(instance),
    ended: atomic((app, instance, crash) => {
      drains.drop(instance)
      if (crash) crashes.add(app, crash)
    }),
    again: atomic((app) => {
      const last = attempts.last(app)
      if (last?.state === 'failed') attempts.end(app, 'superseded', last.failure, now())
      else if (last?.retryAt) attempts.soon(app)
    }),
    suspend: (app) => apps.suspend(app, now()),
    restart: (app) => apps.restart(app, now()),
    setSuspension: (app, suspension) => suspensions.set(app, suspension, now()),
    hold: (app, held) => holds.set(app, held, now()),
    waitingForOthers: () => holds.waiting(),
    claims: () => claims.all(),
    claim: atomic((app, routes) => {
      if (!claims.has(app)) claims.adopt(app, routes)
    }),
    forget: atomic((app) => {
      if (attempts.last(app)) attempts.end(app, 'superseded', null, now())
      releases.move(app, 'pending', 'superseded')
      releases.move(app, 'live', 'superseded')
      claims.set(app, [])
      holds.set(app, null, now())
    }),
    releases: (app, limit) => releases.newest(app, limit),
    keptImages: (count) => releases.kept(count),
    buildRecord: (record) => builds.add(record, now()),
    lastBuild: (app) => attempts.lastBuild(app),
    event: (event) => events.add(event, now()),
    events: ({ app, limit, afterId }) => events.last(app, limit, afterId ?? 0),
    onEvent: (seen) => events.watch(seen),
    outbox: {
      ...outbox,
      put: atomic(outbox.put),
      sent: atomic(outbox.sent),
      failed: atomic(outbox.failed),
      drop: atomic(outbox.drop),
      abandon: atomic(outbox.abandon),
      again: atomic(outbox.again),
    },
    previews: (app) => previews.all(app),
    setPreviews: atomic((app, records) => previews.set(app, records)),
    previewed: () => previews.apps(),
    fleet: (name) => fleets.get(name),
    setFleet: (name, record) => fleets.put(name, record),
    keepFleets: atomic((names) => fleets.keep(names)),
    histories: () => releases.histories(),
    close: () => void db.close(),
  }
}
