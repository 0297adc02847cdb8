/** What the world shows of one app now, as a value. Nothing is remembered from one pass to the next. */
import type { Instance, Release } from './domain.ts'
import { isReady, membersOf, routedProcesses } from './plan/formation.ts'
import { START_AFTER_MS } from './plan/startup.ts'
import type { Observed, SeenInstance } from './plan/world.ts'
import { declared, type World } from './world.ts'

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
    ...(await startAfter(record.serving, instances, world)),
  }
}

/** Where nothing of the app runs right after trimtab's start: who is to be up before it. Asked only then. */
async function startAfter(serving: Release | null, instances: Instance[], world: World): Promise<Pick<Observed, 'startAfter'>> {
  const until = world.began + START_AFTER_MS
  const names = serving?.content.dependsOn ?? []
  if (names.length === 0 || world.now() >= until || instances.some((i) => !i.oneOff && i.state !== 'exited')) return {}
  const up = await Promise.all(names.map((name) => isUp(name, world)))
  return { startAfter: { apps: names.filter((_, i) => !up[i]), until } }
}

/** Nobody waits for one that is not to run: not declared, stopped by hand, or never live. */
async function isUp(app: string, world: World): Promise<boolean> {
  const { serving, suspendedSince } = world.store.read(app)
  if (!serving || suspendedSince !== null || !declared(world, app)) return true
  const states = world.prober.states(app)
  const instances = (await world.runtime.list(app).catch(() => [])).map(
    (i): SeenInstance => ({ ...i, probe: states.get(i.name) ?? 'unknown', inFlight: null, drainingSince: null }),
  )
  const routed = routedProcesses(serving)
  return serving.content.processes.every((process) => {
    const mine = membersOf(serving, { instances }).filter((i) => i.process === process.type)
    return mine.filter((i) => isReady(i, process, routed, world.now())).length >= process.scale
  })
}
