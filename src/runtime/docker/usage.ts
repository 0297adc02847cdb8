/** What containers use now: each is measured twice, a moment apart. */
import type { ContainerStats } from 'dockerode'
import type { Usage } from '../../domain.ts'
import type { Engine } from '../../engine/engine.ts'

const APART_MS = 300
/** Containers that are measured at once, and how long one measurement may take: what takes longer is left out. */
const AT_ONCE = 8
const LIMIT_MS = 3_000

export async function usageOf(engine: Engine, running: Array<{ id: string; name: string }>): Promise<Usage[]> {
  const waiting = [...running]
  const found: Usage[] = []
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const usage = await measure(engine, next.id).catch(() => null)
      if (usage) found.push({ name: next.name, ...usage })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function measure(engine: Engine, id: string): Promise<Omit<Usage, 'name'>> {
  const first = await read(engine, id)
  await new Promise((resolve) => setTimeout(resolve, APART_MS))
  return difference(first, await read(engine, id))
}

async function read(engine: Engine, id: string): Promise<ContainerStats> {
  return engine.ask((docker, abortSignal) => {
    const options = { stream: false as const, 'one-shot': true as const, abortSignal }
    return docker.getContainer(id).stats(options)
  }, LIMIT_MS)
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
