/** Whose labels count: what the forge said of each, so that it is asked again only when the pull request has changed. */
import type { PreviewsSpec } from '../domain.ts'
import type { Forge, PullRequest } from '../ports.ts'

export class Trust {
  /** Number → what it looked like when the forge answered, and the answer. */
  private known = new Map<number, { at: string; trusted: boolean }>()

  /** Numbers of the forks with the label that somebody has set who may push. Throws what the forge throws. */
  async among(pulls: PullRequest[], { label, ttlMs }: PreviewsSpec, forge: Forge, now: number): Promise<Set<number>> {
    const next: typeof this.known = new Map()
    for (const { number, isFork, labels, updatedAt, commit } of pulls) {
      if (!isFork || !labels.includes(label) || updatedAt + ttlMs <= now) continue
      const at = `${label} ${updatedAt} ${commit}`
      const known = this.known.get(number)
      next.set(number, known?.at === at ? known : { at, trusted: await forge.isLabelTrusted(number, label) })
    }
    // Only now: an answer that broke off is none. One that lost its label is asked about anew when it has it again.
    this.known = next
    return new Set([...next].flatMap(([number, { trusted }]) => (trusted ? [number] : [])))
  }
}
