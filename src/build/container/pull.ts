import type { PlatformSpec } from '../../domain.ts'
import { type Engine, Refusal, translated } from '../../engine/engine.ts'
import { TrimtabError } from '../../errors.ts'
import { Complaint, follow, type Progress } from './progress.ts'
import { hostOf, tagged } from './reference.ts'

export interface PullOptions {
  engine: Engine
  registries: PlatformSpec['registries']
  /** In place of what `registries` has for it. */
  auth?: object
  /** Called with every word from the registry. */
  heard?: () => void
  /** A line for a person, at every step of it. */
  line: (text: string) => void
  signal: AbortSignal
}

/** Credentials as the engine wants them, for the registry that this image is on. */
export function authFor(registries: PlatformSpec['registries'], reference: string) {
  const host = hostOf(reference)
  const found = registries[host]
  return found && { ...found, serveraddress: addressOf(host) }
}

/** Docker Hub's credentials go by an address of long ago (docs.docker.com, "X-Registry-Config"). */
export function addressOf(host: string): string {
  return host === 'docker.io' ? 'https://index.docker.io/v1/' : host
}

/** Pulls an image. Throws a TrimtabError. Aborted: it stops, and throws. */
export async function pull(reference: string, options: PullOptions): Promise<void> {
  const { engine, registries, auth = authFor(registries, reference), heard = () => {}, line, signal } = options
  const at = reference.includes('@') ? reference : tagged(reference)
  try {
    const stream = await engine.docker.pull(at, { ...(auth && { authconfig: auth }), abortSignal: signal })
    const told = (progress: Progress) => {
      heard()
      tell(progress, line)
    }
    await follow(stream, told, signal)
  } catch (thrown) {
    signal.throwIfAborted()
    const error = thrown instanceof Complaint ? thrown : translated(thrown, engine.socket)
    if (!(error instanceof Complaint || error instanceof Refusal)) throw error
    const why = error.message
    const mayPass = !(error instanceof Refusal && error.status < 500) && !REFUSED.test(why)
    throw new TrimtabError('BuildFailed', `The image ${reference} cannot be pulled: ${why}.${hint(why, reference)}`, {
      retry: mayPass,
      cause: thrown,
    })
  }
}

/** What a registry says of what will not be otherwise next time. */
const LOCKED = /denied|unauthorized|authentication required|no basic auth credentials/i
const REFUSED = new RegExp(`${LOCKED.source}|not found|manifest unknown|no matching manifest|invalid reference`, 'i')

function hint(why: string, reference: string): string {
  if (!LOCKED.test(why)) return ''
  return ` If it needs credentials: registries: {"${hostOf(reference)}": {username: …, password: …}} in platform.yaml.`
}

/** Without the bars that a terminal shows for every layer. */
function tell({ id, status, progressDetail }: Progress, line: (text: string) => void): void {
  const isMoving = progressDetail?.current !== undefined
  if (status === undefined || isMoving || /^(Waiting|Verifying Checksum|Pulling fs layer|Download complete)$/.test(status)) return
  line(id === undefined ? `       ${status}` : `       ${id}: ${status}`)
}
