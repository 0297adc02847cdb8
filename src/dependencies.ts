/** `dependsOn` of a commit against the other apps that there are. */
import type { AppSpec, CommitId } from './domain.ts'
import { TrimtabError } from './errors.ts'
import { didYouMean } from './manifest/suggest.ts'
import { manifestOf } from './manifests.ts'
import { circleFrom } from './plan/circle.ts'
import { listed } from './text.ts'
import { declared, type World } from './world.ts'

const NAMES_TOLD = 20

/**
 * Throws DependencyMissing for a name that nobody has, and DependencyCycle for the commit that closes a circle: of those that make it
 * up, the one that was seen last. A commit that has been deployed is asked nothing any more.
 */
export async function requireDependencies(spec: AppSpec, commit: CommitId, names: string[], world: World): Promise<void> {
  if (names.length === 0) return
  const app = spec.name
  const { attempt, held } = world.store.read(app)
  const isNoted = attempt?.commit === commit && attempt.state !== 'failed' && attempt.state !== 'skipped'
  if (isNoted && attempt.state === 'succeeded') return
  for (const name of names) if (!declared(world, name)) throw unknown(name, world)
  const since = isNoted ? attempt.startedAt : held?.commit === commit ? held.since : Number.POSITIVE_INFINITY
  const circle = circleFrom(app, await edgesFrom(app, names, since, world))
  if (!circle) return
  throw new TrimtabError(
    'DependencyCycle',
    `app.yaml dependsOn: ${circle.join(' → ')}: each would wait for the next, and none would ever be deployed. Take one of these out.`,
  )
}

function unknown(name: string, world: World): TrimtabError {
  const names = world.platform().apps.map((app) => app.name)
  const message = `app.yaml dependsOn: there is no app "${name}"${didYouMean(name, names)}. Declared are: ${listed(names, NAMES_TOLD)}.`
  return new TrimtabError('DependencyMissing', message)
}

/** What every app that can be reached depends on; of the others only what was seen before `since`. */
async function edgesFrom(app: string, names: string[], since: number, world: World): Promise<Map<string, string[]>> {
  const edges = new Map([[app, names]])
  const open = [...names]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (edges.has(next)) continue
    const found = await dependenciesOf(next, (at) => at < since || (at === since && (next ?? '') < app), world)
    edges.set(next, found)
    open.push(...found)
  }
  return edges
}

/** Of what is deployed or on its way, and of what waits. What failed depends on nothing. */
async function dependenciesOf(app: string, counts: (since: number) => boolean, world: World): Promise<string[]> {
  const spec = declared(world, app)
  if (!spec) return []
  const { attempt, held, serving } = world.store.read(app)
  const found = new Set(serving && counts(serving.createdAt) ? serving.content.dependsOn : [])
  const isUnderWay = attempt?.state === 'open' && counts(attempt.startedAt)
  const commits = [...(isUnderWay ? [attempt.commit] : []), ...(held && counts(held.since) ? [held.commit] : [])]
  for (const commit of commits) {
    const manifest = await manifestOf(spec, commit, world).catch(() => null)
    for (const name of manifest?.dependsOn ?? []) found.add(name)
  }
  return [...found]
}
