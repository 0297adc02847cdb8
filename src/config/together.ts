/** What of platform.yaml only shows when several values are seen together. */
import type { Listen } from '../domain.ts'
import { NOTIFY_KEYS } from './notify-schema.ts'
import { LISTEN } from './parts.ts'
import { projectOf } from './project.ts'
import type { Parsed } from './schema.ts'
import { forgeSiteOf, hostOf } from './sources.ts'

const NEEDS_KIND = 'needs its kind: github, gitea, forgejo, gitlab or bitbucket'

type Refused = [path: Array<string | number>, message: string]
type Router = NonNullable<Parsed['router']>
type Https = NonNullable<Router['https']>

/** The form of Traefik that a key of `router:` belongs to. */
const FORM: Record<string, string> = { binary: 'binary', image: 'container', routes: 'external', api: 'external' }

/** Keys that have no meaning beside another one, and keys that are missing beside another one, each with its reason. */
export function* misplaced({ runtime, router, registry, apps, git, notify }: Parsed): Generator<Refused> {
  for (const [index, { forge, previews, repo }] of apps.entries()) {
    const host = hostOf(repo)
    if (forge) yield* misplacedForge(['apps', index, 'forge'], forge, repo)
    if (previews && !forge && (host === null || git?.forges?.[host] === undefined))
      yield [['apps', index, 'previews'], 'needs a forge to ask for pull requests']
  }
  for (const [host, forge] of Object.entries(git?.forges ?? {})) {
    const site = forgeSiteOf(forge, `https://${host}/`)
    if (!site) yield [['git', 'forges', host], NEEDS_KIND]
    else if ('githubApp' in forge && site.kind !== 'github') yield [['git', 'forges', host, 'githubApp'], 'is for kind: github']
  }
  for (const [index, one] of (notify ?? []).entries()) yield* misplacedNotify(one, index)
  if (typeof runtime === 'object') {
    const { kind, ports, ...docker } = runtime
    for (const key of kind === 'process' ? Object.keys(docker) : []) yield [['runtime', key], 'is for kind: docker']
    if (kind === 'docker' && ports) yield [['runtime', 'ports'], 'is for kind: process']
  }
  if (router) yield* misplacedRouter(router)
  if (registry?.url.isOpen && registry.insecure !== true) {
    yield [
      ['registry', 'url'],
      'http is for a registry on this machine; for another one say insecure: true, and tell the engine (insecure-registries)',
    ]
  }
  const processes = runtime === 'process' || (typeof runtime === 'object' && runtime.kind === 'process')
  if (router?.kind === 'traefik' && router.run === 'container' && processes) yield [['router', 'run'], 'needs runtime: docker']
}

function* misplacedForge(path: Refused[0], written: Parameters<typeof forgeSiteOf>[0], repo: string): Generator<Refused> {
  if (hostOf(repo) === null) return yield [path, 'is for a repository at a forge, which is no local path']
  const site = forgeSiteOf(written, repo)
  if (!site) return yield [path, NEEDS_KIND]
  if ('githubApp' in written && site.kind !== 'github') yield [[...path, 'githubApp'], 'is for kind: github']
  try {
    projectOf(repo, site.kind, site.api)
  } catch (error) {
    yield [path, (error as Error).message]
  }
}

function* misplacedNotify(
  { kind, on: _, apps: __, ...keys }: NonNullable<Parsed['notify']>[number],
  index: number,
): Generator<Refused> {
  const { needs, may } = NOTIFY_KEYS[kind]
  const known: readonly string[] = [...needs, ...may]
  for (const key of Object.keys(keys)) if (!known.includes(key)) yield [['notify', index, key], `is not for kind: ${kind}`]
  for (const key of needs) if (keys[key] === undefined) yield [['notify', index], `kind: ${kind} needs ${key}`]
}

function* misplacedRouter(router: Router): Generator<Refused> {
  const { kind, listen: _, ...keys } = router
  const { run = 'binary', ...rest } = keys
  if (kind === 'embedded') {
    for (const key of Object.keys(keys)) yield [['router', key], 'is for kind: traefik']
    return
  }
  for (const key of Object.keys(rest)) {
    if (FORM[key] !== undefined && FORM[key] !== run) yield [['router', key], `is for run: ${FORM[key]}`]
  }
  for (const key of run === 'external' ? (['routes', 'api'] as const) : []) {
    if (router[key] === undefined) yield [['router'], `run: external needs ${key}`]
  }
  if (router.https) yield* misplacedHttps(router.https, run)
}

function* misplacedHttps(https: Https, run: string): Generator<Refused> {
  const { acme, files = [], hsts } = https
  const at = (...keys: string[]) => ['router', 'https', ...keys]
  if (run === 'external') {
    const more = Object.keys(https).length > 1
    if (more) yield [at(), 'certificates are the business of who runs Traefik; name the address alone']
    return
  }
  if (acme === false && files.length === 0) yield [at('acme'), 'without it, certificates have to come from files']
  if (typeof acme === 'object' && acme.staging && acme.directory !== undefined) {
    yield [at('acme', 'staging'), "is for Let's Encrypt; directory names another authority"]
  }
  // What browsers' preload list asks for: https://hstspreload.org/#submission-requirements
  if (typeof hsts === 'object' && hsts.preload) {
    if (!hsts.includeSubdomains) yield [at('hsts', 'preload'), 'needs includeSubdomains: true']
    if (hsts.maxAge !== undefined && hsts.maxAge < 31_536_000_000)
      yield [at('hsts', 'maxAge'), 'has to be 8760h at least for preload']
  }
}

/** Addresses of trimtab and of its router that cannot both be listened on. */
export function* clashing({ http, router }: Parsed): Generator<Refused> {
  const kind = router?.kind ?? 'embedded'
  // Somebody else's Traefik may well be on another machine, or in a container.
  const external = kind === 'traefik' && router?.run === 'external'
  const all: Array<{ key: string[]; at: Listen; written: boolean }> = [
    { key: ['http', 'listen'], at: http?.listen ?? { host: '127.0.0.1', port: 8700 }, written: http?.listen !== undefined },
  ]
  if (!external) {
    all.push({ key: ['router', 'listen'], at: router?.listen ?? LISTEN[kind], written: router?.listen !== undefined })
    if (router?.https) all.push({ key: ['router', 'https'], at: router.https.listen, written: true })
  }
  for (const [index, one] of all.entries()) {
    for (const other of all.slice(index + 1)) {
      if (!overlap(one.at, other.at)) continue
      // At the one that stands in the file, and can be changed there.
      yield [one.written ? one.key : other.key, `${nameOf(one)} and ${nameOf(other)} are the same`]
    }
  }
}

const nameOf = ({ key }: { key: string[] }) => key.join('.')
const isEvery = (host: string) => host === '0.0.0.0' || host === '::'

function overlap(one: Listen, other: Listen): boolean {
  return one.port !== 0 && one.port === other.port && (one.host === other.host || isEvery(one.host) || isEvery(other.host))
}
