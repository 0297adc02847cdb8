/** What names something inside of the repository, or of the platform, in `build:`. */
import type { z } from 'zod'

/** Inside of the app's folder. */
export const FILE = /^(?:\.\/)?(?!\/|-)(?!(?:.*\/)?\.\.?(?:\/|$))[^\0\\\n]+$/

/** From the repository's root, which is `.`. */
export const REPOSITORY_FOLDER = /^(?:\.\/?|(?:\.\/)?(?!\/|-|\.git(?:\/|$))(?!(?:.*\/)?\.\.?(?:\/|$))[^\0\\\n]+)$/

/** As `secrets:` of platform.yaml has them. */
export const SECRET_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** For superRefine() of a list of texts. */
export function distinctTexts(message: string): (list: string[], context: z.RefinementCtx) => void {
  return (list, context) => {
    for (const [index, item] of list.entries()) {
      if (list.indexOf(item) !== index) context.addIssue({ code: 'custom', path: [index], message })
    }
  }
}
