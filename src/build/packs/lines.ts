import { posix } from 'node:path'
import type { AppSpec, BuildSettings, CommitId } from '../../domain.ts'
import { packFileLines } from '../../manifest/buildpack.ts'
import { MANIFEST_LIMIT } from '../../manifest/manifest.ts'
import { pathKey } from '../../manifest/tree.ts'
import { readYaml } from '../../manifest/yaml.ts'
import type { Source, TreeEntry } from '../../ports.ts'

/** One buildpack as somebody has written it. */
export interface Line {
  text: string
  /** The place to be told with what is wrong with it: `.buildpacks:2`, `app.yaml:3:5 build.buildpacks[1]`. */
  where(): Promise<string>
}

/** app.yaml comes first, then `.buildpacks` (one per line), as on Heroku, where what is configured wins over the file. Null: neither names any. */
export async function packLines(
  app: AppSpec,
  commit: CommitId,
  settings: BuildSettings,
  entries: TreeEntry[],
  source: Source,
): Promise<Line[] | null> {
  const read = (name: string) => source.read(app, commit, posix.join(app.path, name), MANIFEST_LIMIT)
  if (settings.buildpacks !== undefined && settings.buildpacks.length > 0) {
    return settings.buildpacks.map((text, index) => ({ text, where: async () => placeIn(await read('app.yaml'), index) }))
  }
  if (!entries.some((entry) => entry.name === '.buildpacks')) return null
  const named = packFileLines((await read('.buildpacks'))?.toString('utf8') ?? '')
  return named.length === 0 ? null : named.map(({ text, line }) => ({ text, where: async () => `.buildpacks:${line}` }))
}

function placeIn(appYaml: Buffer | null, index: number): string {
  const name = `build.buildpacks[${index}]`
  const place = appYaml && readYaml(appYaml, MANIFEST_LIMIT).places.get(pathKey(['build', 'buildpacks', index]))
  return place ? `app.yaml:${place.line}:${place.column} ${name}` : `app.yaml ${name}`
}
