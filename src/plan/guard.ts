/** The hand on the arm: a list of apps that lost most of its apps is more likely a mistake than a wish. */

/**
 * Why these removals are refused; null if they may go on. `before`: apps that run or were declared; `after`: declared now.
 * `freely`: so many may always go.
 */
export function guardRemoval(before: string[], after: string[], freely: number): string | null {
  const left = new Set(after)
  const gone = before.filter((app) => !left.has(app)).sort()
  if (gone.length <= freely || gone.length * 2 <= before.length) return null
  return `${gone.length} of ${before.length} ${before.length === 1 ? 'app' : 'apps'} would be removed (${gone.join(', ')}). Nothing was. If this is meant: trimtab sync --allow-prune`
}
