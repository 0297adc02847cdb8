/** A preview as an app like any other. */
import type { AppSpec, CommitId } from '../domain.ts'
import { previewName } from './name.ts'

/** A pull request that is shown, as it is remembered. */
export interface Shown {
  number: number
  /** Where its commits are, in the repository of the app. */
  ref: string
  isFork: boolean
  /** Its head when the label was seen; of a fork it is the only one that may be deployed. */
  commit: CommitId
}

/**
 * Of its app it has the repository, what opens it, who may sign, and the forge, which is told how it goes. Not its branch or tag, for
 * it has a ref of its own, and no previews.
 */
export function previewOf(app: AppSpec, { number, ref, isFork, commit }: Shown): AppSpec {
  const { branch: _, tag: __, previews: ___, ...same } = app
  const preview = { of: app.name, number, isFork, ...(isFork && { commit }) }
  return { ...same, name: previewName(app.name, number), ref, preview }
}
