/** What git says one app should be, as a value. */
import { createHash } from 'node:crypto'
import type { AppSpec, CommitId, Manifest } from './domain.ts'
import { asTrimtabError, type Failure } from './errors.ts'
import { parseManifest } from './manifest/manifest.ts'
import type { Desired, Outcome } from './plan/world.ts'
import type { BuildPlan } from './ports.ts'
import { requireAbilities } from './release/abilities.ts'
import { assemble } from './release/assemble.ts'
import { manifestOfPreview, requireLabelled } from './release/preview.ts'
import { declared, type World } from './world.ts'

/** Larger than any that a person writes. */
const MANIFEST_BYTES = 64 * 1024

export interface Desire {
  desired: Desired
  /** The build that the commit asks for, once its inputs are known. */
  build: BuildPlan | null
}

/** Reads the mirror, never the network. Throws only what is trimtab's own trouble (disk, a bug). */
export async function desire(app: string, world: World): Promise<Desire> {
  const spec = declared(world, app)
  if (!spec) return { desired: { app, target: { kind: 'removed' } }, build: null }
  const { suspendedSince, attempt, serving } = world.store.read(app)
  if (suspendedSince !== null) return { desired: { app, target: { kind: 'suspended' } }, build: null }
  try {
    const head = world.source.head(spec)
    if (!head) return unknown(app, { code: 'SourceUnreachable', message: 'the repository has not been looked at yet' })
    const settings = settingsOf(spec, world)
    const skipped = /\[(skip ci|ci skip|skip cd|cd skip)\]/i.test(head.message)
    // A commit that asks to be passed over does not end the rollout of the one before it.
    const underWay = skipped && attempt?.state === 'open' && attempt.settings === settings ? attempt.commit : null
    const commit = underWay ?? head.commit
    // What was verified once, against what the lists say now, and went live is not asked for again.
    const proven = attempt?.state === 'succeeded' && attempt.commit === commit && attempt.settings === settings
    const verify = () => (proven ? Promise.resolve() : world.source.verify(spec, commit, serving?.commit ?? null))
    const { outcome, build } = await comesTo(spec, commit, world, verify)
    const target = { kind: 'commit' as const, commit, settings, skip: skipped && underWay === null, outcome }
    return { desired: { app, target }, build }
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
): Promise<{ outcome: Outcome; build: BuildPlan | null }> {
  let build: BuildPlan | null = null
  try {
    // Before anything of the tree is read.
    await verify()
    requireLabelled(spec.preview, commit)
    const written = await manifestOf(spec, commit, world)
    const manifest = spec.preview ? manifestOfPreview(written, spec.preview) : written
    requireAbilities(manifest, world.platform())
    build = await world.builder.plan({ app: spec, commit, settings: manifest.build })
    const image = await world.builder.find(build.key)
    if (!image) return { outcome: { state: 'unbuilt', key: build.key, build: world.builder.state(build.key) }, build }
    return { outcome: { state: 'built', ...assemble(spec, world.platform(), manifest, image) }, build }
  } catch (thrown) {
    const error = asTrimtabError(thrown)
    if (error.retry) throw error
    return { outcome: { state: 'broken', failure: error.failure }, build }
  }
}

/** A commit never changes, so what was read of it once holds for ever. */
const manifests = new Map<string, Manifest>()
const MANIFESTS_KEPT = 5_000

async function manifestOf(spec: AppSpec, commit: CommitId, world: World): Promise<Manifest> {
  const key = JSON.stringify([spec.repo, spec.path, commit])
  const known = manifests.get(key)
  if (known) return known
  const at = (name: string) => (spec.path === '' ? name : `${spec.path}/${name}`)
  // Asked for first, so that a folder that is not there is told as that.
  await world.source.entries(spec, commit, spec.path)
  const [appYaml, procfile] = await Promise.all(
    ['app.yaml', 'Procfile'].map((name) => world.source.read(spec, commit, at(name), MANIFEST_BYTES)),
  )
  const manifest = parseManifest({ appYaml: appYaml ?? null, procfile: procfile ?? null })
  if (manifests.size >= MANIFESTS_KEPT) manifests.delete(manifests.keys().next().value ?? '')
  manifests.set(key, manifest)
  return manifest
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
