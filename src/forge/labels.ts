/** Who is answerable for a label that is set. Pure. */

export interface Setting {
  /** Grows with every change. */
  at: number
  isSet: boolean
  /** Who did it; null: not known (any more). */
  by: string | null
}

/** Who set the label last, of all changes of that one label; null: it is not set any more, never was, or nobody knows who. */
export function standing(settings: Setting[]): string | null {
  const last = settings.reduce<Setting | null>((latest, one) => (latest === null || one.at >= latest.at ? one : latest), null)
  return last?.isSet ? last.by : null
}
