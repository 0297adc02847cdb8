/** What goes on beside the passes: build events, images that nobody needs any more. */
import type { BuildPlan, BuildState } from './ports.ts'
import type { World } from './world.ts'

/** Releases of an app whose images stay, so that a revert needs no build. */
export const KEPT_RELEASES = 5

/** Tells how a build stands, and has every app that waits for it looked at. */
export function recordBuild(world: World, trigger: (app: string) => void) {
  return (build: BuildPlan, state: BuildState): void => {
    const { commit, key } = build
    const app = build.app.name
    const short = key.slice(0, 12)
    switch (state.state) {
      case 'queued':
        return
      case 'running':
        world.store.event({ app, type: 'BuildStarted', commit, message: `build ${short}` })
        break
      case 'none':
        world.store.event({ app, type: 'BuildCancelled', commit, message: `build ${short}: nobody wants it any more` })
        break
      case 'succeeded':
        world.store.event({ app, type: 'BuildSucceeded', commit, message: `build ${short}`, durationMs: state.durationMs })
        world.store.buildRecord({ app, commit, key, outcome: 'succeeded', message: '', durationMs: state.durationMs })
        break
      case 'failed': {
        const { code, message } = state.failure
        const line = `${code}: ${message.split('\n', 1)[0]}`
        world.store.event({ app, type: 'BuildFailed', commit, message: line, durationMs: state.durationMs })
        world.store.buildRecord({ app, commit, key, outcome: code, message, durationMs: state.durationMs })
      }
    }
    for (const waiting of world.store.waitingFor(key)) trigger(waiting)
  }
}

/** Removes images that no recent release and nothing that runs needs. Only after everything could be read. */
export async function pruneImages(world: World): Promise<void> {
  const keep = world.store.keptImages(KEPT_RELEASES)
  for (const app of await world.runtime.apps()) {
    for (const instance of await world.runtime.list(app)) keep.add(instance.imageKey)
  }
  await world.builder.prune(keep)
}
