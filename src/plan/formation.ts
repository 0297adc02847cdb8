/** One release's processes against its instances: who is missing, who is sound, who may go. */
import type { Process, Release } from '../domain.ts'
import { crashesInARow, mayStartAt } from './backoff.ts'
import type { Draft } from './draft.ts'
import { startsLater } from './startup.ts'
import type { Observed, SeenInstance } from './world.ts'

/** A process without traffic has no probe: running this long is its proof. */
export const SETTLE_MS = 1_000

export interface Formation {
  /** Every process has as many ready instances as it wants. */
  complete: boolean
  /** Instances to keep (ready or on their way), by name. Others of the same fingerprint may go. */
  wanted: Set<string>
}

/** Instances that run what this release is made of, whichever release started them. */
export function membersOf(release: Release, { instances }: Pick<Observed, 'instances'>): SeenInstance[] {
  return instances.filter((i) => !i.oneOff && i.state === 'running' && i.fingerprint === release.fingerprint)
}

/** Whether this instance has proven that it works. */
export function isReady(instance: SeenInstance, process: Process, routed: Set<string>, now: number): boolean {
  return routed.has(process.type) ? instance.probe === 'ready' : now - instance.startedAt >= SETTLE_MS
}

/** Never answered, and its time for that is over. */
export function isOverdue(instance: SeenInstance, process: Process, routed: Set<string>, now: number): boolean {
  return routed.has(process.type) && instance.probe === 'starting' && now - instance.startedAt >= process.health.graceMs
}

/** Process types that get traffic, and so have probes. */
export function routedProcesses(release: Release): Set<string> {
  return new Set(['web', ...release.content.routes.map((r) => r.process)])
}

/**
 * Starts what is missing of `release`, within the back-off, and says which instances to keep.
 * An instance that is not sound counts as missing, but is kept until its replacement is ready: a slow answer is better than none.
 */
export function form(release: Release, observed: Observed, draft: Draft): Formation {
  const { now } = observed
  const routed = routedProcesses(release)
  const members = membersOf(release, observed)
  const wanted = new Set<string>()
  let complete = true

  for (const process of release.content.processes) {
    const mine = members.filter((i) => i.process === process.type).sort(byIndex)
    const ready = (i: SeenInstance) => isReady(i, process, routed, now)
    const overdue = (i: SeenInstance) => isOverdue(i, process, routed, now)
    const sound = mine.filter((i) => i.startedAt >= observed.freshFrom && i.probe !== 'unready' && !overdue(i))
    const proven = sound.filter(ready)

    if (proven.length >= process.scale) {
      for (const i of proven.slice(0, process.scale)) wanted.add(i.name)
      continue
    }
    complete = false
    for (const i of mine) if (!overdue(i)) wanted.add(i.name)
    start(release, process, process.scale - sound.length, observed, draft)
    for (const i of sound) {
      if (ready(i)) continue
      // The prober says when one is ready; only the end of its time is the clock's to say.
      const limit = !routed.has(process.type) ? SETTLE_MS : i.probe === 'starting' ? process.health.graceMs : null
      draft.wait(limit === null ? null : i.startedAt + limit - now, `${process.type}.${i.index} to become ready`)
    }
  }
  return { complete, wanted }
}

function start(release: Release, process: Process, missing: number, observed: Observed, draft: Draft): void {
  if (missing <= 0) return
  const ended = observed.instances.some(
    (i) => i.state === 'exited' && i.process === process.type && i.fingerprint === release.fingerprint,
  )
  // First it is noted how those ended: the back-off follows from that.
  if (ended) return
  if (startsLater(observed, draft)) return
  if (observed.confirmed === null && crowd(process, observed) + missing > roomFor(process)) {
    draft.wait(1_000, 'the router to be back, so that older instances can go')
    return
  }
  const crashes = crashesInARow(observed.crashes, process.type, release.fingerprint, observed.freshFrom)
  const notBefore = mayStartAt(crashes, process.scale)
  if (notBefore > observed.now) {
    draft.wait(notBefore - observed.now, `${process.type} to be started again after ${crashes.length} crashes`)
    return
  }
  const taken = new Set(
    observed.instances.filter((i) => i.process === process.type && sharesIndex(i, release)).map((i) => i.index),
  )
  for (let index = 1, left = missing; left > 0; index++) {
    if (taken.has(index)) continue
    draft.do({ action: 'start', release, process: process.type, index, reason: startReason(process, crashes.at(-1)?.how) })
    left--
  }
}

/** What runs of this process now, of whatever release. */
function crowd(process: Process, observed: Observed): number {
  return observed.instances.filter((i) => !i.oneOff && i.process === process.type && i.state !== 'exited').length
}

/**
 * While the router is away nothing old can leave, and each new commit or restart adds to it: a few generations side by side
 * are a rollout, more are a pile.
 */
function roomFor(process: Process): number {
  return 4 * process.scale + 4
}

/** INSTANCE is unique among those that run the same thing, and a name is free only when nothing at all is left of its last bearer. */
function sharesIndex(instance: SeenInstance, release: Release): boolean {
  return instance.fingerprint === release.fingerprint || instance.release === release.version
}

function startReason(process: Process, crashed: string | undefined): string {
  return crashed ? `${process.type} ended (${crashed}); ${process.scale} wanted` : `${process.scale} of ${process.type} wanted`
}

function byIndex(a: SeenInstance, b: SeenInstance): number {
  return a.index - b.index || a.release - b.release
}
