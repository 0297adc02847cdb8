/** Apps that wait for one another. */

/** The way from `app` along these edges back to it, such as [shop, auth, shop]; null: there is none. */
export function circleFrom(app: string, edges: ReadonlyMap<string, readonly string[]>): string[] | null {
  const seen = new Set<string>()
  const open: string[][] = [[app]]
  // The shortest one: nearest first.
  for (let way = open.shift(); way; way = open.shift()) {
    for (const next of edges.get(way.at(-1) ?? '') ?? []) {
      if (next === app) return [...way, next]
      if (seen.has(next)) continue
      seen.add(next)
      open.push([...way, next])
    }
  }
  return null
}
