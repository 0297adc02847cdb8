import { expect, it } from 'vitest'
import { checksOf } from '../../../src/cli/doctor/lists.ts'

const COMMIT = 'abcdef0'.padEnd(40, '0')
const fleet = {
  fleet: 'fleet https://git.test/fleet.git apps.yaml',
  commit: COMMIT,
  since: '2026-01-01T00:00:00.000Z',
  apps: ['a', 'b'],
  failure: null,
}
const failure = { code: 'SourceUnreachable' as const, message: 'git.test does not answer' }

it('says of each list what is in force, and why what is in git is not', () => {
  expect(checksOf({ fleets: [], orphans: [] })).toEqual([])
  expect(
    checksOf({ fleets: [fleet, { ...fleet, failure }, { ...fleet, commit: null, since: null, apps: [], failure }], orphans: [] }),
  ).toEqual([
    { name: 'fleet', level: 'ok', message: `${fleet.fleet}: 2 apps at abcdef0` },
    {
      name: 'fleet',
      level: 'warn',
      message: `${fleet.fleet}: git.test does not answer`,
      remedy: 'In force is what was read last: 2 apps at abcdef0',
    },
    {
      name: 'fleet',
      level: 'warn',
      message: `${fleet.fleet}: git.test does not answer`,
      remedy: 'Until it can be read, nothing is taken away',
    },
  ])
})

it('lists apps that nobody declares any more', () => {
  const orphans = [{ app: 'old', releases: 3, lastAt: '2026-01-01T00:00:00.000Z' }]
  expect(checksOf({ fleets: [], orphans })).toEqual([
    { name: 'orphans', level: 'ok', message: 'nobody declares these apps any more; their releases and events are kept: old (3)' },
  ])
})
