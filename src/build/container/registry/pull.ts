import type { Image } from '../../../domain.ts'
import { imageRef, LABEL } from '../../../engine/labels.ts'
import { asTrimtabError, TrimtabError } from '../../../errors.ts'
import { commit } from '../commit.ts'
import { imageOf } from '../label.ts'
import { pull } from '../pull.ts'
import { hostOf } from '../reference.ts'
import { buildName } from '../spec.ts'
import type { Yard } from '../yard.ts'
import { nameAndTag } from './names.ts'

/** A registry that has not begun to answer by then is away: a build is not held up for longer. */
const ANSWER_MS = 5_000
/** One that has begun, and then falls silent. */
const SILENT_MS = 60_000

/** It does not answer, or not whom it knows: it would not answer about another image either. */
export class RegistryAway extends TrimtabError {
  constructor({ code, message, cause }: TrimtabError) {
    super(code, message, { retry: true, cause })
  }
}

/** The image under this name in a registry, under its name of ours; null: there is none. Throws a TrimtabError, or the signal's reason. */
export async function pullImage(
  { engine, platform, shelf, containers }: Yard,
  { from, key, auth, signal }: { from: string; key: string; auth: object; signal: AbortSignal },
): Promise<Image | null> {
  if (!(await isPulled(from, { engine, auth, signal }))) return null
  try {
    const { Id, Config } = await engine.ask((docker) => docker.getImage(from).inspect())
    const found = Config.Labels ?? {}
    const labels = { ...found, [LABEL.platform]: platform }
    const image = imageOf(platform, key, labels)
    if (!image) throw new TrimtabError('BuildFailed', `${from} is no image that trimtab has built of these inputs.`)
    const ref = imageRef(platform, key)
    if (found[LABEL.platform] === platform) await engine.ask((docker) => docker.getImage(Id).tag(nameAndTag(ref)))
    else {
      // Of a platform that had another name: the same files and the same configuration, with ours.
      const hasCommand = [Config.Entrypoint ?? [], Config.Cmd ?? []].flat().length > 0
      await containers.borrow(Id, hasCommand ? undefined : ['/'], buildName(platform, key), (container) =>
        commit(engine, container, ref, { ...Config, Labels: labels }),
      )
    }
    shelf.add(image)
    return image
  } finally {
    await engine.ask((docker) => docker.getImage(from).remove()).catch(() => {})
  }
}

/** Whether it is on the engine now; false: the registry has no such image. Throws a TrimtabError, or the signal's reason. */
export async function isPulled(
  reference: string,
  { engine, auth, signal }: Pick<Yard, 'engine'> & { auth: object; signal: AbortSignal },
): Promise<boolean> {
  const silent = new AbortController()
  const after = (ms: number) =>
    setTimeout(() => {
      const message = `${hostOf(reference)} has said nothing for ${ms / 1000} s.`
      silent.abort(new TrimtabError('BuildFailed', message, { retry: true }))
    }, ms)
  let timer = after(ANSWER_MS)
  let begun = false
  const heard = () => {
    begun = true
    clearTimeout(timer)
    timer = after(SILENT_MS)
  }
  try {
    const either = AbortSignal.any([signal, silent.signal])
    await pull(reference, { engine, registries: {}, auth, heard, line: () => {}, signal: either })
    return true
  } catch (error) {
    if (error instanceof TrimtabError && (error.cause as { statusCode?: number } | undefined)?.statusCode === 404) return false
    signal.throwIfAborted()
    throw begun ? error : new RegistryAway(asTrimtabError(error))
  } finally {
    clearTimeout(timer)
  }
}
