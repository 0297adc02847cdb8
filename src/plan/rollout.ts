/** A release on its way: its release phase, its instances, and the verdict if they do not come up. */
import type { Release } from '../domain.ts'
import { instanceName } from '../domain.ts'
import type { Failure } from '../errors.ts'
import { crashesInARow, isLoop } from './backoff.ts'
import type { Draft } from './draft.ts'
import { type Formation, form, isOverdue, membersOf, routedProcesses } from './formation.ts'
import { describeExit } from './retire.ts'
import type { Observed } from './world.ts'

/** Brings the candidate up; its formation, or null while it may not start anything yet (or never will). */
export function rollOut(candidate: Release, observed: Observed, draft: Draft): Formation | null {
  if (!releasePhaseDone(candidate, observed, draft)) return null
  const verdict = whyNot(candidate, observed)
  if (verdict) {
    draft.do({ action: 'fail', commit: candidate.commit, ...verdict, reason: 'the new version does not come up' })
    return null
  }
  return form(candidate, observed, draft)
}

function releasePhaseDone(candidate: Release, observed: Observed, draft: Draft): boolean {
  if (!candidate.content.release || observed.phase === 'done') return true
  const name = instanceName({ app: candidate.app, process: 'release', release: candidate.version, index: 1 })
  const running = observed.instances.find((i) => i.name === name)
  const other = observed.instances.find((i) => i.oneOff && i.process === 'release' && i.name !== name && i.state !== 'exited')
  if (observed.phase === 'todo') {
    // Two migrations at once are one too many, and to cut the older one off is worse.
    if (other) draft.wait(null, `the release phase of v${other.release} to end`)
    else draft.do({ action: 'run-release-phase', release: candidate, reason: 'before anything of it starts' })
  } else if (running && running.state !== 'exited') {
    draft.wait(null, 'the release phase')
  } else if (running?.exit?.code === 0) {
    draft.do({ action: 'pass-release-phase', release: candidate.version, reason: 'exit code 0' })
  } else {
    const how = running ? describeExit(running) : 'ended, nobody saw how'
    const message = `The release phase (${candidate.content.release}) failed: ${how}. Nothing of this release was started.`
    const failure: Failure = { code: 'ReleaseFailed', message }
    draft.do({ action: 'fail', commit: candidate.commit, failure, blame: running?.name ?? null, reason: how })
  }
  return false
}

function whyNot(candidate: Release, observed: Observed): { failure: Failure; blame: string | null } | null {
  const routed = routedProcesses(candidate)
  const members = membersOf(candidate, observed)
  const since = observed.attempt?.startedAt ?? 0
  for (const process of candidate.content.processes) {
    const crashes = crashesInARow(observed.crashes, process.type, candidate.fingerprint, since)
    const last = crashes.at(-1)
    if (last && isLoop(crashes, process.scale, true)) {
      const message = `${process.type} ended ${crashes.length} times in a row (${last.how}). Its command: ${process.command}`
      return { failure: { code: 'CrashLoop', message }, blame: last.instance }
    }
    const late = members.find((i) => i.process === process.type && isOverdue(i, process, routed, observed.now))
    if (late) {
      const asked = process.health.path ? `GET ${process.health.path}` : 'any HTTP request'
      const message = `${late.name} did not answer ${asked} well on its PORT within ${process.health.graceMs / 1000} s. It must listen on the port in the environment variable PORT.`
      return { failure: { code: 'NotReady', message }, blame: late.name }
    }
  }
  return null
}
