/** What a preview is called: its app's name, its host and its folders. */
import { createHash } from 'node:crypto'

/** As appName() of src/manifest/values.ts has it. */
const LONGEST = 40
const MARK = 6

/**
 * `shop-pr-7`. An app's name that leaves no room for the rest is cut, with a mark of the whole name behind it, so that two that
 * begin alike stay two: always the same for the same app and number.
 */
export function previewName(app: string, number: number): string {
  const end = `-pr-${number}`
  if (app.length + end.length <= LONGEST) return app + end
  const mark = createHash('sha256').update(app).digest('hex').slice(0, MARK)
  const start = app.slice(0, LONGEST - end.length - 1 - MARK).replace(/-+$/, '')
  return `${start}-${mark}${end}`
}
