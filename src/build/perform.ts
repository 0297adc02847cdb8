import type { BuildsSpec } from '../domain.ts'
import { asTrimtabError, TrimtabError } from '../errors.ts'
import type { BuildPlan } from '../ports.ts'
import type { BuildLogs } from './logs.ts'
import type { Resolved } from './planner.ts'
import type { BuildEnd } from './scheduler.ts'
import type { Workshop } from './workshop.ts'

/** What every build of this state directory shares. */
export interface Site {
  shop: Workshop
  logs: BuildLogs
  resolve: (plan: BuildPlan) => Promise<Resolved>
  now: () => number
}

/** Performs one build and tells how it ended. Never throws, and leaves only a whole image or nothing, and the log. */
export async function performBuild(
  { shop, logs, resolve, now }: Site,
  plan: BuildPlan,
  builds: BuildsSpec,
  cancel: AbortSignal,
): Promise<BuildEnd> {
  const started = now()
  const log = logs.live(plan.key)
  const late = new AbortController()
  const limit = plan.settings.timeoutMs ?? builds.timeoutMs
  const timer = setTimeout(() => late.abort(tooLong(limit)), limit)
  const signal = AbortSignal.any([cancel, late.signal])
  try {
    const found = await shop.find(plan.key)
    if (found !== null) return { state: 'succeeded', image: found, durationMs: 0 }
    log.open()
    await shop.requireSpace()
    const { recipe, plan: resolved } = await resolve(plan)
    if (resolved.key !== plan.key) throw changed()
    const image = await shop.make({ plan, recipe, builds, log, signal })
    log.end()
    log.move(shop.log(plan.key))
    return { state: 'succeeded', image, durationMs: now() - started }
  } catch (thrown) {
    const error = asTrimtabError(signal.aborted ? signal.reason : thrown)
    log.line(` !     ${error.message.split('\n')[0]}`)
    return { state: 'failed', failure: error.failure, retry: error.retry, durationMs: now() - started }
  } finally {
    clearTimeout(timer)
    logs.end(plan.key)
  }
}

function changed(): TrimtabError {
  const message = 'What the build is made of (platform.yaml, the stack) changed while it waited for its turn.'
  return new TrimtabError('BuildFailed', message, { retry: true })
}

function tooLong(limit: number): TrimtabError {
  const text = limit >= 60_000 ? `${Math.round(limit / 6000) / 10} min` : `${limit / 1000} s`
  return new TrimtabError(
    'BuildTimeout',
    `The build took longer than ${text} and was ended. If it needs more, set build.timeout in app.yaml, or builds.timeout in platform.yaml.`,
  )
}
