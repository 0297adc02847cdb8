/** Deploy windows, by value: what is read, when they are open, and when the next one opens, over the ends of weeks, years and summer time. */
import { describe, expect, it } from 'vitest'
import { isTimezone, openingAt, parseWindows, shownIn } from '../../src/plan/window.ts'

const at = (iso: string) => Date.parse(iso)

/** 'open', or when the next one opens, in UTC. */
function opening(windows: string, timezone: string, now: string): string {
  const found = openingAt(parseWindows(windows) ?? [], timezone, at(now))
  return found.open ? 'open' : new Date(found.opens).toISOString().replace(':00.000Z', 'Z')
}

describe('reads', () => {
  const read = (written: string) => parseWindows(written)?.map(({ days, from, to }) => [[...days].join(''), from, to])
  it.each([
    ['Mon-Fri 09:00-17:00', [['12345', 540, 1020]]],
    ['mon-FRI 09:00-17:00', [['12345', 540, 1020]]],
    ['09:00-17:00', [['0123456', 540, 1020]]],
    ['Mon,Wed 10:00-12:00', [['13', 600, 720]]],
    ['Mon, Wed-Thu 10:00-12:00', [['134', 600, 720]]],
    ['Fri-Mon 10:00-12:00', [['5601', 600, 720]]],
    ['Sat-Sun 00:00-24:00', [['60', 0, 1440]]],
    ['22:00-04:00', [['0123456', 1320, 1680]]],
    [
      'Mon 09:00-10:00, 12:00-13:00,Sat,Sun 01:30-02:00',
      [
        ['1', 540, 600],
        ['0123456', 720, 780],
        ['60', 90, 120],
      ],
    ],
  ])('%s', (written, expected) => expect(read(written)).toEqual(expected))

  it.each([
    '',
    ' ',
    ',',
    'Mon-Fri',
    'Mon-Fri 9:00-17:00',
    'Mon-Fri 09:00',
    'Mon-Fri 09:00-17:00,',
    'Mon-Fri 09:00-17:00, Sat',
    'Mon, 09:00-17:00',
    'Monday 09:00-17:00',
    'Mon-Tue-Wed 09:00-17:00',
    'Mxn 09:00-17:00',
    '09:00-09:00',
    '24:00-01:00',
    '09:00-24:01',
    '09:60-10:00',
    'Mon 09:00–17:00',
    '09:00-17:00 Mon',
    'Mon-Fri 09:00-17:00; Sat 10:00-11:00',
  ])('not %j', (written) => expect(parseWindows(written)).toBeNull())
})

it.each([
  ['UTC', true],
  ['Europe/Paris', true],
  ['America/Argentina/Buenos_Aires', true],
  ['Etc/GMT+5', true],
  ['Europe/Atlantis', false],
  ['', false],
  ['../../etc/passwd', false],
  [`Europe/${'a'.repeat(100)}`, false],
])('%s is a time zone: %s', (name, known) => expect(isTimezone(name)).toBe(known))

describe('Mon-Fri 09:00-17:00, UTC', () => {
  // 2026-01-02 is a Friday.
  it.each([
    ['2026-01-02T08:59:59.999Z', '2026-01-02T09:00Z'],
    ['2026-01-02T09:00:00Z', 'open'],
    ['2026-01-02T16:59:59.999Z', 'open'],
    ['2026-01-02T17:00:00Z', '2026-01-05T09:00Z'],
    ['2026-01-03T12:00:00Z', '2026-01-05T09:00Z'],
    ['2026-01-05T00:00:00Z', '2026-01-05T09:00Z'],
    ['2025-12-31T18:00:00Z', '2026-01-01T09:00Z'],
  ])('at %s: %s', (now, expected) => expect(opening('Mon-Fri 09:00-17:00', 'UTC', now)).toBe(expected))
})

describe('other windows', () => {
  it.each([
    ['Mon 09:00-10:00', '2026-01-05T10:00:00Z', '2026-01-12T09:00Z'],
    ['Mon 09:00-10:00, Wed 09:00-10:00', '2026-01-05T10:00:00Z', '2026-01-07T09:00Z'],
    ['Fri 22:00-04:00', '2026-01-02T23:00:00Z', 'open'],
    ['Fri 22:00-04:00', '2026-01-03T03:59:59Z', 'open'],
    ['Fri 22:00-04:00', '2026-01-03T04:00:00Z', '2026-01-09T22:00Z'],
    ['Fri 22:00-04:00', '2026-01-02T03:00:00Z', '2026-01-02T22:00Z'],
    ['22:00-04:00', '2026-01-01T03:00:00Z', 'open'],
    ['22:00-04:00', '2026-01-01T04:00:00Z', '2026-01-01T22:00Z'],
    ['00:00-24:00', '2026-01-01T04:00:00Z', 'open'],
    ['Sat-Sun 00:00-24:00', '2026-01-04T23:59:59Z', 'open'],
    ['Sat-Sun 00:00-24:00', '2026-01-05T00:00:00Z', '2026-01-10T00:00Z'],
    ['Thu 09:00-10:00', '2024-02-28T12:00:00Z', '2024-02-29T09:00Z'],
  ])('%s at %s: %s', (windows, now, expected) => expect(opening(windows, 'UTC', now)).toBe(expected))
})

