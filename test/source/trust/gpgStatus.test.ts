/** What gpg's status lines are taken for, where no real key makes them so. */
import { expect, test } from 'vitest'
import { judge } from '../../../src/source/trust/gpgStatus.ts'

const FPR = 'A'.repeat(40)
const NEW = '[GNUPG:] NEWSIG\n'
const GOOD = '[GNUPG:] GOODSIG BBBBBBBBBBBBBBBB Alice <a@x>\n'
const VALID = `[GNUPG:] VALIDSIG ${FPR} 2026-01-01 1 0 4 0 22 8 00 ${FPR}\n`

test('good is what is both good and valid, once, by a hash that holds', () => {
  expect(judge(NEW + GOOD + VALID, 0, 'list')).toEqual({ trusted: true, by: `Alice <a@x> (key ${FPR})` })
})

test.each([
  ['nothing', '', 0],
  ['without a word of validity', NEW + GOOD, 0],
  ['with an exit code', NEW + GOOD + VALID, 1],
  ['two signatures', NEW + GOOD + VALID + NEW + GOOD + VALID, 0],
  ['a good one and a bad one', `${NEW}${GOOD}${VALID}[GNUPG:] BADSIG B Mallory\n`, 0],
  ['as text', NEW + GOOD + VALID.replace(' 00 ', ' 01 '), 0],
  ['SHA-1', NEW + GOOD + VALID.replace(' 22 8 ', ' 22 2 '), 0],
  ['said by somebody else than gpg', `${NEW}gpg: ${GOOD}gpg: ${VALID}`, 0],
])('not good: %s', (_, status, code) => {
  expect(judge(status, code, 'list').trusted).toBe(false)
})
