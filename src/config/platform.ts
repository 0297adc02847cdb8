/** platform.yaml → PlatformSpec, or every reason why not. */
import { basename, dirname, resolve } from 'node:path'
import type { GitSpec, PlatformSpec, Transport } from '../domain.ts'
import { check } from '../manifest/check.ts'
import { asWritten } from '../manifest/environment.ts'
import { formatPath, invalid, type Problem } from '../manifest/problems.ts'
import { pathKey } from '../manifest/tree.ts'
import { readYaml, type YamlFile } from '../manifest/yaml.ts'
import { transportOf } from './address.ts'
import { interpolate } from './interpolate.ts'
import { artifactsOf, DEFAULT_STACK, routerOf, runtimeOf } from './parts.ts'
import { type Parsed, platformSchema } from './schema.ts'
import { appOf, authOf, fleetOf, forgeOf, notifyOf, withAccess } from './sources.ts'
import { clashing, misplaced } from './together.ts'

/** Largest platform.yaml, in bytes; some ten thousand apps. */
export const PLATFORM_LIMIT = 2 * 1024 * 1024

/** What an address may use that somebody else than the operator has written. */
const ALLOWED: Transport[] = ['https', 'ssh']

/** Nothing that stands under one of these is ever shown. */
const SECRET = new Set([
  'auth',
  'registries',
  'registry',
  'secrets',
  'webhook',
  'hooks',
  'forge',
  'forges',
  'credentials',
  'notify',
])

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
    secret: (at) => at.some((part) => SECRET.has(String(part))),
  })
  const all = data === null ? problems : [...problems, ...refused(data, file)]
  if (data === null || all.length > 0) throw invalid('ConfigInvalid', [{ file: basename(path), problems: all }])

  const folder = dirname(resolve(path))
  const git = gitOf(data.git, folder)
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
    git,
    hooks: {
      ...(data.hooks?.secret !== undefined && { secret: data.hooks.secret }),
      ...(data.hooks?.url !== undefined && { url: data.hooks.url.replace(/\/+$/, '') }),
      bytes: data.hooks?.limit ?? 2 ** 20,
      perMinute: data.hooks?.rate ?? 600,
    },
    fleets: (data.fleet ?? []).map((fleet) => withAccess(fleetOf(fleet, folder), git)),
    notify: (data.notify ?? []).map(notifyOf),
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
    apps: data.apps.map((app) => withAccess(appOf(app, folder), git)),
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
  const repositories = [
    ...data.apps.map((app, index) => ({ at: ['apps', index] as const, ...app, name: `apps[${index}]` })),
    ...(data.fleet ?? []).map((fleet) => ({ at: ['fleet'] as const, name: 'fleet', ...fleet })),
  ]
  for (const { at, name, repo, auth } of repositories) {
    const transport = transportOf(repo)
    if (!allowed.has(transport)) add([...at, 'repo'], `${name}.repo`, `git.allow does not name ${transport}`)
    if (auth === undefined) continue
    const isKey = 'key' in auth
    if (isKey && transport !== 'ssh') add([...at, 'auth'], `${name}.auth`, 'a key is for ssh addresses')
    if (!isKey && !transport.startsWith('http')) {
      add(
        [...at, 'auth'],
        `${name}.auth`,
        'is for http and https addresses; ssh takes {key, knownHosts}, or the keys of the user who runs trimtab',
      )
    }
  }
  for (const [path, message] of [...misplaced(data), ...clashing(data)]) add(path, formatPath(path), message)
  return problems
}

function gitOf(written: Parsed['git'], folder: string): GitSpec {
  return {
    allow: written?.allow ?? ALLOWED,
    credentials: mapValues(written?.credentials ?? {}, (auth) => authOf(auth, folder)),
    forges: Object.fromEntries(
      Object.entries(written?.forges ?? {}).flatMap(([host, forge]) => {
        const spec = forgeOf(forge, `https://${host}/`, folder)
        return spec ? [[host, spec]] : []
      }),
    ),
  }
}

function mapValues<A, B>(record: Record<string, A>, of: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, of(value)]))
}
