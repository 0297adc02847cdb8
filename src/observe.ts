/** What the world shows of one app now, as a value. Nothing is remembered from one pass to the next. */
import { routedProcesses } from './plan/formation.ts'
import type { Observed, SeenInstance } from './plan/world.ts'
import type { World } from './world.ts'

/** Throws RuntimeUnavailable and the like: what could not be read is not empty. */
export async function observe(app: string, world: World): Promise<Observed> {
  const [instances, table] = await Promise.all([world.runtime.list(app), world.router.read(app)])
  const confirmed = await world.router.serves(app, table).catch(() => null)
  // While it waits: what it waits for may never come by itself.
  const complaint = confirmed === false ? await world.router.complaint(app).catch(() => null) : null
  const { suspendedSince: _, liveSince: __, ...record } = world.store.read(app)
  const releases = [record.serving, record.pending].flatMap((r) => (r ? [r] : []))
  const routed = new Set(releases.flatMap((r) => [...routedProcesses(r)]))
  const probed = instances.filter((i) => i.state === 'running' && !i.oneOff && (routed.size === 0 || routed.has(i.process)))
  const states = world.prober.watch(app, probed)
  const seen = await Promise.all(
    instances.map(async (i): Promise<SeenInstance> => {
      const drainingSince = record.draining.get(i.name) ?? null
      // Only a draining one is asked about: for the others nothing follows from it.
      const count = drainingSince !== null && i.address && i.state === 'running'
      const inFlight = count ? await world.router.inFlight(i.address ?? { host: '', port: 0 }).catch(() => null) : null
      return { ...i, probe: states.get(i.name) ?? 'unknown', drainingSince, inFlight }
    }),
  )
  return {
    ...record,
    now: world.now(),
    instances: seen.sort((a, b) => (a.name < b.name ? -1 : 1)),
    table,
    confirmed,
    complaint,
    lastVersion: Math.max(record.lastVersion, ...instances.map((i) => i.release)),
    claimed: world.store.claims(),
  }
}
