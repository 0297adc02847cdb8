/**
 * The one file in the route folder that is no app's: what all routes share. Pure. Its name cannot be an app's, and the names in it
 * hold no dot, as all of an app's do.
 */
import { stringify } from 'yaml'
import type { Https } from '../../domain.ts'
import type { Pair } from './certificates.ts'
import { HSTS, metricsPath } from './static.ts'

export const PLATFORM_FILE = '_platform.yml'

export function platformConfig({ key, https, pairs }: { key: string; https: Https | undefined; pairs: Pair[] }): string {
  const { hsts } = https ?? {}
  const config = {
    http: {
      routers: {
        metrics: { entryPoints: ['traefik'], rule: `Path(\`${metricsPath(key)}\`)`, service: 'prometheus@internal' },
      },
      ...(hsts && { middlewares: { [HSTS]: { headers: headersOf(hsts) } } }),
    },
    ...(https && { tls: tlsOf(pairs) }),
  }
  return `# Written by trimtab; changes made here are overwritten.\n${stringify(config, { lineWidth: 0, aliasDuplicateObjects: false })}`
}

function headersOf({ maxAgeSeconds, includeSubdomains, preload }: NonNullable<Https['hsts']>) {
  return { stsSeconds: maxAgeSeconds, stsIncludeSubdomains: includeSubdomains, stsPreload: preload }
}

/** Whoever asks for no name, or for one that no certificate is for, is shown the first. */
function tlsOf(pairs: Pair[]) {
  const [first] = pairs
  return {
    options: { default: { minVersion: 'VersionTLS12' } },
    ...(first && { certificates: pairs, stores: { default: { defaultCertificate: first } } }),
  }
}
