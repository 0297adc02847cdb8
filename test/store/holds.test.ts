/** Who suspended an app, and what waits: kept over a restart, apart for each app. */
import { expect, it } from 'vitest'
import { A, B, opened } from './opened.ts'

it('whoever suspended it first stays, until somebody resumes it', () => {
  const { store, clock, reopen } = opened()
  clock.now = 1_000
  store.setSuspension('shop', { by: 'ana', reason: 'the sale' })
  clock.now = 2_000
  store.setSuspension('shop', { by: 'ben', reason: '' })
  expect(store.read('shop').suspension).toEqual({ by: 'ana', reason: 'the sale', since: 1_000 })
  // Stopping and starting it is another thing, and so is its being gone for a while.
  store.suspend('shop')
  store.restart('shop')
  store.forget('shop')
  const again = reopen()
  expect(again.read('shop').suspension).toEqual({ by: 'ana', reason: 'the sale', since: 1_000 })
  expect(again.read('cart').suspension).toBeNull()
  again.setSuspension('shop', null)
  again.setSuspension('shop', null)
  expect(again.read('shop').suspension).toBeNull()
})

it('of what waits the newest is kept; since when app.yaml suspends it, whichever commit says so', () => {
  const { store, clock, reopen } = opened()
  const at = (now: number, commit: string, kind: 'app.yaml' | 'window' | 'dependencies') => {
    clock.now = now
    store.hold('shop', { commit, kind })
    return store.read('shop').held
  }
  expect(at(1_000, A, 'window')).toEqual({ commit: A, kind: 'window', since: 1_000 })
  expect(at(2_000, B, 'app.yaml')).toEqual({ commit: B, kind: 'app.yaml', since: 2_000 })
  expect(at(3_000, A, 'app.yaml')).toEqual({ commit: A, kind: 'app.yaml', since: 2_000 })
  expect(at(4_000, A, 'window')).toEqual({ commit: A, kind: 'window', since: 4_000 })
  expect(store.waitingForOthers()).toEqual([])
  expect(at(5_000, B, 'dependencies')).toEqual({ commit: B, kind: 'dependencies', since: 5_000 })
  store.hold('shop', null)
  expect(store.read('shop').held).toBeNull()
  at(6_000, A, 'dependencies')
  const again = reopen()
  expect(again.waitingForOthers()).toEqual(['shop'])
  again.forget('shop')
  expect(again.read('shop').held).toBeNull()
})

it('why a commit was passed over is kept with it', () => {
  const { store, reopen } = opened()
  store.begin('shop', { commit: A, settings: 's', skip: true, why: 'for it changes nothing of libs/**' })
  const again = reopen()
  expect(again.read('shop').attempt).toMatchObject({ commit: A, state: 'skipped', why: 'for it changes nothing of libs/**' })
  again.begin('shop', { commit: B, settings: 's', skip: true })
  expect(again.read('shop').attempt).not.toHaveProperty('why')
})
