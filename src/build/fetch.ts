import { asTrimtabError } from '../errors.ts'
import type { BuildPlan } from '../ports.ts'
import type { Site } from './perform.ts'
import type { BuildEnd } from './scheduler.ts'

/** Takes the image of this plan from where it lies already, in place of a build; null: there has to be one. Never throws. */
export async function fetchImage(
  { shop, logs, now }: Omit<Site, 'resolve'>,
  plan: BuildPlan,
  signal: AbortSignal,
): Promise<BuildEnd | null> {
  const started = now()
  try {
    // What has come meanwhile is told by the build that finds it.
    const found = (await shop.find(plan.key)) ? null : await shop.fetch?.(plan, signal)
    if (!found) return null
    const { image, from } = found
    logs.end(plan.key)
    return { state: 'succeeded', image, durationMs: now() - started, pulled: { from } }
  } catch {
    if (!signal.aborted) return null
    const error = asTrimtabError(signal.reason)
    logs.end(plan.key)
    return { state: 'failed', failure: error.failure, retry: error.retry, durationMs: now() - started }
  }
}
