/** `runtime:` and `router:` as the operator writes them → what they come to. */
import { resolve } from 'node:path'
import type { ArtifactsSpec, Https, Listen, RouterSpec, RuntimeSpec } from '../domain.ts'
import type { Parsed } from './schema.ts'

/** What "trimtab stack build" makes. */
export const DEFAULT_STACK = 'trimtab/stack:bookworm'

export const LISTEN: Record<'embedded' | 'traefik', Listen> = {
  embedded: { host: '127.0.0.1', port: 8080 },
  traefik: { host: '0.0.0.0', port: 80 },
}

const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/directory'
const STAGING = 'https://acme-staging-v02.api.letsencrypt.org/directory'
const YEAR_S = 365 * 86_400

export function artifactsOf({
  allow = ['https' as const],
  local = false,
  size = 2 ** 30,
}: Parsed['artifacts'] = {}): ArtifactsSpec {
  return { allow, local, sizeBytes: size }
}

export function runtimeOf(written: NonNullable<Parsed['runtime']>): RuntimeSpec {
  const { kind, ports, ...docker } = typeof written === 'string' ? { kind: written, ports: undefined } : written
  const asProcess = { kind: 'process' as const, ports: ports ?? { from: 20_000, to: 29_999 } }
  const asDocker = { kind: 'docker' as const, ...docker }
  if (kind === 'auto') return { kind, process: asProcess, docker: asDocker }
  return kind === 'docker' ? asDocker : asProcess
}

export function routerOf(written: Parsed['router'], folder: string): RouterSpec {
  const { kind = 'embedded' as const, run = 'binary' as const, https } = written ?? {}
  const listen = written?.listen ?? LISTEN[kind]
  if (kind === 'embedded') return { kind, listen }
  return { kind, listen, run: runOf(run, written, folder), ...(https && { https: httpsOf(https, run, folder) }) }
}

function runOf(run: 'binary' | 'container' | 'external', written: Parsed['router'], folder: string) {
  const { binary = 'traefik', image = 'traefik:v3', routes = '', api = '' } = written ?? {}
  if (run === 'container') return { by: run, image }
  if (run === 'external') return { by: run, routes: resolve(folder, routes), api: api.replace(/\/+$/, '') }
  return { by: run, binary: binary.includes('/') ? resolve(folder, binary) : binary }
}

type Written = NonNullable<NonNullable<Parsed['router']>['https']>

function httpsOf(written: Written, run: 'binary' | 'container' | 'external', folder: string): Https {
  const { listen, acme, files = [], redirect = true, hsts = false } = written
  // Certificates and redirects are part of Traefik's own configuration, which is somebody else's there.
  if (run === 'external') return { listen, files: [], redirect: false }
  const { email, challenge = 'http', staging = false, directory, ca } = typeof acme === 'object' ? acme : {}
  const wantsAcme = acme === undefined ? files.length === 0 : acme !== false
  const { maxAge = YEAR_S * 1000, includeSubdomains = false, preload = false } = typeof hsts === 'object' ? hsts : {}
  return {
    listen,
    files: files.map((one) => ({ certificate: resolve(folder, one.certificate), key: resolve(folder, one.key) })),
    redirect,
    ...(wantsAcme && {
      acme: {
        challenge,
        directory: directory ?? (staging ? STAGING : LETS_ENCRYPT),
        ...(email !== undefined && { email }),
        ...(ca !== undefined && { ca: resolve(folder, ca) }),
      },
    }),
    ...(hsts !== false && { hsts: { maxAgeSeconds: Math.round(maxAge / 1000), includeSubdomains, preload } }),
  }
}
