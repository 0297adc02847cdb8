import type { Image } from '../../domain.ts'
import { isMissing } from '../../engine/engine.ts'
import { headline, TrimtabError } from '../../errors.ts'
import { isPinned } from '../key.ts'
import type { Work } from '../workshop.ts'
import { adopt } from './adopt.ts'
import { pull } from './pull.ts'
import { isHomemade } from './reference.ts'
import type { Yard } from './yard.ts'

interface Found {
  id: string
  digest: string | undefined
}

/** Takes an image that somebody else has built, as it is in its registry now, or else as it is on the engine. */
export async function takeImage(yard: Yard, { plan, log, signal }: Work, reference: string): Promise<Image> {
  const started = yard.now()
  const before = await inspect(yard, reference)
  // One that was pulled for this alone goes by our own name; the one it came with would keep it for ever.
  const pulled = before && isPinned(reference) ? false : await tryPull()
  const found = pulled ? await inspect(yard, reference) : before
  if (!found) throw new TrimtabError('BuildFailed', `The image ${reference} was removed while it was looked at.`, { retry: true })
  log.line(`       ${found.digest ?? `${found.id}, which is in no registry`}`)
  const image = await adopt(yard, found.id, plan.key, {
    app: plan.app.name,
    commit: plan.commit,
    packs: [],
    reference,
    ...(found.digest !== undefined && { digest: found.digest }),
    builtAt: new Date(yard.now()).toISOString(),
    durationMs: yard.now() - started,
  })
  if (pulled && !before) await yard.engine.ask((docker) => docker.getImage(reference).remove()).catch(() => {})
  return image

  async function tryPull(): Promise<boolean> {
    log.line(`-----> Pulling ${reference}`)
    try {
      if (isHomemade(reference)) throw new TrimtabError('BuildFailed', `There is no image ${reference} on the engine.`)
      await pull(reference, { engine: yard.engine, registries: yard.registries(), line: (text) => log.line(text), signal })
      return true
    } catch (error) {
      signal.throwIfAborted()
      if (!before || !(error instanceof TrimtabError) || error.code !== 'BuildFailed') throw error
      log.line(`       ${headline(error.message)}`)
      log.line('       The one that is on the engine is taken as it is.')
      return false
    }
  }
}

async function inspect({ engine }: Yard, reference: string): Promise<Found | null> {
  try {
    const { Id, RepoDigests = [] } = await engine.ask((docker) => docker.getImage(reference).inspect())
    const [name = ''] = reference.replace(/:[^/:@]+$/, '').split('@')
    return { id: Id, digest: RepoDigests.find((one) => one.startsWith(`${name}@`)) ?? RepoDigests[0] }
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}
