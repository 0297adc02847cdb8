/** Whether a commit may be deployed. `by`: who signed it. `why`: the end of a sentence that begins with "it", and what to do. */
export type Verdict = { trusted: true; by: string } | { trusted: false; why: string }

export const trusted = (by: string): Verdict => ({ trusted: true, by })
export const refused = (why: string): Verdict => ({ trusted: false, why })

/** A list of who may sign, as it was read: what is verified against is what the verdict is kept under. */
export interface List {
  /** As the operator knows it. */
  path: string
  content: Buffer
}
