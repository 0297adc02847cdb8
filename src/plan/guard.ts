/** The hand on the arm: a list of apps that lost most of its apps is more likely a mistake than a wish. */

/**
 * Why these removals are refused; null if they may go on. `before`: apps that run or were declared; `after`: declared now.
 * One or two apps may always go: with so few, "most" says nothing.
 */
export function guardRemoval(before: string[], after: string[]): string | null {
  const left = new Set(after)
  const gone = before.filter((app) => !left.has(app)).sort()
  if (gone.length < 3 || gone.length * 2 <= before.length) return null
  return `${gone.length} of ${before.length} apps would be removed (${gone.join(', ')}). Nothing was. If this is meant: trimtab sync --allow-prune`
}
