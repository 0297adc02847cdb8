import type { Image } from '../../domain.ts'
import { isMissing } from '../../engine/engine.ts'
import { headline, TrimtabError } from '../../errors.ts'
import { isFork } from '../fork.ts'
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

interface Fetched extends Found {
  /** What it was fetched by. */
  reference: string
  /** It was not on the engine before. */
  fresh: boolean
}

/**
 * Takes an image that somebody else has built, as it is in its registry now, or else as it is on the engine. What a tag was when this
 * very build was made before, it is again.
 */
export async function takeImage(yard: Yard, work: Work, written: string): Promise<Image> {
  const { plan, log } = work
  const started = yard.now()
  const before = isPinned(written) ? null : yard.digests.of(plan.key)
  const again = before === null ? null : await fetchAgain(yard, work, before)
  const found = again ?? (await fetchNow(yard, work, written))
  log.line(`       ${found.digest ?? `${found.id}, which is in no registry`}`)
  const image = await adopt(yard, found.id, plan.key, {
    app: plan.app.name,
    commit: plan.commit,
    packs: [],
    reference: written,
    ...(found.digest !== undefined && { digest: found.digest }),
    builtAt: new Date(yard.now()).toISOString(),
    durationMs: yard.now() - started,
  })
  if (found.digest !== undefined && !isPinned(written)) yard.digests.note(plan.key, found.digest)
  // The name that it came with would keep it for ever; it has one of ours.
  if (found.fresh) await yard.engine.ask((docker) => docker.getImage(found.reference).remove()).catch(() => {})
  return image
}

/** Null where a registry does not have it any more. */
async function fetchAgain(yard: Yard, work: Work, digest: string): Promise<Fetched | null> {
  try {
    work.log.line('       What the tag was when this commit was first deployed:')
    return await fetchNow(yard, work, digest)
  } catch (error) {
    work.signal.throwIfAborted()
    if (!(error instanceof TrimtabError) || error.code !== 'BuildFailed' || error.retry) throw error
    work.log.line(`       ${headline(error.message)}`)
    return null
  }
}

async function fetchNow(yard: Yard, { plan, log, signal }: Work, reference: string): Promise<Fetched> {
  const before = await inspect(yard, reference)
  // One that is here may have been pulled with the operator's credentials.
  const mayStay = before !== null && !isFork(plan.app)
  const pulled = mayStay && isPinned(reference) ? false : await tryPull()
  const found = pulled ? await inspect(yard, reference) : before
  if (!found) throw new TrimtabError('BuildFailed', `The image ${reference} was removed while it was looked at.`, { retry: true })
  return { ...found, reference, fresh: pulled && !before }

  async function tryPull(): Promise<boolean> {
    log.line(`-----> Pulling ${reference}`)
    try {
      if (isHomemade(reference)) throw new TrimtabError('BuildFailed', `There is no image ${reference} on the engine.`)
      await pull(reference, { engine: yard.engine, registries: yard.registries(), line: (text) => log.line(text), signal })
      return true
    } catch (error) {
      signal.throwIfAborted()
      if (!mayStay || !(error instanceof TrimtabError) || error.code !== 'BuildFailed') throw error
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
