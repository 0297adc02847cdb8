/** What the engine's word means when it does not make or start a container. */
import { Refusal } from '../../engine/engine.ts'
import { asTrimtabError, TrimtabError } from '../../errors.ts'

/** No such image: whoever looks next sees that too, and has it built again. */
export function isImageGone(error: unknown): boolean {
  return error instanceof Refusal && error.status === 404 && /no such image/i.test(error.message)
}

/** The network is not what it was, or somebody has the address: another try with another address can help. */
export function isAddressRefused(error: unknown): boolean {
  return error instanceof Refusal && /address already in use|network \S+ not found|subnets?\b/i.test(error.message)
}

/** The machine has fewer cores than the app may use. */
export function isCpusRefused(error: unknown): boolean {
  return error instanceof Refusal && /range of cpus/i.test(error.message)
}

/** A name that is taken. */
export function isNameTaken(error: unknown): boolean {
  return error instanceof Refusal && error.status === 409 && /name .* already in use/i.test(error.message)
}

/**
 * Not to be had at the first try, not at the next: the request itself is wrong, or what it names cannot be run. Anything else
 * (a busy disk, no memory, a stale endpoint) may pass.
 */
const WRONG =
  /executable file not found|no such file or directory|permission denied|not a directory|exec format error|argument list too long/i

export function startError(name: string, app: string, ref: string, error: unknown): TrimtabError {
  if (error instanceof TrimtabError) return error
  if (!(error instanceof Refusal)) return asTrimtabError(error)
  if (isImageGone(error)) {
    const message = `The image ${ref} is not there any more, and is built again. If it stays away: trimtab sync ${app}`
    return new TrimtabError('StartFailed', message, { retry: true, cause: error })
  }
  if (/no space left on device|disk quota exceeded/i.test(error.message)) {
    const message = `The disk is full (${error.message}). Free some space; trimtab goes on by itself.`
    return new TrimtabError('DiskFull', message, { retry: true, cause: error })
  }
  const retry = error.status !== 400 && !WRONG.test(error.message)
  return new TrimtabError('StartFailed', `${name} could not be started: ${error.message}.`, { retry, cause: error })
}
