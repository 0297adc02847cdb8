import { expect, it } from 'vitest'
import { parseDuration } from '../../src/manifest/duration.ts'

it.each([
  ['0s', 0],
  ['250ms', 250],
  ['5s', 5000],
  ['15m', 900_000],
  ['1h30m', 5_400_000],
  ['1d', 86_400_000],
  ['1m1s1ms', 61_001],
  ['0', null],
  ['5', null],
  ['', null],
  ['s', null],
  ['-5s', null],
  ['1.5s', null],
  ['5 s', null],
  ['5S', null],
  ['1s1m', null],
  ['99999999999999999999s', null],
])('%s → %s', (written, ms) => {
  expect(parseDuration(written)).toBe(ms)
})
