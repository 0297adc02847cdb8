/** Which build goes next: pure, so that its fairness can be tested without one. */

export interface Waiting {
  key: string
  /** The app the build is made for; its cache folder is in use while it builds. */
  app: string
  /** Grows with every request and every start: a logical clock. */
  seq: number
}

/**
 * The newest request first, because the newest commit is the one somebody is watching. But while the oldest request
 * waits, any other app may overtake it only once, so an app that pushes all day holds up nobody.
 * An app that is building (or still being cancelled) waits for itself: its builds share a cache folder.
 */
export function nextBuild<T extends Waiting>(
  waiting: readonly T[],
  lastStart: ReadonlyMap<string, number>,
  busy: ReadonlySet<string>,
): T | undefined {
  const able = waiting.filter((one) => !busy.has(one.app))
  const oldest = Math.min(...able.map((one) => one.seq))
  const fair = able.filter((one) => one.seq === oldest || (lastStart.get(one.app) ?? 0) < oldest)
  return fair.reduce<T | undefined>((best, one) => (best === undefined || one.seq > best.seq ? one : best), undefined)
}

/** 1 for the one that would start next. */
export function positionOf(key: string, waiting: readonly Waiting[], lastStart: ReadonlyMap<string, number>): number {
  const left = [...waiting]
  const starts = new Map(lastStart)
  for (let position = 1; left.length > 0; position += 1) {
    const next = nextBuild(left, starts, new Set())
    if (next === undefined || next.key === key) return position
    left.splice(left.indexOf(next), 1)
    starts.set(next.app, Number.MAX_SAFE_INTEGER)
  }
  return 1
}
