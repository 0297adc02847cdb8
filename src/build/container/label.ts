import { z } from 'zod'
import type { Image } from '../../domain.ts'
import { imageRef, LABEL } from '../../engine/labels.ts'
import { BILL, materialsOf } from '../bill.ts'

const META = BILL.extend({
  format: z.literal(1),
  foreign: z.object({ port: z.number().exactOptional() }).exactOptional(),
  /** Id of the stack image below the app. */
  stack: z.string().exactOptional(),
  /** What it was pulled as, and what that was at the time. */
  reference: z.string().exactOptional(),
  digest: z.string().exactOptional(),
})

/** What an image is said to be on itself: nothing else has to be remembered of it. */
export type Meta = Omit<z.infer<typeof META>, 'format'>

/** The labels of a finished image. */
export function labelsOf(platform: string, key: string, meta: Meta): Record<string, string> {
  return {
    [LABEL.platform]: platform,
    [LABEL.role]: 'image',
    [LABEL.key]: key,
    [LABEL.meta]: JSON.stringify({ format: 1, ...meta }),
  }
}

/** The image that these labels tell of; null if they are not ours, not whole, or of another version. */
export function imageOf(platform: string, key: string, labels: Record<string, string>): Image | null {
  if (labels[LABEL.platform] !== platform || labels[LABEL.key] !== key) return null
  try {
    const meta = META.parse(JSON.parse(labels[LABEL.meta] ?? ''))
    const { processTypes, configVars, foreign } = meta
    const materials = materialsOf(meta)
    return { key, ref: imageRef(platform, key), processTypes, configVars, ...(foreign && { foreign }), materials }
  } catch {
    return null
  }
}
