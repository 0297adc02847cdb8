import type { Readable } from 'node:stream'
import { type Engine, Refusal, translated } from '../../../engine/engine.ts'
import { TrimtabError } from '../../../errors.ts'
import { Complaint, follow } from '../progress.ts'
import { nameAndTag } from './names.ts'

/** A registry that has taken nothing for so long takes nothing more. */
const STALLED_MS = 120_000

export interface PushOptions {
  engine: Engine
  auth: object
  signal: AbortSignal
}

/** Has the engine push its image `from` as `to`. The other name is there only meanwhile. Throws a TrimtabError. */
export async function push(from: string, to: string, { engine, auth, signal }: PushOptions): Promise<void> {
  await engine.ask((docker) => docker.getImage(from).tag(nameAndTag(to)))
  const stalled = new AbortController()
  const stop = () => stalled.abort(refused(to, 'it takes nothing any more'))
  let timer = setTimeout(stop, STALLED_MS)
  const either = AbortSignal.any([signal, stalled.signal])
  try {
    const answer = await engine.docker.getImage(to).push({ authconfig: auth, abortSignal: either })
    await follow(
      answer as Readable,
      () => {
        clearTimeout(timer)
        timer = setTimeout(stop, STALLED_MS)
      },
      either,
    )
  } catch (thrown) {
    either.throwIfAborted()
    const error = thrown instanceof Complaint ? thrown : translated(thrown, engine.socket)
    if (error instanceof Complaint || error instanceof Refusal) throw refused(to, error.message, thrown)
    throw error
  } finally {
    clearTimeout(timer)
    await engine.ask((docker) => docker.getImage(to).remove()).catch(() => {})
  }
}

/** A registry's no, in its own words. */
export function refused(to: string, why: string, cause?: unknown): TrimtabError {
  const denied = /denied|unauthorized|authentication required|no basic auth credentials/i.test(why)
  const hint = denied ? ' Its credentials: registry: {url: …, auth: {username: …, password: …}} in platform.yaml.' : ''
  return new TrimtabError('BuildFailed', `The registry does not take ${to}: ${why}.${hint}`, { retry: true, cause })
}
