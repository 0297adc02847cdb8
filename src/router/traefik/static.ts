/**
 * What Traefik is started with (its static configuration), as text. Pure.
 * Its keys: https://doc.traefik.io/traefik/reference/install-configuration/configuration-options/
 */
import { stringify } from 'yaml'
import type { Https, Listen } from '../../domain.ts'
import { DIAL, IDLE_CONNECTIONS, IDLE_S } from '../options.ts'
import type { Place } from './place.ts'

/** For requests in flight when it is told to stop. */
export const GRACE_S = 10

/** Middlewares and certificates that routes do not name are in a file of ours that is no app's (see platform-file.ts). */
export const HSTS = 'hsts'
const RESOLVER = 'acme'

export interface Setting {
  place: Place
  /** The folder of the route files. */
  routes: string
  /** Where it listens, as Traefik writes addresses. */
  http: string
  https: string
  api: string
  /** Part of the API's paths. */
  key: string
  wanted: Https | undefined
  /** Path of the authority's own CA certificates. */
  authority: string | undefined
}

export function staticConfig(setting: Setting): string {
  const { place, routes, wanted } = setting
  const config = {
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    log: { level: 'INFO', format: 'json', filePath: place.log, maxSize: 10, maxBackups: 2 },
    accessLog: { format: 'json', filePath: place.access },
    // Traefik routes only what begins with /api to it, whatever the base path: so that begins with /api as well.
    api: { insecure: true, dashboard: false, basePath: apiPath(setting.key) },
    ping: {},
    metrics: { prometheus: { addServicesLabels: true, manualRouting: true } },
    entryPoints: {
      http: {
        address: setting.http,
        ...transport(),
        ...(wanted?.redirect && { http: { redirections: { entryPoint: redirection(wanted.listen) } } }),
      },
      // Traefik puts this name in front of a route's: in capitals, it makes no other app's name of it.
      ...(wanted && { HTTPS: { address: setting.https, ...transport(), http: secured(wanted) } }),
      // The name that Traefik keeps for itself; routes are on all others.
      traefik: { address: setting.api },
    },
    providers: { providersThrottleDuration: '20ms', file: { directory: routes, watch: true } },
    serversTransport: {
      maxIdleConnsPerHost: IDLE_CONNECTIONS,
      forwardingTimeouts: { idleConnTimeout: `${IDLE_S}s`, dialTimeout: DIAL },
    },
    ...(wanted?.acme && { certificatesResolvers: { [RESOLVER]: { acme: acme(wanted.acme, setting) } } }),
  }
  return `# Written by trimtab; changes made here are overwritten.\n${stringify(config, { lineWidth: 0 })}`
}

export function apiPath(key: string): string {
  return `/api/${key}`
}

export function metricsPath(key: string): string {
  return `/metrics/${key}`
}

/** An address as Go takes it. */
export function addressOf({ host, port }: Listen): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Clients' X-Forwarded-* are not believed, which is the default. */
function transport() {
  return {
    transport: {
      // The time for a whole request to come in: it ends long uploads. An answer may take as long as it likes.
      respondingTimeouts: { readTimeout: '1h', writeTimeout: '0s', idleTimeout: '3m' },
      // The address is free for the next one at once.
      lifeCycle: { requestAcceptGraceTimeout: '0s', graceTimeOut: `${GRACE_S}s` },
    },
  }
}

/** By port, not by entry point: in a container that listens elsewhere. ACME's challenge over HTTP comes first in any case. */
function redirection({ port }: Listen) {
  return { to: `:${port}`, scheme: 'https', permanent: true }
}

/** On the entry point, so that route files are the same with HTTPS and without. */
function secured({ hsts, acme }: Https) {
  return { ...(hsts && { middlewares: [`${HSTS}@file`] }), tls: acme ? { certResolver: RESOLVER } : {} }
}

function acme({ email, challenge, directory }: NonNullable<Https['acme']>, { place, authority }: Setting) {
  return {
    ...(email !== undefined && { email }),
    caServer: directory,
    ...(authority !== undefined && { caCertificates: [authority] }),
    storage: place.acme,
    // Its default, RSA with 4096 bits, takes seconds to make and costs every visitor more.
    keyType: 'EC256',
    ...(challenge === 'http' ? { httpChallenge: { entryPoint: 'http' } } : { tlsChallenge: {} }),
  }
}
