/**
 * Since when a container runs. Its labels say when it was made; the engine may have started it again since. Its lists tell that in
 * words only ("Up About a minute": go-units, HumanDuration), which is enough to see it, and costs no question for each container.
 */

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Words are put together at some moment of an answer's way. */
const SLACK_MS = 2_000

/** How long it has run by these words, at least and at most; null: they do not tell. */
export function uptimeOf(status: string): { least: number; most: number } | null {
  const said = /^Up (.+?)(?: \(.*\))?$/.exec(status)?.[1] ?? ''
  if (said === 'Less than a second') return { least: 0, most: SECOND }
  if (said === 'About a minute') return { least: MINUTE, most: 2 * MINUTE }
  if (said === 'About an hour') return { least: HOUR, most: 1.5 * HOUR }
  const [, digits, unit] = /^(\d+) (second|minute|hour|day|week|month|year)s?$/.exec(said) ?? []
  const count = Number(digits)
  switch (unit) {
    case 'second':
      return { least: count * SECOND, most: (count + 1) * SECOND }
    case 'minute':
      return { least: count * MINUTE, most: (count + 1) * MINUTE }
    case 'hour': // rounded
      return { least: (count - 0.5) * HOUR, most: (count + 0.5) * HOUR }
    case 'day':
      return { least: count * DAY - HOUR, most: (count + 1) * DAY + HOUR }
    default: // so long that nothing follows from it any more
      return null
  }
}

/** When it was started last, given when it is known to have been started before that. */
export function startedAt(status: string, known: number, now: number): number {
  const uptime = uptimeOf(status)
  return uptime && now - known > uptime.most + SLACK_MS ? now - uptime.least : known
}
