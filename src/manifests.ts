/** What commits declare, read from the mirror. */
import type { AppSpec, CommitId, Manifest } from './domain.ts'
import { parseManifest } from './manifest/manifest.ts'
import type { World } from './world.ts'

/** Larger than any that a person writes. */
const MANIFEST_BYTES = 64 * 1024
/** A commit never changes, so what was read of it once holds for ever. */
const manifests = new Map<string, Manifest>()
const MANIFESTS_KEPT = 5_000

/** Paths of an app's two files, from the root of its repository. */
export function manifestPaths({ path }: AppSpec): [appYaml: string, procfile: string] {
  const at = (name: string) => (path === '' ? name : `${path}/${name}`)
  return [at('app.yaml'), at('Procfile')]
}

/** Throws ManifestInvalid, and what Source.read() throws. */
export async function manifestOf(spec: AppSpec, commit: CommitId, world: Pick<World, 'source'>): Promise<Manifest> {
  const key = JSON.stringify([spec.repo, spec.path, commit])
  const known = manifests.get(key)
  if (known) return known
  // Asked for first, so that a folder that is not there is told as that.
  await world.source.entries(spec, commit, spec.path)
  const [appYaml, procfile] = await Promise.all(
    manifestPaths(spec).map((path) => world.source.read(spec, commit, path, MANIFEST_BYTES)),
  )
  const manifest = parseManifest({ appYaml: appYaml ?? null, procfile: procfile ?? null })
  if (manifests.size >= MANIFESTS_KEPT) manifests.delete(manifests.keys().next().value ?? '')
  manifests.set(key, manifest)
  return manifest
}
