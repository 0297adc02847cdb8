import type { ReleaseView } from '../../http/wire.ts'
import { type Paint, plain, toneOf } from './paint.ts'
import { table } from './table.ts'
import { shortCommit } from './text.ts'
import { minute } from './time.ts'

/** The table of `trimtab releases`, newest first. */
export function renderReleases(releases: ReleaseView[], paint: Paint = plain): string {
  if (releases.length === 0) return 'No release yet.'
  const rows = releases.map((release) => [
    { text: `v${release.version}`, style: paint.bold },
    { text: release.status, style: toneOf(release.status, paint) },
    shortCommit(release.commit),
    release.built ? 'built' : 'reused',
    minute(release.createdAt),
    release.createdBy,
  ])
  return table(['RELEASE', 'STATUS', 'COMMIT', 'IMAGE', 'CREATED', 'BY'], rows, paint.dim)
}
