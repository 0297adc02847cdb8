/** Manifest + image → what a release is made of. */
import type { Image, Manifest, PlatformSpec, ReleaseContent, Route, RouteSettings } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { fingerprintOf } from './fingerprint.ts'
import { processesOf } from './formation.ts'
import { usersOf } from './users.ts'

export interface Assembled {
  content: ReleaseContent
  fingerprint: string
}

/** What of the platform goes into a release. */
type Giving = Pick<PlatformSpec, 'domain' | 'secrets'>

/** Deterministic: everything that is a set comes out sorted. Throws ManifestInvalid or NoProcesses. */
export function assemble(app: { name: string }, platform: Giving, manifest: Manifest, image: Image): Assembled {
  const processes = processesOf(manifest, image)
  const types = new Set(processes.map((p) => p.type))
  const release = manifest.release ?? manifest.procfile?.release ?? (manifest.procfile ? undefined : image.processTypes.release)
  const content: ReleaseContent = {
    image,
    env: sorted({ ...image.configVars, ...manifest.env }),
    processes,
    ...(release === undefined ? {} : { release }),
    routes: routesOf(app, platform, manifest, types),
    ...(manifest.dependsOn && { dependsOn: manifest.dependsOn }),
  }
  return { content, fingerprint: fingerprintOf(content) }
}

function routesOf(app: { name: string }, platform: Giving, manifest: Manifest, types: Set<string>): Route[] {
  if (!manifest.routes) {
    const route = { host: `${app.name}.${platform.domain}`, path: '/', stripPrefix: false, process: 'web' }
    return types.has('web') ? [route] : []
  }
  const astray = manifest.routes.filter((route) => !types.has(route.process) && route.options?.redirect === undefined)
  if (astray.length > 0) {
    const names = [...types].join(', ')
    throw invalid(astray.map((r) => `${r.host}${r.path}: expected one of the processes (${names}), got "${r.process}"`))
  }
  return manifest.routes.map((route) => resolved(route, platform.secrets)).sort((a, b) => (place(a) < place(b) ? -1 : 1))
}

/** The route with the users of its basicAuth in place of their secret's name. */
function resolved(route: RouteSettings, secrets: Giving['secrets']): Route {
  const { host, path, stripPrefix, process, options } = route
  if (!options) return { host, path, stripPrefix, process }
  const { basicAuthSecret, ...others } = options
  const found = basicAuthSecret === undefined ? { users: undefined } : usersOf(secrets, basicAuthSecret)
  if ('problem' in found) throw invalid([`${host}${path}: basicAuth: ${found.problem}`])
  return { host, path, stripPrefix, process, options: { ...others, ...(found.users && { basicAuth: found.users }) } }
}

/** The first route is the one that people are shown: one that leads to a process, by a name that can be asked for. */
function place({ host, path, options }: Route): string {
  return `${options?.redirect === undefined ? 0 : 1} ${host.startsWith('*') ? 1 : 0} ${host} ${path}`
}

function invalid(routes: string[]): TrimtabError {
  return new TrimtabError('ManifestInvalid', routes.map((problem) => `app.yaml routes: ${problem}`).join('\n'))
}

function sorted(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1)))
}
