/** What goes on beside the passes: build events, old images, the router's life. Each starts something, and gives its end. */
import { asTrimtabError, headline } from '../errors.ts'
import type { BuildPlan, BuildState } from '../ports.ts'
import type { World } from '../world.ts'

/** Images of an app that stay, newest first, so that a revert needs no build: also one of the last ten commits at once. */
const KEPT_IMAGES = 12
const ROUTER_MS = 1_000
const COMPLAINTS_MS = 5_000
/** It looks at everything that runs, so not in the middle of what a rollout still has to do. */
const TIDY_MS = 1_000

/** Tells how a build stands, and has every app that waits for it looked at. */
export function recordBuild(world: World, trigger: (app: string) => void) {
  return (build: BuildPlan, state: BuildState): void => {
    const { commit, key } = build
    const app = build.app.name
    const short = key.slice(0, 12)
    switch (state.state) {
      case 'queued':
        if (state.position === 0) return
        world.store.event({ app, type: 'BuildQueued', commit, message: `build ${short}: place ${state.position} in the queue` })
        return
      case 'running':
        world.store.event({ app, type: 'BuildStarted', commit, message: `build ${short}` })
        break
      case 'none':
        world.store.event({ app, type: 'BuildCancelled', commit, message: `build ${short}: nobody wants it any more` })
        break
      case 'succeeded':
        if (state.pulled) {
          const message = `no build: pulled from ${state.pulled.from}`
          world.store.event({ app, type: 'ImagePulled', commit, message, durationMs: state.durationMs })
          break
        }
        world.store.event({ app, type: 'BuildSucceeded', commit, message: `build ${short}`, durationMs: state.durationMs })
        world.store.buildRecord({ app, commit, key, outcome: 'succeeded', message: '', durationMs: state.durationMs })
        break
      case 'failed': {
        const { code, message } = state.failure
        const line = `${code}: ${headline(message)}`
        world.store.event({ app, type: 'BuildFailed', commit, message: line, durationMs: state.durationMs })
        world.store.buildRecord({ app, commit, key, outcome: code, message, durationMs: state.durationMs })
      }
    }
    for (const waiting of world.store.waitingFor(key)) trigger(waiting)
  }
}

/** After rollouts, removes images that no recent release and nothing that runs needs: once for all that end within a moment. */
export function keepTidy(world: World): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | null = null
  const tidy = () => {
    timer = null
    // Whatever keeps it from being done now, the next rollout comes.
    running = running.then(() => pruneImages(world)).catch(() => {})
  }
  const unwatch = world.store.onEvent(({ type }) => {
    if (type === 'RolloutSucceeded') timer ??= setTimeout(tidy, TIDY_MS)
  })
  return () => {
    unwatch()
    if (timer) clearTimeout(timer)
    return running
  }
}

async function pruneImages(world: World): Promise<void> {
  await world.builder.prune(await keptKeys(world))
}

/** Keys of images that a recent release or something that runs needs. Throws where not everything that counts could be read. */
export async function keptKeys(world: World): Promise<() => Set<string>> {
  const running = new Set<string>()
  for (const app of await world.runtime.apps()) {
    for (const instance of await world.runtime.list(app)) running.add(instance.imageKey)
  }
  return () => new Set([...running, ...world.store.keptImages(KEPT_IMAGES)])
}

/** The router is a process like any other, and may be killed like any other; its files are files, and may be deleted. */
export function keepRouter(world: World, trigger: (app: string) => void, log: (line: string) => void): () => void {
  let told = ''
  /** App → in how many looks its file was missing. */
  let missing = new Map<string, number>()
  const timer = setInterval(async () => {
    try {
      const routed = new Set(await world.router.apps())
      const without = new Set([...world.store.claims().values()].filter((app) => !routed.has(app)))
      missing = new Map([...without].map((app) => [app, (missing.get(app) ?? 0) + 1]))
      // Ever more rarely: it may be on its way, or suspended, and is to have none.
      for (const [app, looks] of missing) if (Number.isInteger(Math.log2(looks))) trigger(app)
      const wasStarted = await world.router.ensure()
      told = ''
      if (!wasStarted) return
      world.store.event({ app: '', type: 'RouterRestarted', message: 'the router was gone, and was started again' })
    } catch (error) {
      const { message } = asTrimtabError(error)
      // One that somebody else runs may be away for hours.
      if (message !== told) log(message)
      told = message
    }
  }, ROUTER_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Tells once what the router does not take of an app's routes: it may be that somebody else's file stands in the way. */
export function tellComplaints(world: World): () => void {
  const told = new Map<string, string>()
  const look = async () => {
    for (const app of await world.router.apps()) {
      const table = await world.router.read(app)
      const complaint = (await world.router.serves(app, table)) ? null : await world.router.complaint(app)
      if (complaint === null) told.delete(app)
      else if (told.get(app) !== complaint) {
        told.set(app, complaint)
        world.store.event({ app, type: 'RoutesRejected', message: `the router does not take its routes: ${complaint}` })
      }
    }
  }
  let isLooking = false
  const timer = setInterval(async () => {
    if (isLooking) return
    isLooking = true
    // A router that is away, or a file that cannot be read, is told elsewhere.
    await look().catch(() => {})
    isLooking = false
  }, COMPLAINTS_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** A new store knows of no claims; the route files show who had which. */
export async function adoptClaims(world: World): Promise<void> {
  for (const app of await world.router.apps()) {
    const table = await world.router.read(app).catch(() => null)
    if (table) world.store.claim(app, table.routes)
  }
}

/** Tells once when a repository cannot be read, and once when it can again. */
export function recordTrouble(world: World): (app: string, trouble: Error | null) => void {
  const known = new Map<string, string>()
  return (app, trouble) => {
    if (trouble && known.get(app) !== trouble.message) {
      known.set(app, trouble.message)
      world.store.event({ app, type: 'SourceFailed', message: trouble.message })
    } else if (!trouble && known.delete(app)) {
      world.store.event({ app, type: 'SourceRecovered', message: 'the repository can be read again' })
    }
  }
}
