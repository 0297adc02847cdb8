/** How containers ended: one question for each that has, and none for those that run. */
import type { ContainerInspectInfo } from 'dockerode'
import type { Instance } from '../../domain.ts'
import { type Engine, isMissing, Refusal } from '../../engine/engine.ts'
import { TrimtabError } from '../../errors.ts'
import { signalOf } from '../signals.ts'
import type { Container } from './census.ts'
import type { Deaths } from './deaths.ts'

export type Exit = NonNullable<Instance['exit']>

/** How it stands with a container that does not simply run: it has ended; it is gone; or it does run after all. */
export type Ending = { exit: Exit } | 'gone' | 'runs'

export interface Endings {
  of(container: Container): Promise<Ending>
  keep(ids: Set<string>): void
}

export function createEndings(engine: Engine, deaths: Deaths, now: () => number): Endings {
  const known = new Map<string, { about: string; exit: Exit }>()
  const inspect = once((id: string) => engine.ask((docker, abortSignal) => docker.getContainer(id).inspect({ abortSignal })))

  async function find(container: Container): Promise<Ending> {
    try {
      return endingOf(await inspect(container.id), container, deaths, now())
    } catch (error) {
      if (isMissing(error)) return 'gone'
      if (!(error instanceof Refusal)) throw error
      const message = `The Docker Engine does not tell how ${container.name} has ended (${error.message}).`
      throw new TrimtabError('RuntimeUnavailable', message, { retry: true, cause: error })
    }
  }

  return {
    async of(container) {
      const about = aboutOf(container)
      const before = known.get(container.id)
      if (before?.about === about) return { exit: before.exit }
      const ending = await find(container)
      // Where the list is behind what was heard, nothing in it tells this end from the next.
      const isBehind = container.state === 'running' && deaths.isDown(container.id)
      if (typeof ending === 'object' && !isBehind) known.set(container.id, { about, exit: ending.exit })
      return ending
    },
    keep(ids) {
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id)
    },
  }
}

/** The same for as long as it is the same end. */
function aboutOf({ state, status, addresses }: Container): string {
  return [state, /\((\d+)\)/.exec(status)?.[1], ...addresses].join(' ')
}

/** Pure but for the deaths that were seen. */
export function endingOf(info: ContainerInspectInfo, container: Container, deaths: Deaths, now: number): Ending {
  const { State: state, NetworkSettings: network, HostConfig: host } = info
  const death = deaths.of(container.id)
  if (death) {
    const isOutOfMemory = death.outOfMemory || state.OOMKilled
    return { exit: because(exitOf(death.code, death.at), isOutOfMemory ? outOfMemory(host.Memory) : '') }
  }
  if (state.Running && !state.Restarting) {
    const address = container.spec?.address?.host
    const isOn = address === undefined || Object.values(network.Networks).some((one) => one.IPAddress === address)
    return isOn ? 'runs' : { exit: because(exitOf(null, now), 'it was disconnected from its network') }
  }
  const at = Date.parse(state.FinishedAt)
  const exit = exitOf(state.ExitCode, at > 0 ? at : now)
  return { exit: because(exit, state.OOMKilled ? outOfMemory(host.Memory) : state.Error.slice(0, 300)) }
}

const because = (exit: Exit, why: string): Exit => (why === '' ? exit : { ...exit, why })
const outOfMemory = (limit: number | undefined) => `it ran out of memory${limit ? ` (${sizeOf(limit)})` : ''}`

/** An init that was killed by a signal, or whose child was, says 128 + n. */
function exitOf(code: number | null, at: number): Exit {
  return { at, code, signal: code === null ? null : signalOf(code) }
}

export function sizeOf(bytes: number): string {
  const [size, unit] = bytes % 2 ** 30 === 0 ? [bytes / 2 ** 30, 'G'] : [bytes / 2 ** 20, 'M']
  return `${Math.round(size * 10) / 10}${unit}`
}

/** The same question, asked again while it is under way, is one question. */
function once<T>(ask: (id: string) => Promise<T>): (id: string) => Promise<T> {
  const asking = new Map<string, Promise<T>>()
  return (id) => {
    const begun = asking.get(id) ?? ask(id).finally(() => asking.delete(id))
    asking.set(id, begun)
    return begun
  }
}
