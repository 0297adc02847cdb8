import { expect, it } from 'vitest'
import { A, B, draft, opened } from './opened.ts'

const record = (commit: string, ...names: string[]) => ({
  commit,
  apps: names.map((name) => ({ name, repo: `https://git.test/${name}.git`, path: '' })),
  readAt: 7_000,
})

it('keeps the last list of each fleet over a restart, and forgets those that are not wanted', () => {
  const { store, reopen } = opened()
  expect(store.fleet('fleet one')).toBe(null)
  store.setFleet('fleet one', record(A, 'shop'))
  store.setFleet('fleet two', record(A))
  store.setFleet('fleet one', record(B, 'shop', 'blog'))
  const again = reopen()
  expect(again.fleet('fleet one')).toEqual(record(B, 'shop', 'blog'))
  expect(again.fleet('fleet two')).toEqual(record(A))
  again.keepFleets(['fleet two', 'fleet three'])
  expect([again.fleet('fleet one'), again.fleet('fleet two')]).toEqual([null, record(A)])
})

it('knows what there is of every app that ever had a release, also of one that is gone; its images need not stay', () => {
  const { store, clock } = opened()
  for (const [app, version] of [
    ['shop', 1],
    ['shop', 2],
    ['cart', 1],
  ] as const) {
    clock.now += 1_000
    store.begin(app, { commit: A, settings: 's', skip: false })
    store.release(draft(version, { app, image: `${app}-${version}` }), false)
    store.goLive(app, version)
  }
  expect(store.keptImages(5)).toEqual(new Set(['shop-1', 'shop-2', 'cart-1']))
  store.forget('shop')
  expect(store.histories()).toEqual([
    { app: 'cart', releases: 1, lastAt: 4_000 },
    { app: 'shop', releases: 2, lastAt: 3_000 },
  ])
  expect(store.keptImages(5)).toEqual(new Set(['cart-1']))
  // Back again: what is still there counts again.
  store.begin('shop', { commit: B, settings: 's', skip: false })
  store.release(draft(3, { app: 'shop', image: 'shop-3' }), false)
  store.goLive('shop', 3)
  expect(store.keptImages(5)).toEqual(new Set(['cart-1', 'shop-1', 'shop-2', 'shop-3']))
})
