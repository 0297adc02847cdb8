/** Containers as instances: what the engine shows of each, in the words of the core. */
import type { Instance } from '../../domain.ts'
import type { Container } from './census.ts'
import type { Deaths } from './deaths.ts'
import type { Endings, Exit } from './endings.ts'
import type { Recorded } from './labels.ts'
import { startedAt } from './uptime.ts'

export interface Instances {
  /** Those among these that are instances, each with its container. Asks the engine only about those that have ended. */
  of(containers: Container[]): Promise<Found[]>
  /** It runs from now on. Its labels were written before that, and an engine may take its time. */
  begun(id: string): number
  keep(ids: Set<string>): void
}

export interface Found {
  container: Container
  spec: Recorded
  instance: Instance
}

/** A list that was asked for before something was started does not show it. */
const YOUNG_MS = 60_000

type Standing = 'running' | 'stopping' | 'ended'

export function createInstances(endings: Endings, deaths: Deaths, now: () => number): Instances {
  const started = new Map<string, number>()

  async function find(container: Container): Promise<Found[]> {
    const { spec } = container
    const standing = standingOf(container, deaths)
    if (!spec || !standing) return []
    const since = startedAt(container.status, started.get(container.id) ?? spec.startedAt, now())
    if (standing !== 'ended') {
      started.set(container.id, since)
      return [{ container, spec, instance: instanceOf(spec, standing, since) }]
    }
    const ending = await endings.of(container)
    if (ending === 'gone') return []
    const instance =
      ending === 'runs' ? instanceOf(spec, 'running', since) : instanceOf(spec, 'exited', started.get(container.id), ending.exit)
    return [{ container, spec, instance }]
  }

  return {
    async of(containers) {
      return (await Promise.all(containers.map(find))).flat()
    },
    begun(id) {
      const at = now()
      started.set(id, at)
      return at
    },
    keep(ids) {
      const young = now() - YOUNG_MS
      for (const [id, at] of started) if (!ids.has(id) && at < young) started.delete(id)
    },
  }
}

/** Null: not there yet (a start under way, or one that was cut short and is cleared away), or on its way out. */
export function standingOf({ state, spec, isStopping, addresses, id }: Container, deaths: Deaths): Standing | null {
  if (state === 'created' || state === 'removing') return null
  if (state !== 'running' && state !== 'paused') return 'ended'
  if (isStopping) return 'stopping'
  const isLost = spec?.address && !addresses.includes(spec.address.host)
  return isLost || deaths.of(id) || deaths.isDown(id) ? 'ended' : 'running'
}

function instanceOf(spec: Recorded, state: Instance['state'], since: number | undefined, exit?: Exit): Instance {
  const { imageRef: _, foreign: __, address, startedAt, ...identity } = spec
  return { ...identity, startedAt: since ?? startedAt, state, ...(address && { address }), ...(exit && { exit }) }
}
