/** Wires the telling of people: how apps stand → the outbox → forges and those who are notified. */

import { projectOf } from './config/project.ts'
import { forgeFor } from './config/sources.ts'
import { keepReported } from './control/reported.ts'
import type { AppSpec, ForgeSpec } from './domain.ts'
import { createForge } from './forge/forge.ts'
import type { Forge } from './ports.ts'
import { Dispatch } from './report/sending/outbox.ts'
import { createSender } from './report/sending/sender.ts'
import { certificates } from './web/certificates.ts'
import type { World } from './world.ts'

/** Nothing of it is waited for by anybody. Gives the end of it. */
export function startReporting(world: World, log: (line: string) => void): () => void {
  const { store, now } = world
  const sender = createSender({
    notify: () => world.platform().notify,
    forge: (target, app) => forgeCalled(target, app, world),
    certificates: () => certificates(process.env),
    now,
  })
  const dispatch = new Dispatch({
    outbox: store.outbox,
    deliver: (report) => sender.deliver(report),
    event: (event) => void store.event(event),
    now,
    random: Math.random,
  })
  const end = keepReported({
    world,
    forge: (app) => siteOf(app, world)?.name ?? null,
    wake: () => dispatch.wake(),
    drop: (queued, why) => dispatch.drop(queued, why),
    log,
  })
  dispatch.wake()
  return () => {
    end()
    dispatch.close()
    sender.close()
  }
}

/** Where an app's repository is at a forge; null: it is on none, or its address names no project there. */
function siteOf(app: AppSpec, world: World): { name: string; spec: ForgeSpec } | null {
  const spec = forgeFor(app, world.platform().git)
  if (!spec) return null
  try {
    const { owner, name } = projectOf(app.repo, spec.kind, spec.api)
    return { name: `${spec.kind} ${new URL(spec.api).host} ${owner}/${name}`, spec }
  } catch {
    return null
  }
}

/** By way of any app in that repository: the one that the report is of may be gone. */
function forgeCalled(target: string, name: string, world: World): Forge | null {
  const { apps } = world.platform()
  const first = apps.filter((app) => app.name === name)
  for (const app of [...first, ...apps]) {
    const site = siteOf(app, world)
    if (site?.name === target) return createForge(site.spec, app.repo)
  }
  return null
}
