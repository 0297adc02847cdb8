/** Builder and run images: as they are in their registry now, or else as they are on the engine. */
import type { ImageInspectInfo } from 'dockerode'
import { isMissing } from '../../../engine/engine.ts'
import { headline, TrimtabError } from '../../../errors.ts'
import { isFork } from '../../fork.ts'
import { isPinned } from '../../key.ts'
import type { Work } from '../../workshop.ts'
import { pull } from '../pull.ts'
import { isHomemade } from '../reference.ts'
import type { Yard } from '../yard.ts'

/** Throws BuildFailed where it is neither here nor there. */
export async function imageFor(
  yard: Yard,
  { plan, log, signal }: Pick<Work, 'plan' | 'log' | 'signal'>,
  reference: string,
): Promise<ImageInspectInfo> {
  const before = await inspect(yard, reference)
  // One that is here may have been pulled with the operator's credentials.
  const mayStay = before !== null && (!isFork(plan.app) || isHomemade(reference))
  if (mayStay && (isPinned(reference) || isHomemade(reference))) return before
  try {
    await pull(reference, { engine: yard.engine, registries: yard.registries(), line: (text) => log.line(text), signal })
  } catch (error) {
    signal.throwIfAborted()
    if (!mayStay || !(error instanceof TrimtabError) || error.code !== 'BuildFailed') throw error
    log.line(`       ${headline(error.message)}`)
    log.line('       The one that is on the engine is taken as it is.')
  }
  const found = await inspect(yard, reference)
  if (found) return found
  throw new TrimtabError('BuildFailed', `The image ${reference} was removed while it was looked at.`, { retry: true })
}

async function inspect({ engine }: Yard, reference: string): Promise<ImageInspectInfo | null> {
  try {
    return await engine.ask((docker) => docker.getImage(reference).inspect())
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}
