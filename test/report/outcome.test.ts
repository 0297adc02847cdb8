import { expect, it } from 'vitest'
import { outcomeOf } from '../../src/report/outcome.ts'
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
