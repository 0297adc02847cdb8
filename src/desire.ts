/** What git says one app should be, as a value. */
import { createHash } from 'node:crypto'
import { requireDependencies } from './dependencies.ts'
import type { AppSpec, CommitId, Manifest } from './domain.ts'
import { asTrimtabError, type Failure } from './errors.ts'
import { manifestOf } from './manifests.ts'
import type { Desired, Outcome } from './plan/world.ts'
import type { BuildPlan } from './ports.ts'
import { requireAbilities } from './release/abilities.ts'
import { assemble } from './release/assemble.ts'
import { manifestOfPreview, requireLabelled } from './release/preview.ts'
import { asksToBePassedOver, steeringOf, whyPassedOver } from './steering.ts'
import { declared, type World } from './world.ts'

export interface Desire {
  desired: Desired
  /** The build that the commit asks for, once its inputs are known. */
  build: BuildPlan | null
}

/** Reads the mirror, never the network. Throws only what is trimtab's own trouble (disk, a bug). */
export async function desire(app: string, world: World): Promise<Desire> {
  const spec = declared(world, app)
  if (!spec) return { desired: { app, target: { kind: 'removed' } }, build: null }
  const record = world.store.read(app)
  const { suspendedSince, attempt, serving } = record
  if (suspendedSince !== null) return { desired: { app, target: { kind: 'suspended' } }, build: null }
  try {
    const head = world.source.head(spec)
    if (!head) return unknown(app, { code: 'SourceUnreachable', message: 'the repository has not been looked at yet' })
    const settings = settingsOf(spec, world)
    const underWay = attempt?.state === 'open' && attempt.settings === settings ? attempt.commit : head.commit
    const at = async (commit: CommitId) => {
      // What was verified once, against what the lists say now, and went live is not asked for again.
      const proven = attempt?.state === 'succeeded' && attempt.commit === commit && attempt.settings === settings
      const verify = () => (proven ? Promise.resolve() : world.source.verify(spec, commit, serving?.commit ?? null))
      const { outcome, build, manifest } = await comesTo(spec, commit, world, verify)
      // What cannot be deployed at all has no say about when.
      const steering = manifest && steeringOf(manifest, world)
      const target = { kind: 'commit' as const, commit, settings, skip: false, outcome, ...(steering && { steering }) }
      return { paths: manifest?.paths, target, build }
    }
    const skipped = asksToBePassedOver(head.message)
    // A commit that is passed over does not end the rollout of the one before it.
    const first = await at(skipped ? underWay : head.commit)
    const asked = { commit: head.commit, settings, paths: first.paths }
    const why = skipped ? null : await whyPassedOver(spec, asked, record, world)
    const isOver = (skipped || why !== null) && underWay === head.commit
    const { target, build } = why !== null && !isOver ? await at(underWay) : first
    return { desired: { app, target: { ...target, skip: isOver, ...(isOver && why !== null && { why }) } }, build }
  } catch (thrown) {
    const error = asTrimtabError(thrown)
    if (error.code === 'Internal' || error.code === 'DiskFull') throw error
    return unknown(app, error.failure)
  }
}

function unknown(app: string, failure: Failure): Desire {
  return { desired: { app, target: { kind: 'unknown', failure } }, build: null }
}

async function comesTo(
  spec: AppSpec,
  commit: CommitId,
  world: World,
  verify: () => Promise<void>,
): Promise<{ outcome: Outcome; build: BuildPlan | null; manifest?: Manifest }> {
  let build: BuildPlan | null = null
  try {
    // Before anything of the tree is read.
    await verify()
    requireLabelled(spec.preview, commit)
    const written = await manifestOf(spec, commit, world)
    const manifest = spec.preview ? manifestOfPreview(written, spec.preview) : written
    requireAbilities(manifest, world.platform())
    await requireDependencies(spec, commit, manifest.dependsOn ?? [], world)
    build = await world.builder.plan({ app: spec, commit, settings: manifest.build })
    const image = await world.builder.find(build.key)
    if (!image) return { outcome: { state: 'unbuilt', key: build.key, build: world.builder.state(build.key) }, build, manifest }
    return { outcome: { state: 'built', ...assemble(spec, world.platform(), manifest, image) }, build, manifest }
  } catch (thrown) {
    const error = asTrimtabError(thrown)
    if (error.retry) throw error
    return { outcome: { state: 'broken', failure: error.failure }, build }
  }
}

/** What of the operator's file decides what the app is: a change here is worth a new try of the same commit. */
function settingsOf(spec: AppSpec, world: World): string {
  const { domain, runtime, router, secrets } = world.platform()
  const { ref, preview } = spec
  const which = ref === undefined && preview === undefined ? [] : [ref ?? null, preview ?? null]
  const trust = spec.verify ? [world.source.listsOf(spec)] : []
  const followed = spec.tag === undefined ? (spec.branch ?? null) : { tag: spec.tag }
  const decides = [spec.repo, followed, spec.path, domain, runtime.kind, router.kind, secrets, ...which, ...trust]
  return createHash('sha256').update(JSON.stringify(decides)).digest('hex').slice(0, 12)
}
