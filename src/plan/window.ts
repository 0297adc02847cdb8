/** Deploy windows: `Mon-Fri 09:00-17:00` in a time zone, and when the next one opens. Pure: the time comes in. */

/** One stretch of a week. */
export interface Window {
  /** Days on which it begins; 0 is Sunday. */
  days: ReadonlySet<number>
  /** Minutes from midnight. */
  from: number
  /** Minutes from the midnight of the same day; beyond 24 hours where it goes on over midnight. */
  to: number
}

export type Opening = { open: true } | { open: false; opens: number }

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const DAY = 24 * 60
const DAY_MS = DAY * 60_000
const EVERY_DAY = new Set([0, 1, 2, 3, 4, 5, 6])
/** A window that opens weekly, and a week in which a day is left out (Samoa had one in 2011): two are enough. */
const LOOK_AHEAD_DAYS = 15

export const WINDOW_EXPECTED =
  'expected windows such as "Mon-Fri 09:00-17:00" or "Mon,Wed 10:00-12:00, Sat-Sun 22:00-04:00" (days: Mon to Sun, none: every day)'

/** null for what says nothing sensible. Days stand before the hours they belong to; several windows are separated by commas. */
export function parseWindows(written: string): Window[] | null {
  const windows: Window[] = []
  let days: number[] = []
  for (const piece of written.split(',')) {
    const parts = /^\s*(?:([A-Za-z]{3})(?:-([A-Za-z]{3}))?)?\s*(?:(\d{2}):(\d{2})-(\d{2}):(\d{2}))?\s*$/.exec(piece)
    if (!parts) return null
    const [, first, last, ...clock] = parts
    const named = first === undefined ? [] : daysFrom(first, last ?? first)
    if (named === null || (first === undefined && clock[0] === undefined)) return null
    // `Mon,09:00-17:00`: nobody can tell whether Monday was meant as a whole.
    if (first === undefined && days.length > 0) return null
    days.push(...named)
    if (clock[0] === undefined) continue
    const hours = hoursOf(clock.map(Number))
    if (!hours) return null
    windows.push({ days: days.length > 0 ? new Set(days) : EVERY_DAY, ...hours })
    days = []
  }
  return days.length === 0 && windows.length > 0 ? windows : null
}

/** The days from one to another, over the end of the week too. */
function daysFrom(first: string, last: string): number[] | null {
  const [from, to] = [first, last].map((day) => DAYS.indexOf(day.toLowerCase()))
  if (from === undefined || to === undefined || from < 0 || to < 0) return null
  return Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, i) => (from + i) % 7)
}

function hoursOf([h1 = 0, m1 = 0, h2 = 0, m2 = 0]: number[]): { from: number; to: number } | null {
  const [from, to] = [h1 * 60 + m1, h2 * 60 + m2]
  if (m1 > 59 || m2 > 59 || from >= DAY || to > DAY || from === to) return null
  return { from, to: to > from ? to : to + DAY }
}

/** Whether the name of a time zone is known here, such as `Europe/Paris`. */
export function isTimezone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name)) return false
  try {
    return clockOf(name) !== null
  } catch {
    return false
  }
}

/** Whether one of these is open at `now` (ms since the epoch), else when the next one opens. */
export function openingAt(windows: Window[], timezone: string, now: number): Opening {
  const today = Math.floor(wallClock(now, timezone) / DAY_MS) * DAY_MS
  let opens = Number.POSITIVE_INFINITY
  // From yesterday: its window may go on over midnight.
  for (let day = -1; day <= LOOK_AHEAD_DAYS; day++) {
    const midnight = today + day * DAY_MS
    // Nothing of a later day can be earlier; an hour that is left out or comes twice moves it by no more than hours.
    if (opens < midnight - 2 * DAY_MS) break
    for (const { days, from, to } of windows) {
      if (!days.has(new Date(midnight).getUTCDay())) continue
      const start = instantOf(midnight + from * 60_000, timezone)
      const end = instantOf(midnight + to * 60_000, timezone)
      if (start <= now && now < end) return { open: true }
      // Of an hour that is left out there may be nothing at all.
      if (start > now && start < end) opens = Math.min(opens, start)
    }
  }
  return { open: false, opens }
}

/** `Mon 09:00`, as the clock there shows it. */
export function shownIn(timezone: string, at: number): string {
  const wall = new Date(wallClock(at, timezone))
  const day = DAYS[wall.getUTCDay()] ?? ''
  return `${day.charAt(0).toUpperCase()}${day.slice(1)} ${wall.toISOString().slice(11, 16)}`
}

const clocks = new Map<string, Intl.DateTimeFormat>()

function clockOf(timezone: string): Intl.DateTimeFormat {
  const known = clocks.get(timezone)
  if (known) return known
  const parts = {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  } as const
  const made = new Intl.DateTimeFormat('en-US', { timeZone: timezone, calendar: 'gregory', hourCycle: 'h23', ...parts })
  clocks.set(timezone, made)
  return made
}

/** What clocks there show, written as if it were UTC: days and hours can be computed with. Whole seconds. */
function wallClock(at: number, timezone: string): number {
  const shown: Record<string, number> = {}
  for (const { type, value } of clockOf(timezone).formatToParts(at)) shown[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/**
 * When clocks there show this. An hour that comes twice (the end of summer time): the first time. One that is left out: as
 * much later as is left out. So does Temporal, with `disambiguation: 'compatible'`.
 */
function instantOf(wall: number, timezone: string): number {
  const offset = (at: number) => wallClock(at, timezone) - at
  const [before, after] = [offset(wall - DAY_MS), offset(wall + DAY_MS)]
  const found = [wall - before, wall - after].filter((at) => wallClock(at, timezone) === wall)
  return found.length > 0 ? Math.min(...found) : wall - before
}
