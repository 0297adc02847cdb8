/** What of an app.yaml this platform cannot do: refused with a word on why, never ignored. */
import type { Manifest, PlatformSpec, RouteSettings } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { usersOf } from './users.ts'

type Able = {
  runtime: { kind: PlatformSpec['runtime']['kind'] }
  router: { kind: PlatformSpec['router']['kind'] }
  secrets: PlatformSpec['secrets']
}

/** Throws ManifestInvalid with one line for every setting that needs another runtime or router, or a secret that is not there. */
export function requireAbilities(manifest: Manifest, platform: Able): void {
  const lines = [...needsContainers(manifest, platform), ...needsTraefik(manifest, platform), ...needsSecrets(manifest, platform)]
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

/** Options as app.yaml calls them. */
const WRITTEN: Record<keyof NonNullable<RouteSettings['options']>, string> = {
  redirect: 'redirect',
  basicAuthSecret: 'basicAuth',
  allow: 'allow',
  headers: 'headers',
  rateLimit: 'rateLimit',
  maxBodyBytes: 'maxBody',
  timeoutMs: 'timeout',
  sticky: 'sticky',
}

function* needsTraefik({ routes = [] }: Manifest, { router }: Able): Generator<string> {
  if (router.kind !== 'embedded') return
  const why = "needs Traefik, and this platform's router is the embedded one (platform.yaml: router: {kind: traefik})"
  for (const { host, path, options = {} } of routes) {
    if (host.startsWith('*')) yield `app.yaml routes: ${host}${path}: a host with * ${why}`
    for (const key of Object.keys(options) as Array<keyof typeof options>) {
      yield `app.yaml routes: ${host}${path}: ${WRITTEN[key]} ${why}`
    }
  }
}

function* needsSecrets({ routes = [] }: Manifest, { secrets }: Able): Generator<string> {
  for (const { host, path, options } of routes) {
    const found = options?.basicAuthSecret === undefined ? null : usersOf(secrets, options.basicAuthSecret)
    if (found && 'problem' in found) yield `app.yaml routes: ${host}${path}: basicAuth: ${found.problem}`
  }
}
