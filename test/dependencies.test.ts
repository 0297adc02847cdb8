/** Which commit of several is told that it closes a circle: exactly one, whoever looks first. */
import { expect, it } from 'vitest'
import { requireDependencies } from '../src/dependencies.ts'
import type { AppSpec } from '../src/domain.ts'
import type { World } from '../src/world.ts'
import { opened } from './store/opened.ts'

const id = (name: string) => name.charCodeAt(0).toString(16).padStart(40, '0')

/** Apps of these names, each with a commit of its own that depends on these. */
function platform(dependsOn: Record<string, string[]>) {
  const { store, clock } = opened()
  const apps = Object.keys(dependsOn).map((name): AppSpec => ({ name, repo: `/${name}`, path: '' }))
  const source = {
    entries: async () => [],
    read: async (app: AppSpec, _commit: string, path: string) =>
      path === 'app.yaml' ? Buffer.from(`dependsOn: [${dependsOn[app.name]?.join(', ')}]\nx-of: ${Math.random()}`) : null,
  }
  const world = { store, source, platform: () => ({ apps }) } as unknown as World
  const verdict = async (app: string) => {
    const spec = apps.find(({ name }) => name === app) as AppSpec
    return requireDependencies(spec, id(app), dependsOn[app] ?? [], world).then(
      () => 'fine',
      (error) => `${error.code}: ${error.message.split(': ')[1]}`,
    )
  }
  const waits = (app: string, at: number) => {
    clock.now = at
    store.hold(app, { commit: id(app), kind: 'dependencies' })
  }
  const fails = (app: string, at: number) => {
    clock.now = at
    store.begin(app, { commit: id(app), settings: 's', skip: false })
    store.fail(app, { code: 'DependencyCycle', message: 'no' })
    store.hold(app, null)
  }
  return { store, clock, verdict, waits, fails }
}

it('nobody is told of one who is not known yet', async () => {
  const { verdict } = platform({ a: ['b'], b: ['a'] })
  expect([await verdict('a'), await verdict('b')]).toEqual(['fine', 'fine'])
})

it('it is the youngest, in whichever order they are looked at', async () => {
  const { verdict, waits, fails } = platform({ k: ['l'], l: ['m'], m: ['k'] })
  waits('l', 1)
  waits('m', 2)
  waits('k', 3)
  expect(await verdict('l')).toBe('fine')
  expect(await verdict('m')).toBe('fine')
  expect(await verdict('k')).toBe('DependencyCycle: k → l → m → k')
  fails('k', 4)
  // Failed, it stays told; and the others stay as they are.
  expect([await verdict('k'), await verdict('l'), await verdict('m')]).toEqual(['DependencyCycle: k → l → m → k', 'fine', 'fine'])
})

it('of two of the same moment it is one', async () => {
  const { verdict, waits } = platform({ p: ['q'], q: ['p'] })
  waits('p', 1)
  waits('q', 1)
  expect([await verdict('p'), await verdict('q')]).toEqual(['fine', 'DependencyCycle: q → p → q'])
})

it('what has been deployed is asked nothing, whoever has gone since', async () => {
  const { store, verdict } = platform({ d: ['gone'] })
  expect(await verdict('d')).toBe('DependencyMissing: there is no app "gone". Declared are')
  store.begin('d', { commit: id('d'), settings: 's', skip: false })
  store.settle('d')
  expect(await verdict('d')).toBe('fine')
})

it('one that depends on itself is a circle', async () => {
  expect(await platform({ s: ['s'] }).verdict('s')).toBe('DependencyCycle: s → s')
})
