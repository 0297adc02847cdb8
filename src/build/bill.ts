import { z } from 'zod'
import type { Materials } from '../domain.ts'

/** What a build found, and what went into it: kept with the image. */
export const BILL = z.object({
  processTypes: z.record(z.string(), z.string()),
  configVars: z.record(z.string(), z.string()),
  app: z.string(),
  commit: z.string(),
  /** `commit`: of a pack that was fetched. */
  packs: z.array(z.object({ name: z.string(), detected: z.string(), commit: z.string().exactOptional() })),
  /** What was installed, by name, as the packs tell: node → 20.11.1. */
  versions: z.record(z.string(), z.string()).default({}),
  /** Commands for a Procfile, as the packs propose them. */
  proposed: z.record(z.string(), z.string()).exactOptional(),
  builtAt: z.string(),
  durationMs: z.number(),
})

export type Bill = z.infer<typeof BILL>

/** What of a bill is told with the image, from whatever is kept with it. */
export function materialsOf({ packs, versions, proposed = {}, stack, reference, digest }: Materials): Materials {
  return {
    packs,
    versions,
    ...(Object.keys(proposed).length > 0 && { proposed }),
    ...(stack !== undefined && { stack }),
    ...(reference !== undefined && { reference }),
    ...(digest !== undefined && { digest }),
  }
}
