/** "Look now": asks git, lifts the verdict on a failed commit, and, if wanted, tells how it goes until it is over. */
import type { AppStatus } from '../domain.ts'
import type { SyncUpdate } from '../ports.ts'
import type { World } from '../world.ts'
import { Channel } from './channel.ts'
import { viewStatus } from './view.ts'

export interface SyncOptions {
  apps: string[]
  wait: boolean
  signal: AbortSignal
  /** Asks git about this app, now; resolves when it has answered. */
  look(app: string): Promise<void>
  trigger(app: string): void
}

/** Ends with a result for each app; without `wait`, when git has been asked. */
export async function* sync(world: World, { apps, wait, signal, look, trigger }: SyncOptions): AsyncGenerator<SyncUpdate> {
  const stop = new AbortController()
  const channel = new Channel<SyncUpdate>(AbortSignal.any([signal, stop.signal]))
  const unwatch = world.store.onEvent((event) => {
    if (!apps.includes(event.app)) return
    channel.push({ kind: 'event', event })
    if (event.type === 'BuildStarted') void followBuild(event.app, world, channel, stop.signal)
  })
  // A commit in a local repository is seen at once: its build has most often begun before anybody could ask.
  for (const app of apps) if (isBuilding(app, world)) void followBuild(app, world, channel, stop.signal)
  let resting: SyncUpdate | null = null
  const all = Promise.all(
    apps.map(async (app) => {
      world.store.again(app)
      await look(app)
      trigger(app)
      if (wait) channel.push(await conclusion(app, world, stop.signal))
      else if (apps.length === 1) resting = await rest(app, world)
    }),
  ).finally(() => channel.close())
  try {
    if (wait) yield* channel
    await all
    if (resting) yield resting
  } finally {
    stop.abort()
    unwatch()
  }
}

/** Passes come with every event; between them the world is looked at a few times a second. */
async function conclusion(app: string, world: World, signal: AbortSignal): Promise<SyncUpdate> {
  for (;;) {
    // Asked before the status is: what has ended by then is in it.
    const verdict = verdictOn(app, world)
    const status = await viewStatus(app, world)
    if (isOver(status, verdict) || signal.aborted) return { kind: 'result', ok: isLive(status), app, status }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, 250)
      const unwatch = world.store.onEvent((event) => event.app === app && done())
      signal.addEventListener('abort', done)
      function done() {
        clearTimeout(timer)
        unwatch()
        signal.removeEventListener('abort', done)
        resolve()
      }
    })
  }
}

/** Of one that is asked for by name: a commit that will not be deployed however often it is looked at. */
async function rest(app: string, world: World): Promise<SyncUpdate | null> {
  const status = await viewStatus(app, world)
  const rests = status.status === 'Suspended' || isHeld(status)
  return rests && !isLive(status) ? { kind: 'result', ok: false, app, status } : null
}

/** It waits for a time that may be days off. For other apps it waits as long as they take. */
function isHeld({ held }: AppStatus): boolean {
  return held?.for === 'window'
}

/** One that is suspended and not stopped serves on: live is what the newest commit is, or is not. */
function isLive({ status, suspended, down, failure, desired, serving }: AppStatus): boolean {
  const serves = status === 'Live' || (status === 'Suspended' && suspended !== undefined && down === undefined)
  return serves && failure === null && desired.commit === serving?.commit
}

/** The commit whose attempt is over without being live; null: none, or it is not over. */
function verdictOn(app: string, world: World): string | null {
  const attempt = world.store.read(app).attempt
  return attempt && (attempt.state === 'failed' || attempt.state === 'skipped') ? attempt.commit : null
}

function isOver(status: AppStatus, verdict: string | null): boolean {
  if (isLive(status) || status.status === 'Suspended' || isHeld(status)) return true
  // A verdict counts when it is one on the commit that git names now; a source that cannot be read is one by itself.
  return (verdict !== null && verdict === status.desired.commit) || (status.failure !== null && status.failure.commit === null)
}

function isBuilding(app: string, world: World): boolean {
  const key = world.store.lastBuild(app)
  return key !== null && world.builder.state(key).state === 'running'
}

async function followBuild(app: string, world: World, channel: Channel<SyncUpdate>, signal: AbortSignal): Promise<void> {
  const key = world.store.lastBuild(app)
  if (!key) return
  try {
    for await (const text of world.builder.followLog(key, signal)) channel.push({ kind: 'log', text })
  } catch {
    // The log is beside the point: how it ended is told by events.
  }
}
