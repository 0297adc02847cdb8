/** What a route does besides: a change of it moves no instance, and a redirect waits for none. */
import { describe, expect, it } from 'vitest'
import type { Route, RouteOptions } from '../../src/domain.ts'
import { plan } from '../../src/plan/plan.ts'
import { sameTable } from '../../src/plan/routing.ts'
import { target } from '../../src/plan/steps.ts'
import * as t from './story.ts'

const limited = (options: RouteOptions): Route => ({ ...t.ROUTE, options })
const moved: Route = { host: 'old.test', path: '/', stripPrefix: false, process: '', options: { redirect: 'https://shop.test' } }
const A = t.made('image', { routes: [limited({ sticky: true })] })
const v1 = t.release(1, A)
const web = t.instance(v1, 'web', 1)
const settled = {
  serving: v1,
  attempt: t.attempt(t.commit('a'), { state: 'succeeded' }),
  instances: [web],
  table: t.table(v1, web),
}

describe('a change of options alone', () => {
  const B = t.made('image', { routes: [limited({ sticky: true, maxBodyBytes: 1024 })] })
  const v2 = t.release(2, B, { commit: t.commit('b'), status: 'pending' })
  const toB = t.wants(t.commit('b'), B)

  it('is a new release, of the same instances', () => {
    const world = t.seen({ ...settled, attempt: t.attempt(t.commit('b')) })
    expect(plan(toB, world).steps).toMatchObject([{ action: 'release', version: 2 }])
    expect(v2.fingerprint).toBe(v1.fingerprint)
  })

  it('writes the routes, and nothing else, and is live when the router serves them', () => {
    const rolling = { ...settled, pending: v2, attempt: t.attempt(t.commit('b')) }
    expect(plan(toB, t.seen(rolling)).steps).toEqual([{ action: 'write-routes', table: t.table(v2, web), reason: 'v2 is ready' }])
    const written = { ...rolling, table: t.table(v2, web) }
    expect(plan(toB, t.seen({ ...written, confirmed: false })).steps).toEqual([])
    expect(plan(toB, t.seen(written)).steps).toMatchObject([{ action: 'go-live' }])
  })

  it('may be a secret that the operator changed: the same commit comes to something else', () => {
    const world = t.seen(settled)
    const same = t.wants(t.commit('a'), t.made('image', { routes: [limited({ sticky: true, basicAuth: ['ann:{SHA}x'] })] }))
    expect(plan(same, world).steps).toMatchObject([{ action: 'begin', reason: 'what the commit comes to has changed' }])
  })
})

it('a route file that lost an option is written again', () => {
  const { options: _, ...bare } = limited({})
  const table = { app: t.APP, routes: [{ ...bare, servers: t.table(v1, web).routes[0]?.servers ?? [] }] }
  expect(plan(t.wants(t.commit('a'), A), t.seen({ ...settled, table })).steps).toMatchObject([{ action: 'write-routes' }])
})

it('tables are the same whatever the order of what they say', () => {
  const table = (...routes: Route[]) => ({ app: t.APP, routes: routes.map((route) => ({ ...route, servers: [] })) })
  const one = limited({ sticky: true, timeoutMs: 1 })
  const other = limited({ timeoutMs: 1, sticky: true })
  expect(sameTable(table(one, moved), table(moved, other))).toBe(true)
  expect(sameTable(table(one), table(limited({ sticky: true })))).toBe(false)
  expect(sameTable(table(limited({})), table(t.ROUTE))).toBe(true)
})

describe('a redirect', () => {
  const R = t.made('image-r', { web: 0, worker: 1, routes: [moved] })
  const r1 = t.release(1, R)
  const pending = t.release(1, R, { status: 'pending' })
  const worker = t.instance(r1, 'worker', 1)
  const table = { app: t.APP, routes: [{ ...moved, servers: [] }] }

  it('names no servers, whatever runs', () => {
    const open = { pending, attempt: t.attempt(t.commit('a')), instances: [worker] }
    const [step] = plan(t.wants(t.commit('a'), R), t.seen(open)).steps
    expect(step).toEqual({ action: 'write-routes', table, reason: 'v1 is ready' })
    expect(step && target(step)).toBe('old.test/ -> https://shop.test')
    expect(plan(t.wants(t.commit('a'), R), t.seen({ ...open, table })).steps).toMatchObject([{ action: 'go-live' }])
  })

  it('beside a route that leads to a process moves with it', () => {
    const both = t.release(1, t.made('image', { routes: [t.ROUTE, moved] }), { status: 'pending' })
    const one = t.instance(both, 'web', 1)
    const [step] = plan(
      t.wants(t.commit('a'), both),
      t.seen({ pending: both, attempt: t.attempt(t.commit('a')), instances: [one] }),
    ).steps
    expect(step).toMatchObject({
      action: 'write-routes',
      table: {
        routes: [
          { host: 'shop.test', servers: [one.address] },
          { host: 'old.test', servers: [] },
        ],
      },
    })
  })

  it('alone keeps nobody from being adopted with a new store: no route could name them', () => {
    const world = t.seen({ attempt: t.attempt(t.commit('a')), instances: [worker], table })
    expect(plan(t.wants(t.commit('a'), R), world).steps).toMatchObject([{ action: 'release', version: 1, adopted: true }])
  })

  it('belongs to the first that names it, as every route', () => {
    const world = t.seen({ attempt: t.attempt(t.commit('a')), instances: [], claimed: new Map([['old.test /', 'cart']]) })
    const [step] = plan(t.wants(t.commit('a'), R), world).steps
    expect(step).toMatchObject({ action: 'fail', failure: { code: 'RouteTaken' } })
  })
})

it('what is told of a step holds no users', () => {
  const secret = t.release(1, t.made('image', { routes: [limited({ basicAuth: ['ann:{SHA}hunter2'] })] }))
  const told = target({ action: 'write-routes', table: t.table(secret, web), reason: '' })
  expect(told).toBe('shop.test/ -> 20011')
})
