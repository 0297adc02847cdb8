/** `down`: the opposite of a rollout. Routes first, then the instances, then the router. */
import type { World } from '../world.ts'

/** Stops one app, or every app and the router. Tells each step. Nothing of it is remembered: the next `up` starts them again. */
export async function* stopEverything(world: World, only?: string): AsyncGenerator<string> {
  const all = [...new Set([...(await world.runtime.apps()), ...(await world.router.apps())])].sort()
  const apps = only === undefined ? all : all.filter((app) => app === only)
  if (apps.length === 0) yield only === undefined ? 'No app runs.' : `Nothing of ${only} runs.`
  for (const app of apps) await world.router.remove(app)
  await Promise.all(apps.map((app) => stopApp(app, world)))
  for (const app of apps) yield `${app} has stopped`
  if (only !== undefined) return world.store.suspend(only)
  await world.router.stop()
  const { router } = world.platform()
  const isAnothers = router.kind === 'traefik' && router.run.by === 'external'
  yield `${isAnothers ? 'Traefik goes on: it is not run by trimtab' : 'The router has stopped'}. trimtab up starts everything again.`
}

async function stopApp(app: string, world: World): Promise<void> {
  // Until the router has let go, but not for ever: one that is dead sends nothing either.
  for (let i = 0; i < 50 && !(await world.router.serves(app, null).catch(() => true)); i++) await pause(20)
  const began = Date.now()
  for (;;) {
    const instances = await world.runtime.list(app)
    if (instances.length === 0) return
    for (const i of instances) {
      const inFlight = i.address && i.state === 'running' ? await world.router.inFlight(i.address).catch(() => null) : null
      if (inFlight !== null && inFlight > 0 && Date.now() - began < i.stop.timeoutMs) continue
      if (i.state === 'running') await world.runtime.stop(i.name, i.stop)
      if (i.state === 'exited') {
        world.store.ended(app, i.name, null)
        await world.runtime.remove(i.name)
      }
    }
    await pause(20)
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
