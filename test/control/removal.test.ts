/** What is taken away, by what runs, what is listed, and what is known. */
import { expect, it } from 'vitest'
import { Removal } from '../../src/control/removal.ts'
import { createRoster } from '../../src/roster.ts'
import type { World } from '../../src/world.ts'
import { opened } from '../store/opened.ts'

const apps = (...names: string[]) => names.map((name) => ({ name, repo: `/git/${name}.git`, path: '' }))

/** Of these apps something runs. */
function running(...names: string[]) {
  const { store } = opened()
  const roster = createRoster()
  const triggered: string[] = []
  /** Whether these are to be, nobody knows yet. */
  const unsure = new Set<string>()
  // All of the world that is asked.
  const world = {
    store,
    runtime: { apps: async () => names },
    router: { apps: async () => [] },
    platform: () => ({ apps: roster.apps() }),
  } as unknown as World
  const removal = new Removal(
    world,
    roster,
    (app) => triggered.push(app),
    (app) => unsure.has(app),
  )
  const refusals = () => store.events({ limit: 10 }).map(({ message }) => message)
  return { roster, removal, triggered, unsure, refusals, held: () => names.filter((app) => removal.holds(app)) }
}

it('holds everything that is not listed until it has been looked at', async () => {
  const { roster, removal, triggered, held } = running('a', 'b')
  roster.set('platform', apps('a'))
  expect(held()).toEqual(['b'])
  expect(await removal.check(false)).toBe(null)
  expect([held(), triggered]).toEqual([[], ['b']])
})

it('refuses that most go, tells it once, and lets them go when it is allowed, for this list', async () => {
  const { roster, removal, triggered, refusals, held } = running('a', 'b', 'c', 'd')
  roster.set('platform', apps('a'))
  expect(await removal.check(false)).toMatch(/3 of 4 apps would be removed/)
  await removal.check(false)
  expect([refusals().length, held(), triggered]).toEqual([1, ['b', 'c', 'd'], []])
  await removal.check(true)
  // Whoever looks again meanwhile comes to the same.
  expect(await removal.check(false)).toBe(null)
  expect([held(), triggered]).toEqual([[], ['b', 'c', 'd', 'b', 'c', 'd']])
  roster.set('platform', apps('x'))
  // At once, whoever asks first.
  expect(held()).toEqual(['a', 'b', 'c', 'd'])
  expect(await removal.check(false)).toMatch(/4 of 4/)
})

it('takes nothing away while a list was never known, not even where that is allowed', async () => {
  const { roster, removal, triggered, held } = running('a', 'b', 'c')
  roster.set('platform', apps('a'))
  roster.fleets(['fleet x'])
  expect(await removal.check(false)).toBe(null)
  expect(await removal.check(true)).toBe(null)
  expect([held(), triggered]).toEqual([['b', 'c'], []])
  roster.set('fleet x', apps('b'))
  removal.listChanges()
  await removal.check(false)
  expect([held(), triggered]).toEqual([[], ['c']])
})

it('keeps what may yet turn out to be a preview, and does not count it', async () => {
  const { roster, removal, triggered, unsure, held } = running('a', 'a-pr-1', 'a-pr-2', 'a-pr-3')
  roster.set('platform', apps('a'))
  for (const app of ['a-pr-1', 'a-pr-2', 'a-pr-3']) unsure.add(app)
  expect(await removal.check(false)).toBe(null)
  expect([held(), triggered]).toEqual([['a-pr-1', 'a-pr-2', 'a-pr-3'], []])
})

it('lets previews go, however many, and does not count them', async () => {
  const previews = ['a-pr-1', 'a-pr-2', 'a-pr-3', 'a-pr-4']
  const { roster, removal, triggered, held } = running('a', 'b', 'c', 'd', 'e', ...previews)
  roster.set('platform', apps('a', 'b', 'c', 'd', 'e'))
  roster.set('previews', apps(...previews))
  roster.set('previews', apps('a-pr-4'))
  expect(await removal.check(false)).toBe(null)
  expect([held(), triggered]).toEqual([[], ['a-pr-1', 'a-pr-2', 'a-pr-3']])
  // With the previews it would be less than half.
  roster.set('platform', apps('a', 'b'))
  removal.listChanges()
  expect(await removal.check(false)).toMatch(/3 of 5 apps would be removed \(c, d, e\)/)
  expect(held()).toEqual(['c', 'd', 'e'])
})
