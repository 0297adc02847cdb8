/** What of an app.yaml this platform cannot do: refused with a word on why, never ignored. */
import type { Manifest, PlatformSpec, RouteSettings } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { usersOf } from './users.ts'

type Able = {
  runtime: { kind: PlatformSpec['runtime']['kind'] }
  router: { kind: PlatformSpec['router']['kind'] }
  secrets: PlatformSpec['secrets']
  bases: PlatformSpec['bases']
  artifacts: Pick<PlatformSpec['artifacts'], 'allow'>
}

/** Throws ManifestInvalid with one line for every setting that needs another runtime or router, or a secret that is not there. */
export function requireAbilities(manifest: Manifest, platform: Able): void {
  const lines = [
    ...needsContainers(manifest, platform),
    ...needsTraefik(manifest, platform),
    ...needsSecrets(manifest, platform),
    ...needsOperator(manifest, platform),
  ]
  if (lines.length > 0) throw new TrimtabError('ManifestInvalid', lines.join('\n'))
}

function* needsContainers({ build, processes }: Manifest, { runtime }: Able): Generator<string> {
  if (runtime.kind !== 'process') return
  const why = 'needs containers, and this platform runs local processes (platform.yaml: runtime: docker)'
  for (const key of ['dockerfile', 'image', 'cnb'] as const) if (build[key] !== undefined) yield `app.yaml build.${key}: ${why}`
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

function* needsSecrets({ build, routes = [] }: Manifest, { secrets }: Able): Generator<string> {
  for (const name of build.dockerfile?.secrets ?? []) {
    if (Object.hasOwn(secrets, name)) continue
    const remedy = `the operator adds it to platform.yaml (secrets: {${name}: …})`
    yield `app.yaml build.dockerfile.secrets: there is no secret "${name}"; ${remedy}`
  }
  for (const { host, path, options } of routes) {
    const found = options?.basicAuthSecret === undefined ? null : usersOf(secrets, options.basicAuthSecret)
    if (found && 'problem' in found) yield `app.yaml routes: ${host}${path}: basicAuth: ${found.problem}`
  }
}

/** What an artifact is laid over where the operator names no image for it: the stack. */
const BASES = ['binary', 'java', 'php', 'stack']

/** What the operator has a say in: where artifacts come from, and what they are laid over. */
function* needsOperator({ build: { artifact } }: Manifest, { runtime, bases, artifacts }: Able): Generator<string> {
  if (artifact === undefined) return
  const { url, base } = artifact
  const scheme = url?.startsWith('https:') ? 'https' : 'http'
  if (url !== undefined && !artifacts.allow.includes(scheme)) {
    const which = artifacts.allow.length > 0 ? `are to be had over ${artifacts.allow.join(' and ')}` : 'are uploaded'
    yield `app.yaml build.artifact.url: artifacts ${which} on this platform, not over ${scheme} (platform.yaml: artifacts: {allow: […]})`
  }
  // Local processes have no base: what the machine has is there.
  if (runtime.kind === 'process' || BASES.includes(base) || Object.hasOwn(bases, base)) return
  const known = [...new Set([...BASES, ...Object.keys(bases)])].sort().join(', ')
  yield `app.yaml build.artifact.base: there is no base "${base}" on this platform; there are ${known} (platform.yaml: bases)`
}
