/**
 * The planner: everything trimtab does follows from here. Pure: no clock, no I/O, no randomness.
 *
 * It has no memory. Where a rollout has got to is read off the world each time, so it does not matter who died when.
 */
import type { Release } from '../domain.ts'
import { advance } from './advance.ts'
import { Draft } from './draft.ts'
import { type Formation, form, isOverdue, routedProcesses } from './formation.ts'
import { reapExited, reapOneOffs, retire, waitForRouter } from './retire.ts'
import { rollOut } from './rollout.ts'
import { sameTable, tableFor, unheardOf } from './routing.ts'
import type { Plan } from './steps.ts'
import type { Desired, Observed, SeenInstance } from './world.ts'

/** The next steps for one app. None, and nothing to wait for: the world is as git wants it. */
export function plan(desired: Desired, observed: Observed): Plan {
  const draft = new Draft()
  if (desired.target.kind === 'suspended' || desired.target.kind === 'removed') {
    windDown(desired, observed, draft)
    return draft.plan()
  }

  const candidate = advance(desired, observed, draft)
  const { serving } = observed
  // A change of scale or routes alone shares its instances with what serves: they are formed once, as the new one wants them.
  const shared = candidate !== null && candidate.fingerprint === serving?.fingerprint
  const coming = candidate ? rollOut(candidate, observed, draft) : null
  const staying = serving && !(shared && coming) ? form(serving, observed, draft) : null

  const front = candidate && coming?.complete ? { release: candidate, formation: coming } : null
  const back = serving && { release: serving, formation: staying ?? (coming as Formation) }
  route(front ?? back, front !== null, observed, draft)

  const wanted = new Set([...(staying?.wanted ?? []), ...(coming?.wanted ?? [])])
  const fingerprints = new Set([serving, candidate].flatMap((r) => (r ? [r.fingerprint] : [])))
  for (const instance of observed.instances) {
    if (instance.oneOff) continue
    if (wanted.has(instance.name)) keep(instance, draft)
    else if (mayGo(instance, fingerprints, observed)) takeAway(instance, serving, observed, draft)
  }
  reapExited(observed, fingerprints, draft)
  reapOneOffs(observed, observed.pending, draft)
  return draft.plan()
}

/** Points the routes at `to`; a candidate that has them, confirmed, is live. */
function route(
  to: { release: Release; formation: Formation } | null,
  isCandidate: boolean,
  observed: Observed,
  draft: Draft,
): void {
  // Nothing of ours is known to serve: whatever the route file says was right once, and is left alone.
  if (!to) return
  const unheard = unheardOf(to.release, to.formation.wanted, observed)
  if (unheard.length > 0) {
    draft.wait(null, `the first answer of ${unheard.join(', ')}, to be routed`)
    return
  }
  const table = tableFor(to.release, to.formation.wanted, observed)
  if (!sameTable(table, observed.table)) {
    const reason = isCandidate ? `v${to.release.version} is ready` : `the instances of v${to.release.version} that can answer`
    if (table) draft.do({ action: 'write-routes', table, reason })
    else draft.do({ action: 'remove-routes', reason: `v${to.release.version} has no routes` })
    return
  }
  if (observed.confirmed !== true) {
    waitForRouter(observed, draft)
    return
  }
  if (isCandidate) draft.do({ action: 'go-live', release: to.release, reason: 'ready, routed, and the router serves it' })
}

/** Back in favour (a revert while the old ones drain): it simply stays. */
function keep(instance: SeenInstance, draft: Draft): void {
  if (instance.state === 'running' && instance.drainingSince !== null) {
    draft.do({ action: 'undrain', instance: instance.name, reason: 'it is wanted again' })
  }
}

/** With no release known to be live (a new store), strangers may be what serves: only what is known to be over may go. */
function mayGo(instance: SeenInstance, fingerprints: Set<string>, observed: Observed): boolean {
  if (observed.serving) return true
  return fingerprints.has(instance.fingerprint) || observed.retired.has(instance.release)
}

function takeAway(instance: SeenInstance, serving: Release | null, observed: Observed, draft: Draft): void {
  if (instance.fingerprint !== serving?.fingerprint) {
    retire(instance, false, 'its release is over', observed, draft)
    return
  }
  const process = serving.content.processes.find((p) => p.type === instance.process)
  const silent =
    instance.probe === 'unready' || (process && isOverdue(instance, process, routedProcesses(serving), observed.now)) === true
  retire(instance, silent, silent ? 'it does not answer' : 'replaced, or more than are wanted', observed, draft)
}

/** An app that is to stop: out of the routes first, then drained, then stopped. */
function windDown({ app, target }: Desired, observed: Observed, draft: Draft): void {
  const forGood = target.kind === 'removed'
  const reason = forGood ? 'the app is no longer declared' : 'the app is suspended'
  if (observed.table) draft.do({ action: 'remove-routes', reason })
  for (const instance of observed.instances) {
    if (!instance.oneOff) retire(instance, false, reason, observed, draft)
  }
  reapExited(observed, new Set(), draft)
  reapOneOffs(observed, forGood ? null : observed.pending, draft)
  const known = observed.attempt ?? observed.serving ?? observed.pending ?? [...observed.claimed.values()].includes(app)
  if (forGood && known && observed.instances.length === 0 && !observed.table) draft.do({ action: 'forget', reason })
}
