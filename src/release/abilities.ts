/** What of an app.yaml this platform cannot do: refused with a word on why, never ignored. */
import type { Manifest, PlatformSpec } from '../domain.ts'
import { TrimtabError } from '../errors.ts'

type Able = { runtime: { kind: PlatformSpec['runtime']['kind'] }; router: { kind: PlatformSpec['router']['kind'] } }

/** Throws ManifestInvalid with one line for every setting that needs another runtime or router. */
export function requireAbilities(manifest: Manifest, platform: Able): void {
  const lines = [...needsContainers(manifest, platform)]
  if (lines.length > 0) throw new TrimtabError('ManifestInvalid', lines.join('\n'))
}

function* needsContainers({ build, processes }: Manifest, { runtime }: Able): Generator<string> {
  if (runtime.kind !== 'process') return
  const why = 'needs containers, and this platform runs local processes (platform.yaml: runtime: docker)'
  for (const key of ['dockerfile', 'image'] as const) if (build[key] !== undefined) yield `app.yaml build.${key}: ${why}`
  for (const [type, { limits }] of Object.entries(processes)) {
    if (limits?.memoryBytes !== undefined) yield `app.yaml processes.${type}.memory: ${why}`
    if (limits?.cpus !== undefined) yield `app.yaml processes.${type}.cpus: ${why}`
  }
}
