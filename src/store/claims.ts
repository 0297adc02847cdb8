/** Which app has which host and path. The first to claim one keeps it until nothing of its releases names it any more. */
import type { Route } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { Db } from './database.ts'

const keyOf = (route: { host: string; path: string }) => `${route.host} ${route.path}`

export function claimsTable(db: Db) {
  const all = db.prepare<[], { route: string; app: string }>('SELECT route, app FROM claims')
  const owner = db.prepare<[string], string>('SELECT app FROM claims WHERE route = ?')
  const insert = db.prepare('INSERT INTO claims (route, app) VALUES (?, ?) ON CONFLICT DO NOTHING')
  const adopt = db.prepare('INSERT INTO claims (route, app, adopted) VALUES (?, ?, 1) ON CONFLICT DO NOTHING')
  const drop = db.prepare('DELETE FROM claims WHERE app = ?')
  const dropOwn = db.prepare('DELETE FROM claims WHERE app = ? AND adopted = 0')
  const count = db.prepare<[string], number>('SELECT count(*) FROM claims WHERE app = ?')
  const table = {
    all: () => new Map(all.all().map((row) => [row.route, row.app])),
    has: (app: string) => (count.pluck().get(app) as number) > 0,
    /** Throws RouteTaken, having changed nothing the caller's transaction will not undo. */
    add(app: string, routes: Array<Pick<Route, 'host' | 'path'>>): void {
      for (const route of routes) {
        const taken = owner.pluck().get(keyOf(route)) as string | undefined
        if (taken && taken !== app) {
          throw new TrimtabError('RouteTaken', `${route.host}${route.path} is served by the app "${taken}" already.`)
        }
        insert.run(keyOf(route), app)
      }
    },
    /** What a route file shows to be served, taken over as far as nobody else has it. */
    adopt(app: string, routes: Array<Pick<Route, 'host' | 'path'>>): void {
      for (const route of routes) adopt.run(keyOf(route), app)
    },
    /** Gives back what was claimed for releases, and keeps what was taken over. */
    giveBack: (app: string) => void dropOwn.run(app),
    /** What the app holds from now on: these and no others. */
    set(app: string, routes: Array<Pick<Route, 'host' | 'path'>>): void {
      drop.run(app)
      table.add(app, routes)
    },
  }
  return table
}