describe('time zones', () => {
  it.each([
    ['Mon-Fri 09:00-17:00', 'Europe/Paris', '2026-01-02T07:59:00Z', '2026-01-02T08:00Z'],
    ['Mon-Fri 09:00-17:00', 'Europe/Paris', '2026-07-03T06:59:00Z', '2026-07-03T07:00Z'],
    ['Mon-Fri 09:00-17:00', 'Asia/Kolkata', '2026-01-02T03:29:00Z', '2026-01-02T03:30Z'],
    // There it is Monday already, and here still.
    ['Mon 00:00-06:00', 'Pacific/Auckland', '2026-01-04T11:00:00Z', 'open'],
    ['Sun 20:00-24:00', 'America/Los_Angeles', '2026-01-05T05:00:00Z', 'open'],
    ['Mon 09:00-10:00', 'Pacific/Kiritimati', '2026-01-04T18:59:00Z', '2026-01-04T19:00Z'],
    ['Mon 09:00-10:00', 'Pacific/Niue', '2026-01-05T19:59:00Z', '2026-01-05T20:00Z'],
    // Samoa had no 30 December 2011, a Friday: it is as much later as is left out, which is a day.
    ['Fri 09:00-10:00', 'Pacific/Apia', '2011-12-29T22:00:00Z', '2011-12-30T19:00Z'],
  ])('%s in %s at %s: %s', (windows, timezone, now, expected) => expect(opening(windows, timezone, now)).toBe(expected))
})

describe('summer time', () => {
  // Paris: 2026-03-29 02:00 becomes 03:00 (01:00 UTC); 2026-10-25 03:00 becomes 02:00 (01:00 UTC).
  it.each([
    ['the hours are those of the clock, before', '09:00-17:00', '2026-03-28T18:00:00Z', '2026-03-29T07:00Z'],
    ['and after', '09:00-17:00', '2026-10-24T18:00:00Z', '2026-10-25T08:00Z'],
    ['what is left out opens as much later', '02:30-02:45', '2026-03-29T00:30:00Z', '2026-03-29T01:30Z'],
    ['and closes as much later', '02:30-02:45', '2026-03-29T01:44:59Z', 'open'],
    ['an hour that is left out as a whole does not open', '02:00-03:00', '2026-03-29T00:30:00Z', '2026-03-30T00:00Z'],
    ['then it is over', '02:30-02:45', '2026-03-29T01:45:00Z', '2026-03-30T00:30Z'],
    ['a window over the change ends with its clock', '01:00-04:00', '2026-03-29T01:59:59Z', 'open'],
    ['an hour early', '01:00-04:00', '2026-03-29T02:00:00Z', '2026-03-29T23:00Z'],
    ['over midnight', 'Sat 22:00-04:00', '2026-03-29T01:59:59Z', 'open'],
    ['and no longer', 'Sat 22:00-04:00', '2026-03-29T02:00:00Z', '2026-04-04T20:00Z'],
    ['what comes twice opens the first time', '02:15-04:00', '2026-10-25T00:00:00Z', '2026-10-25T00:15Z'],
    ['and stays open the second', '02:15-04:00', '2026-10-25T01:05:00Z', 'open'],
    ['it closes the first time', '01:00-02:30', '2026-10-25T00:30:00Z', '2026-10-26T00:00Z'],
    ['a whole day of 25 hours', 'Sun 00:00-24:00', '2026-10-25T22:59:59Z', 'open'],
    ['is over then', 'Sun 00:00-24:00', '2026-10-25T23:00:00Z', '2026-10-31T23:00Z'],
  ])('%s (%s at %s: %s)', (_what, windows, now, expected) => {
    expect(opening(windows, 'Europe/Paris', now)).toBe(expected)
  })
})

it('what it says opens, opens then: no window is missed in a year of minutes around every change', () => {
  for (const timezone of ['Europe/Paris', 'Australia/Lord_Howe']) {
    const windows = parseWindows('Sun 00:30-01:30, Sun 02:00-03:00, Mon-Fri 09:00-17:00') ?? []
    for (let now = at('2026-01-01T00:00:00Z'); now < at('2027-01-01T00:00:00Z'); ) {
      const found = openingAt(windows, timezone, now)
      if (found.open) {
        now += 97 * 60_000
        continue
      }
      expect(found.opens).toBeGreaterThan(now)
      expect(openingAt(windows, timezone, found.opens - 1)).toEqual(found)
      expect(openingAt(windows, timezone, found.opens)).toEqual({ open: true })
      now = found.opens
    }
  }
}, 30_000)

it('says when, as the clock there shows it', () => {
  expect(shownIn('Europe/Paris', at('2026-01-05T08:00:00Z'))).toBe('Mon 09:00')
  expect(shownIn('Pacific/Auckland', at('2026-01-04T11:05:00Z'))).toBe('Mon 00:05')
})
