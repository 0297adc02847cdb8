/** "Did you mean": the known name that is nearest to one that is not known. */

/** Longer names are no typing errors, and the cost grows with the square of the length. */
const LONGEST = 64

/** The nearest of `known` to `name`, if it is near enough to be a slip of the keyboard, else one that contains it; case does not count. */
export function suggest(name: string, known: Iterable<string>): string | undefined {
  if (name.length === 0 || name.length > LONGEST) return undefined
  const wanted = name.toLowerCase()
  const candidates = [...known].filter((candidate) => candidate.length <= LONGEST)
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of candidates) {
    const near = distance(wanted, candidate.toLowerCase())
    if (near < bestDistance) {
      best = candidate
      bestDistance = near
    }
  }
  return best ?? candidates.find((candidate) => wanted.length >= 3 && candidate.toLowerCase().includes(wanted))
}

/** ` (did you mean "scale"?)`, to be put behind a message; '' where nothing is near. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const near = suggest(name, known)
  return near === undefined ? '' : ` (did you mean "${near}"?)`
}

/** Optimal string alignment: insert, delete, replace, and swap of neighbours cost one each. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let cost = Math.min(at(row, j - 1) + 1, at(last, j) + 1, replaced)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, at(beforeLast, j - 2) + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

function at(row: number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
