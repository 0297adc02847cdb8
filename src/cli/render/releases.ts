import type { ReleaseView } from '../../http/wire.ts'
import { oneLine, shortCommit } from '../../text.ts'
import { type Paint, plain, toneOf } from './paint.ts'
import { table } from './table.ts'
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

/** One release with its bill of materials, a line for each thing. */
export function renderRelease({ version, status, commit, image, built, createdAt, createdBy, materials }: ReleaseView): string {
  const { packs = [], versions = {}, stack, reference, digest } = materials ?? {}
  const lines: Array<[string, string | undefined]> = [
    ['release', `v${version}, ${status}`],
    ['commit', commit],
    ['created', `${minute(createdAt)} by ${createdBy}`],
    ['image', `${image}, ${built ? 'built for it' : 'there already'}`],
    ...packs.map((pack): [string, string] => [
      'buildpack',
      `${pack.name} (${pack.detected})${pack.commit ? ` at ${pack.commit}` : ''}`,
    ]),
    ...Object.entries(versions).map(([name, number]): [string, string] => [name, number]),
    ['stack', stack],
    ['from', reference],
    ['digest', digest],
  ]
  const told = lines.filter((line): line is [string, string] => line[1] !== undefined)
  const width = Math.max(...told.map(([name]) => name.length))
  return told.map(([name, text]) => `${oneLine(name).padEnd(width)}  ${oneLine(text)}`).join('\n')
}
