/** What containers use now: each is measured twice, a moment apart. */
import type { ContainerStats } from 'dockerode'
import type { Usage } from '../../domain.ts'
import type { Engine } from '../../engine/engine.ts'

const APART_MS = 300
/** Questions under way at once, whoever asks for whatever app: older engines let each wait for their next tick, up to a second. */
const AT_ONCE = 128
/** What takes longer is left out. */
const LIMIT_MS = 5_000

type Read = (id: string) => Promise<ContainerStats>

/** Measures running containers, sorted by name. */
export function createUsage(engine: Engine): (running: Array<{ id: string; name: string }>) => Promise<Usage[]> {
  let asking = 0
  const waiting: Array<() => void> = []

  const read: Read = async (id) => {
    if (asking >= AT_ONCE) await new Promise<void>((resolve) => void waiting.push(resolve))
    else asking++
    try {
      return await engine.ask((docker, abortSignal) => {
        const options = { stream: false as const, 'one-shot': true as const, abortSignal }
        return docker.getContainer(id).stats(options)
      }, LIMIT_MS)
    } finally {
      const next = waiting.shift()
      if (next) next()
      else asking--
    }
  }

  return async (running) => {
    const found = await Promise.all(
      running.map(async ({ id, name }) => {
        const usage = await measure(read, id).catch(() => null)
        return usage ? [{ name, ...usage }] : []
      }),
    )
    return found.flat().sort((a, b) => (a.name < b.name ? -1 : 1))
  }
}

async function measure(read: Read, id: string): Promise<Omit<Usage, 'name'>> {
  const first = await read(id)
  await new Promise((resolve) => setTimeout(resolve, APART_MS))
  return difference(first, await read(id))
}

/** Pages of files that the kernel may drop at any time are not counted, as `docker stats` does not. */
export function difference(first: ContainerStats, second: ContainerStats): Omit<Usage, 'name'> {
  const { usage = 0, stats } = second.memory_stats
  const cache = stats as { inactive_file?: number; total_inactive_file?: number } | undefined
  const idle = cache?.total_inactive_file ?? cache?.inactive_file ?? 0 // cgroups 1 and 2
  const elapsedMs = Date.parse(second.read) - Date.parse(first.read)
  const usedNs = second.cpu_stats.cpu_usage.total_usage - first.cpu_stats.cpu_usage.total_usage
  return { memoryBytes: Math.max(0, usage - idle), cpus: elapsedMs > 0 ? Math.max(0, usedNs / 1e6 / elapsedMs) : 0 }
}
