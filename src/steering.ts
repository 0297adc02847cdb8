/** What a commit says about whether and when it is deployed, as values for the planner. */
import type { AppSpec, CommitId, Manifest } from './domain.ts'
import { asTrimtabError } from './errors.ts'
import { isPassedOver } from './manifest/passedOver.ts'
import { manifestPaths } from './manifests.ts'
import type { Steering } from './plan/world.ts'
import type { AppRecord } from './ports.ts'
import { shortCommit } from './text.ts'
import type { World } from './world.ts'

/** As forges and build services document it; `cd` for those who only want no deployment. Anywhere in the message, in any case. */
const PASSED_OVER = /\[(skip ci|ci skip|skip cd|cd skip)\]/i
const PATHS_TOLD = 160

export function asksToBePassedOver(message: string): boolean {
  return PASSED_OVER.test(message)
}

/**
 * Behind "not deployed,": why a commit is passed over by its own `paths`; null if it is not. That is decided when it is first seen,
 * against what is deployed or on its way; without that, where somebody asked for another try, or where platform.yaml says something
 * else of the app, it is deployed. So it is where the two cannot be compared: nothing is left out because of what is not known.
 */
export async function whyPassedOver(
  spec: AppSpec,
  { commit, settings, paths }: { commit: CommitId; settings: string; paths: string[] | undefined },
  { attempt, serving }: Pick<AppRecord, 'attempt' | 'serving'>,
  world: World,
): Promise<string | null> {
  if (!paths || !attempt || attempt.settings !== settings) return null
  if (attempt.commit === commit) return attempt.state === 'skipped' ? (attempt.why ?? null) : null
  const isDeployed = attempt.state === 'succeeded' || attempt.state === 'open'
  const base = isDeployed ? attempt.commit : serving?.commit
  if (base === undefined || !(await changesNothing(spec, base, commit, paths, world))) return null
  const named = paths.join(', ')
  const shown = named.length > PATHS_TOLD ? `${named.slice(0, PATHS_TOLD)}…` : named
  return `for it changes nothing of ${shown} since ${shortCommit(base)}`
}

/** Of two commits that stay what they are, asked in each pass while one is on its way. */
const answers = new Map<string, boolean>()
const ANSWERS_KEPT = 5_000

async function changesNothing(spec: AppSpec, from: CommitId, to: CommitId, paths: string[], { source }: World): Promise<boolean> {
  const key = JSON.stringify([spec.repo, spec.path, from, to])
  const known = answers.get(key)
  if (known !== undefined) return known
  const answer = await source.changed(spec, from, to).then(
    (changed) => isPassedOver(paths, changed, manifestPaths(spec)),
    (thrown) => {
      const error = asTrimtabError(thrown)
      if (error.code === 'Internal' || error.code === 'DiskFull') throw error
      return false
    },
  )
  if (answers.size >= ANSWERS_KEPT) answers.delete(answers.keys().next().value ?? '')
  answers.set(key, answer)
  return answer
}

/** When it may be deployed; undefined: at any time. */
export function steeringOf({ suspend, deploy, dependsOn = [] }: Manifest, world: World): Steering | undefined {
  const waitsFor = dependsOn.filter((name) => !isLive(name, world))
  if (!suspend && !deploy && waitsFor.length === 0) return undefined
  return {
    ...(suspend && { suspend }),
    ...(deploy && { deploy: { window: deploy.window, timezone: deploy.timezone ?? 'UTC' } }),
    ...(waitsFor.length > 0 && { waitsFor }),
  }
}

function isLive(app: string, { store }: World): boolean {
  const { serving, suspendedSince } = store.read(app)
  return serving !== null && suspendedSince === null
}
