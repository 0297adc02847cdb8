/**
 * All containers of the platform in one question, shared by whoever asks: a pass over one app costs what a pass over all of them
 * does. What was read a moment ago is an answer only as long as nothing is known to have happened since.
 */
import type { ContainerInfo } from 'dockerode'
import { type Engine, Refusal } from '../../engine/engine.ts'
import { LABEL, ours } from '../../engine/labels.ts'
import { TrimtabError } from '../../errors.ts'
import { type Recorded, readLabels, STOPPING } from './labels.ts'

/** One container, as the engine's list shows it. */
export interface Container {
  id: string
  name: string
  /** created, running, paused, restarting, removing, exited or dead */
  state: string
  /** In words: "Up 5 seconds", "Exited (1) 2 hours ago" */
  status: string
  image: string
  labels: Record<string, string>
  /** Null: no instance. */
  spec: Recorded | null
  /** It was asked to stop. */
  isStopping: boolean
  /** Addresses that it has now. */
  addresses: string[]
}

export interface Census {
  /** What there was at some moment after this call, or a blink before. Throws RuntimeUnavailable. */
  take(): Promise<Container[]>
  /** Something has happened: what was read before is no answer any more. */
  outdate(): void
}

/** So old may an answer be that nothing is known to have happened since. */
const FRESH_MS = 200
/** Who comes while a question is under way waits for that one and for the next. */
const LIMIT_MS = 10_000

/** `taken` hears of every answer. */
export function createCensus(engine: Engine, platform: string, taken: (containers: Container[]) => void): Census {
  let epoch = 0
  let latest: { containers: Container[]; begunAt: number; epoch: number } | null = null
  let asking: Promise<Container[]> | null = null
  let next: Promise<Container[]> | null = null
  let known = new Map<string, Container>()

  async function ask(): Promise<Container[]> {
    const begunAt = performance.now()
    const begunIn = epoch
    const listed = await listContainers(engine, ours(platform), LIMIT_MS)
    const containers = listed.map((info) => seen(platform, info, known))
    known = new Map(containers.map((container) => [container.id, container]))
    latest = { containers, begunAt, epoch: begunIn }
    taken(containers)
    return containers
  }

  function begin(): Promise<Container[]> {
    next = null
    const begun = ask().finally(() => {
      if (asking === begun) asking = null
    })
    asking = begun
    return begun
  }

  return {
    take() {
      if (latest && latest.epoch === epoch && performance.now() - latest.begunAt < FRESH_MS)
        return Promise.resolve(latest.containers)
      if (!asking) return begin()
      next ??= asking.then(begin, begin)
      return next
    },
    outdate: () => void epoch++,
  }
}

/** What cannot be read is RuntimeUnavailable, whatever the engine says to it. */
export async function listContainers(
  engine: Engine,
  filters: Record<string, string[]>,
  limitMs?: number,
): Promise<ContainerInfo[]> {
  try {
    return await engine.ask((docker, abortSignal) => docker.listContainers({ all: true, filters, abortSignal }), limitMs)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const message = `The Docker Engine does not list its containers (${error.message}). Nothing is changed until it does.`
    throw new TrimtabError('RuntimeUnavailable', message, { retry: true, cause: error })
  }
}

function seen(platform: string, info: ContainerInfo, known: Map<string, Container>): Container {
  const name = info.Names[0]?.slice(1) ?? ''
  const before = known.get(info.Id)
  return {
    id: info.Id,
    name,
    state: info.State,
    status: info.Status,
    image: info.Image,
    labels: info.Labels,
    // Labels never change, and reading them is what takes time here.
    spec:
      before?.name === name ? before.spec : readLabels(platform, { name, labels: info.Labels, createdAt: info.Created * 1000 }),
    isStopping: info.Names.some((one) => one.endsWith(STOPPING)),
    addresses: Object.values(info.NetworkSettings?.Networks ?? {}).flatMap((one) => (one.IPAddress ? [one.IPAddress] : [])),
  }
}

/** The containers of one role that is not an instance's. */
export function withRole(containers: Container[], role: string): Container[] {
  return containers.filter(({ labels }) => labels[LABEL.role] === role)
}
