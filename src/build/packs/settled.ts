import { TrimtabError } from '../../errors.ts'
import type { Builder, BuildPlan, BuildRequest } from '../../ports.ts'

/** The plan of a request, once its buildpacks have been fetched, for whoever has nothing else to do meanwhile. Throws why they could not be. */
export async function settledPlan(
  builder: Builder & { onPacks(changed: (app: string) => void): void },
  request: BuildRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<BuildPlan> {
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  while (!signal.aborted) {
    const changed = new Promise<void>((resolve) => builder.onPacks(() => resolve()))
    const plan = await builder.plan(request)
    if (!plan.draft) return plan
    const now = builder.state(plan.key)
    if (now.state === 'failed') throw new TrimtabError(now.failure.code, now.failure.message, { retry: now.retry })
    await Promise.race([changed, aborted])
  }
  throw new TrimtabError('BuildCancelled', 'The build was ended.')
}
