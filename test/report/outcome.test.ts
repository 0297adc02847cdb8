import { expect, it } from 'vitest'
import { heldOf, outcomeOf } from '../../src/report/outcome.ts'
import { A, B } from '../store/opened.ts'
import { attempt, record, release } from './records.ts'

const failure = { code: 'BuildFailed' as const, message: 'npm ci failed.\u001b[31m The end of its log:\nline 1\nline 2' }

it.each([
  ['nothing was attempted', record(), null],
  ['passed over', record({ attempt: attempt('skipped') }), null],
  ['under way', record({ attempt: attempt('open') }), ['pending', 'is being deployed']],
  [
    'to be tried again',
    record({ attempt: attempt('open', { failure: { code: 'DiskFull', message: 'No room.' }, retryAt: 5 }) }),
    ['pending', 'to be tried again after DiskFull: No room.'],
  ],
  ['failed, and nothing serves', record({ attempt: attempt('failed', { failure }) }), ['failure', 'BuildFailed: npm ci failed.']],
  [
    'failed, and the old one serves',
    record({ attempt: attempt('failed', { failure }), serving: release(3, B) }),
    ['failure', 'BuildFailed: npm ci failed. (v3 serves on)'],
  ],
  ['live', record({ attempt: attempt('succeeded'), serving: release(4) }), ['success', 'v4 is live']],
  [
    'nothing differs from what is live',
    record({ attempt: attempt('succeeded'), serving: release(4, B) }),
    ['success', 'v4 is live, and is what this asks for'],
  ],
])('%s', (_, of, wanted) => {
  expect(outcomeOf(of)).toEqual(wanted && { commit: A, state: wanted[0], description: wanted[1] })
})

it('a commit that waits is pending, behind what is attempted', () => {
  const held = (kind: 'window' | 'suspended' | 'dependencies' | 'app.yaml', commit = B) => ({ commit, kind, since: 0 })
  const after = attempt('succeeded')
  const description = 'waits for the deploy window'
  expect(heldOf({ attempt: after, held: held('window') })).toEqual({ commit: B, state: 'pending', description })
  expect(heldOf({ attempt: null, held: held('dependencies') })?.description).toBe('waits for other apps to be live')
  expect(heldOf({ attempt: after, held: held('suspended') })?.description).toBe('waits for the app to be resumed')
  expect(heldOf({ attempt: after, held: held('app.yaml') })).toBeNull()
  expect(heldOf({ attempt: attempt('open'), held: held('window') })).toBeNull()
  // It is live; what waits is another setting of it.
  expect(heldOf({ attempt: after, held: held('window', A) })).toBeNull()
  expect(heldOf({ attempt: after, held: null })).toBeNull()
})
