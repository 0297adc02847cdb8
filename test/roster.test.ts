import { expect, it } from 'vitest'
import type { AppSpec } from '../src/domain.ts'
import { type Change, createRoster } from '../src/roster.ts'

const app = (name: string, more: Partial<AppSpec> = {}): AppSpec => ({ name, repo: `/git/${name}.git`, path: '', ...more })

function watched() {
  const roster = createRoster()
  const changes: Change[] = []
  roster.onChange((change) => changes.push(change))
  const names = () => roster.apps().map(({ name }) => name)
  return { roster, changes, names }
}

it('is the union of all lists: the platform first, then the fleets in their order, then previews', () => {
  const { roster, names } = watched()
  roster.set('previews', [app('d')])
  roster.set('fleet two', [app('c')])
  roster.set('platform', [app('a')])
  expect(names()).toEqual(['a', 'd'])
  roster.set('fleet one', [app('b')])
  roster.fleets(['fleet one', 'fleet two'])
  expect(names()).toEqual(['a', 'b', 'c', 'd'])
  expect(roster.origin('c')).toBe('fleet two')
  expect(roster.origin('x')).toBe(null)
})

it('leaves a name to the first who declares it, says who is passed over, and hands it on', () => {
  const { roster, changes } = watched()
  roster.fleets(['fleet one'])
  roster.set('fleet one', [app('a', { repo: '/elsewhere.git' })])
  roster.set('platform', [app('a')])
  expect(roster.apps()).toEqual([app('a')])
  expect(roster.doubles()).toEqual([{ app: 'a', kept: 'platform', passedOver: 'fleet one' }])
  changes.length = 0
  roster.set('platform', [])
  expect(roster.doubles()).toEqual([])
  expect(changes).toHaveLength(1)
  expect(changes[0]).toMatchObject({
    came: [],
    went: [],
    moved: [{ from: { origin: 'platform' }, to: { origin: 'fleet one', app: { repo: '/elsewhere.git' } } }],
    touched: ['a'],
  })
})

it('tells of changes alone, with what came, went, moved and is otherwise different', () => {
  const { roster, changes } = watched()
  roster.set('platform', [app('a'), app('b'), app('c'), app('d')])
  roster.set('platform', [app('a'), app('b'), app('c'), app('d')])
  expect(changes).toHaveLength(1)
  roster.set('platform', [app('a'), app('b', { branch: 'next' }), app('c', { path: 'x' }), app('e')])
  expect(changes[1]).toEqual({
    came: [{ app: app('e'), origin: 'platform' }],
    went: [{ app: app('d'), origin: 'platform' }],
    moved: [{ from: { app: app('c'), origin: 'platform' }, to: { app: app('c', { path: 'x' }), origin: 'platform' } }],
    touched: ['b', 'c', 'd', 'e'],
  })
})

it('is whole when every fleet has had a list, and forgets the fleets that are no more', () => {
  const { roster, names } = watched()
  expect(roster.isComplete()).toBe(true)
  roster.fleets(['fleet one', 'fleet two'])
  expect(roster.isComplete()).toBe(false)
  roster.set('fleet one', [app('a')])
  expect(roster.isComplete()).toBe(false)
  roster.set('fleet two', [])
  expect(roster.isComplete()).toBe(true)
  roster.fleets(['fleet two'])
  expect(names()).toEqual([])
  roster.fleets(['fleet one'])
  expect(roster.isComplete()).toBe(false)
})

it('knows a preview, also one that is gone, unless somebody declares that name', () => {
  const { roster } = watched()
  roster.set('previews', [app('a-pr-1'), app('a-pr-2')])
  roster.set('previews', [])
  roster.set('platform', [app('a-pr-2')])
  expect([roster.isPreview('a-pr-1'), roster.isPreview('a-pr-2'), roster.isPreview('a')]).toEqual([true, false, false])
})
