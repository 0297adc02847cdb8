/** platform.yaml → PlatformSpec, or every reason why not. */
import { basename, dirname, resolve } from 'node:path'
import type { AppSpec, PlatformSpec, Transport } from '../domain.ts'
import { check } from '../manifest/check.ts'
import { asWritten } from '../manifest/environment.ts'
import { invalid, type Problem } from '../manifest/problems.ts'
import { pathKey } from '../manifest/tree.ts'
import { readYaml, type YamlFile } from '../manifest/yaml.ts'
import { resolveAddress, transportOf } from './address.ts'
import { interpolate } from './interpolate.ts'
import { artifactsOf, DEFAULT_STACK, routerOf, runtimeOf } from './parts.ts'
import { type Parsed, platformSchema } from './schema.ts'
import { clashing, misplaced } from './together.ts'

/** Largest platform.yaml, in bytes; some ten thousand apps. */
export const PLATFORM_LIMIT = 2 * 1024 * 1024

/** What an address may use that somebody else than the operator has written. */
const ALLOWED: Transport[] = ['https', 'ssh']

/** What the file says, and what `up` should tell about it. */
export interface Platform extends PlatformSpec {
  /** In plain words; what was decided where the file left it open. */
  notes: string[]
}

/**
 * The platform as the operator declares it, defaults filled in, paths absolute (relative ones count from the file's folder).
 * `env` is what `${VAR}` takes its values from. Throws ConfigInvalid, whose message has one line for every problem:
 * `platform.yaml:3:5 poll: expected …, got …`. No message holds a value that came from `env` or stands under `auth`.
 */
export function parsePlatform(
  input: Buffer | string,
  { file: path, env }: { file: string; env: Record<string, string | undefined> },
): Platform {
  const file = readYaml(input, PLATFORM_LIMIT, { expand: (text) => interpolate(text, env) })
  const { data, problems } = check(file, platformSchema, {
    secret: (at) => at.includes('auth') || at[0] === 'registries' || at[0] === 'registry' || at[0] === 'secrets',
  })
  const all = data === null ? problems : [...problems, ...refused(data, file)]
  if (data === null || all.length > 0) throw invalid('ConfigInvalid', [{ file: basename(path), problems: all }])

  const folder = dirname(resolve(path))
  return {
    domain: data.domain ?? 'apps.localhost',
    state: resolve(folder, data.state ?? '.trimtab'),
    poll: data.poll ?? { everyMs: 30_000 },
    http: data.http?.listen ?? { host: '127.0.0.1', port: 8700 },
    runtime: runtimeOf(data.runtime ?? 'auto'),
    router: routerOf(data.router, folder),
    stack: { image: data.stack?.image ?? DEFAULT_STACK },
    bases: data.bases ?? {},
    artifacts: artifactsOf(data.artifacts),
    registries: data.registries ?? {},
    ...(data.registry && {
      registry: { address: data.registry.url.address, ...(data.registry.auth && { auth: data.registry.auth }) },
    }),
    secrets: data.secrets ?? {},
    git: { allow: data.git?.allow ?? ALLOWED },
    builds: {
      concurrency: data.builds?.concurrency ?? 2,
      timeoutMs: data.builds?.timeout ?? 15 * 60_000,
      ...(data.builds?.ca !== undefined && { ca: resolve(folder, data.builds.ca) }),
      env: asWritten(data.builds?.env, file, ['builds', 'env']),
      ...(data.builds?.memory !== undefined && { memoryBytes: data.builds.memory }),
      ...(data.builds?.cpus !== undefined && { cpus: data.builds.cpus }),
      ...(data.builds?.disk !== undefined && { diskBytes: data.builds.disk }),
      ...(data.builds?.pids !== undefined && { pids: data.builds.pids }),
    },
    apps: data.apps.map((app): AppSpec => ({ ...app, repo: resolveAddress(app.repo, folder) })),
    notes: [],
  }
}

/** What only shows when several values are seen together. */
function refused(data: Parsed, file: YamlFile): Problem[] {
  const problems: Problem[] = []
  const add = (path: Array<string | number>, name: string, message: string) => {
    const place = file.places.get(pathKey(path))
    problems.push({ line: place?.line ?? 1, column: place?.column ?? 1, path: name, message })
  }
  // This file is the operator's own, so what only reaches the operator's own machines needs no permission.
  const allowed = new Set<string>([...(data.git?.allow ?? ALLOWED), 'http', 'file'])
  for (const [index, app] of data.apps.entries()) {
    const transport = transportOf(app.repo)
    if (!allowed.has(transport)) add(['apps', index, 'repo'], `apps[${index}].repo`, `git.allow does not name ${transport}`)
    if (app.auth !== undefined && !transport.startsWith('http')) {
      add(
        ['apps', index, 'auth'],
        `apps[${index}].auth`,
        'is for http and https addresses; ssh takes its keys from the user who runs trimtab',
      )
    }
  }
  for (const [path, message] of [...misplaced(data), ...clashing(data)]) add(path, path.join('.'), message)
  return problems
}
