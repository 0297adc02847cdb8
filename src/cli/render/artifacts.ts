import type { ArtifactView } from '../../http/wire.ts'
import { table } from './table.ts'
import { ago } from './time.ts'

/** The table of `trimtab artifact list`. */
export function renderArtifacts(artifacts: ArtifactView[], now: number): string {
  if (artifacts.length === 0) return 'No artifact yet. trimtab artifact push <file> uploads one.'
  const rows = artifacts.map(({ sha256, name, size, storedAt }) => [
    sha256.slice(0, 12),
    name || '-',
    spokenSize(size),
    ago(storedAt, now),
  ])
  return table(['SHA256', 'NAME', 'SIZE', 'STORED'], rows)
}

/** `12.3 MB`. */
export function spokenSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`
  return bytes < 1_000_000_000 ? `${(bytes / 1_000_000).toFixed(1)} MB` : `${(bytes / 1_000_000_000).toFixed(2)} GB`
}
