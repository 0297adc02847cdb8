/** Looking without touching: what a pass over an app would see and do. */

import { desire } from '../desire.ts'
import type { AppStatus, InstanceStatus } from '../domain.ts'
import { asTrimtabError } from '../errors.ts'
import { observe } from '../observe.ts'
import { plan } from '../plan/plan.ts'
import { statusOf, suspendedOf } from '../plan/status.ts'
import { target } from '../plan/steps.ts'
import type { PlannedApp } from '../ports.ts'
import { declared, type World } from '../world.ts'

/** The app's status, from the same values and the same plan as a pass would have now. */
export async function viewStatus(app: string, world: World): Promise<AppStatus> {
  try {
    // In this order: a head that is seen in between is then newer than the verdicts, never older than them.
    const observed = await observe(app, world)
    const { desired } = await desire(app, world)
    const { waiting } = plan(desired, observed)
    const { liveSince, suspendedSince } = world.store.read(app)
    const status = statusOf(desired, observed, waiting, liveSince, (route) => world.router.url(route))
    const reports = world.store.outbox.trouble(app)
    return {
      ...status,
      failure: status.failure ?? away(app, status, world),
      ...downOf(suspendedSince),
      ...(reports && { reports }),
      ...previewOf(app, world),
    }
  } catch (thrown) {
    return unreadable(app, asTrimtabError(thrown).failure, world)
  }
}

/** Stopped by hand, as opposed to suspended. */
function downOf(since: number | null): Pick<AppStatus, 'down'> {
  return since === null ? {} : { down: { since: new Date(since).toISOString() } }
}

/** Its git host does not answer. What is known of the app's branch is still gone by, so it is no verdict on any commit. */
function away(app: string, { status }: AppStatus, world: World): AppStatus['failure'] {
  const spec = declared(world, app)
  const trouble = spec && status !== 'Suspended' ? world.source.trouble(spec) : null
  return trouble && { commit: null, ...trouble.failure }
}

/** The same, with its instances and what each of them uses. What cannot be measured now is left out. */
export async function viewUsage(app: string, world: World): Promise<AppStatus> {
  const [status, instances, usage] = await Promise.all([
    viewStatus(app, world),
    world.runtime.list(app).catch(() => []),
    world.runtime.usage(app).catch(() => []),
  ])
  const used = new Map(usage.map((one) => [one.name, one]))
  const views = instances
    .filter((i) => i.state !== 'exited')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, process, index, release, state, startedAt }): InstanceStatus => {
      const { memoryBytes = null, cpus = null } = used.get(name) ?? {}
      return { name, process, index, release, state, since: new Date(startedAt).toISOString(), memoryBytes, cpus }
    })
  return { ...status, instances: views }
}

/** What could not be read is told as that; what is known from the store is told with it. */
function unreadable(app: string, failure: { code: string; message: string }, world: World): AppStatus {
  const record = world.store.read(app)
  const { attempt, serving, liveSince, suspendedSince } = record
  const target = { kind: 'unknown' as const, failure: { code: 'RuntimeUnavailable' as const, message: failure.message } }
  const suspended = suspendedOf({ app, target }, { ...record, now: world.now() })
  const since = new Date(liveSince ?? serving?.createdAt ?? 0).toISOString()
  return {
    app,
    status: suspended || suspendedSince !== null ? 'Suspended' : serving ? 'Live' : 'Pending',
    desired: { commit: attempt?.commit ?? null },
    serving: serving && { commit: serving.commit, release: serving.version, since },
    failure: { commit: null, ...failure },
    urls: serving?.content.routes.map((route) => world.router.url(route)) ?? [],
    processes: [],
    message: 'waiting for the machine to be readable again; nothing is changed meanwhile',
    ...(suspended && { suspended }),
    ...downOf(suspendedSince),
    ...previewOf(app, world),
  }
}

/** Which pull request it shows, where it is a preview. */
function previewOf(app: string, world: World): Pick<AppStatus, 'preview'> {
  const { preview } = declared(world, app) ?? {}
  return preview ? { preview: { of: preview.of, number: preview.number } } : {}
}

export async function viewPlan(app: string, world: World): Promise<PlannedApp> {
  const { desired } = await desire(app, world)
  const { steps, waiting } = plan(desired, await observe(app, world))
  return { app, actions: steps.map((step) => ({ action: step.action, target: target(step), reason: step.reason })), waiting }
}
