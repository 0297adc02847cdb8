/** app.yaml and Procfile of one commit → the Manifest, or every reason why not. */
import type { Manifest } from '../domain.ts'
import { check } from './check.ts'
import { asWritten } from './environment.ts'
import { invalid, type Problem } from './problems.ts'
import { parseProcfile } from './procfile.ts'
import { appSchema } from './schema.ts'
import { settingsOf } from './settings.ts'
import { steeringOf } from './steering.ts'
import { pathKey } from './tree.ts'
import { readYaml, type YamlFile } from './yaml.ts'

/** Largest app.yaml or Procfile, in bytes. */
export const MANIFEST_LIMIT = 64 * 1024

/**
 * The manifest of a commit from its two files; null is a file that is not there, and both may be. No defaults of
 * processes are applied. Throws ManifestInvalid, whose message has one line for every problem of both files:
 * `app.yaml:7:5 processes.web.scale: expected a whole number from 0 to 100, got "many"`.
 */
export function parseManifest(input: { appYaml: Buffer | string | null; procfile: Buffer | string | null }): Manifest {
  const file = readYaml(input.appYaml ?? '', MANIFEST_LIMIT, { names: isHeaders })
  const { data, problems } = check(file, appSchema)
  const procfile = input.procfile === null ? null : parseProcfile(input.procfile, MANIFEST_LIMIT)
  const unseen = hidden(file, Object.keys(procfile?.processes ?? {}))
  if (data === null || unseen.length > 0 || (procfile !== null && procfile.problems.length > 0)) {
    throw invalid('ManifestInvalid', [
      { file: 'app.yaml', problems: [...problems, ...unseen] },
      { file: 'Procfile', problems: procfile?.problems ?? [] },
    ])
  }
  const release = data.release ?? procfile?.release
  return {
    ...(data.name !== undefined && { name: data.name }),
    build: settingsOf(data, procfile, file),
    env: asWritten(data.env, file, ['env']),
    processes: data.processes ?? {},
    ...(procfile !== null && { procfile: procfile.processes }),
    ...(release !== undefined && { release }),
    ...(data.routes !== undefined && { routes: data.routes }),
    ...steeringOf(data),
  }
}

/** `x-frame-options` is as good a header as any. */
function isHeaders(path: readonly PropertyKey[]): boolean {
  return path.length === 4 && path[0] === 'routes' && path[2] === 'headers'
}

/** `processes.x-queue` is a free key; where the Procfile has a process of that name, nobody would see that it is not read. */
function hidden(file: YamlFile, types: string[]): Problem[] {
  return types.flatMap((type) => {
    const place = type.startsWith('x-') ? file.places.get(pathKey(['processes', type])) : undefined
    if (place === undefined) return []
    const message = 'keys that begin with x- are free and never read; give the process of the Procfile another name'
    return [{ line: place.line, column: place.column, path: `processes.${type}`, message }]
  })
}
