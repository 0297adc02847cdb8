import { z } from 'zod'

/** What a build found, and what went into it: kept with the image. */
export const BILL = z.object({
  processTypes: z.record(z.string(), z.string()),
  configVars: z.record(z.string(), z.string()),
  app: z.string(),
  commit: z.string(),
  packs: z.array(z.object({ name: z.string(), detected: z.string() })),
  builtAt: z.string(),
  durationMs: z.number(),
})

export type Bill = z.infer<typeof BILL>
