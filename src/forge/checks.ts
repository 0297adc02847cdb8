/** The pieces that every forge's answers are checked with. */
import { z } from 'zod'
import { beginning, oneLine } from '../text.ts'

export const commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
export const number = z.number().int().positive()
/** Anybody may have written it, and it is shown. */
export const title = z.string().transform((text) => beginning(oneLine(text), 200))
/** Milliseconds since the epoch. */
export const time = z
  .string()
  .transform((text) => Date.parse(text))
  .refine(Number.isFinite, { error: 'expected a time' })
export const label = z.string().max(1000)
