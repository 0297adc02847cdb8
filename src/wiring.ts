/** The world of one platform: every adapter built on its state directory, and each told whom to call when something changes. */
import { buildAdapters } from './adapters.ts'
import { createProber } from './apply/prober.ts'
import type { Chosen } from './chosen.ts'
import type { Closing } from './closing.ts'
import type { Platform } from './config/platform.ts'
import { recordBuild } from './control/upkeep.ts'
import type { RouterSpec } from './domain.ts'
import { asTrimtabError } from './errors.ts'
import type { Router } from './ports.ts'
import { createGitSource } from './source/source.ts'
import { openStore } from './store/store.ts'
import type { World } from './world.ts'

/** Builds every adapter on the platform's state directory. */
export async function wire(platform: () => Platform, chosen: Chosen, trigger: (app: string) => void, closing: Closing) {
  const { state } = platform()
  const now = Date.now
  const began = now()
  const store = openStore(state, now)
  closing.add(() => store.close())
  const source = createGitSource({ state })
  closing.add(() => source.close())
  const { builder, runtime, router } = await buildAdapters(chosen, { platform: platform(), source, now })
  for (const adapter of [builder, runtime, router]) closing.add(() => adapter.close())
  const prober = createProber(
    (instance) => instance.startedAt >= began,
    {
      changed({ app, name, commit, release, startedAt }, before, after) {
        if (before === 'starting' && after === 'ready') {
          store.event({ app, type: 'InstanceReady', commit, release, message: `${name} answers`, durationMs: now() - startedAt })
        }
        trigger(app)
      },
    },
    now,
  )
  closing.add(() => prober.close())
  const world: World = { platform, source, builder, runtime, router, store, prober, now, began }
  runtime.onChange(trigger)
  builder.onChange(recordBuild(world, trigger))
  builder.onPacks(trigger)
  builder.onImages?.(() => {
    for (const { name } of platform().apps) trigger(name)
  })
  builder.onRegistry?.((event) => store.event(event))
  store.onEvent(({ type, app }) => {
    // A cache of what is gone is missed by nobody; previews come and go by the hundred.
    if (type === 'AppRemoved') void builder.forget(app).catch(() => {})
  })
  return { world, configure: builder.configure, artifacts: builder.artifacts, publish: builder.publish }
}

/** One that somebody else runs may be away for a while: the apps wait for it, and trimtab with them. */
export async function ensured(router: Router, spec: RouterSpec, log: (line: string) => void): Promise<boolean> {
  try {
    return await router.ensure()
  } catch (error) {
    const { code, message } = asTrimtabError(error)
    const isAnothers = spec.kind === 'traefik' && spec.run.by === 'external'
    if (!isAnothers && code !== 'RuntimeUnavailable') throw error
    log(message)
    return false
  }
}
