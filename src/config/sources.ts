/** Apps, fleets and forges as they are written → what they come to. */
import { resolve } from 'node:path'
import type { z } from 'zod'
import type { AppSpec, Auth, FleetSpec, ForgeKind, ForgeSpec, GitSpec, NotifySpec, PreviewsSpec, Verify } from '../domain.ts'
import { resolveAddress, transportOf } from './address.ts'
import type { notify } from './notify-schema.ts'
import type { app, auth, fleets, forge, verify } from './source-schema.ts'

/** Public forges, by host: https://docs.github.com/en/rest, https://docs.gitlab.com/api/rest/, https://developer.atlassian.com/cloud/bitbucket/rest/ */
const KNOWN: Record<string, { kind: ForgeKind; api: string }> = {
  'github.com': { kind: 'github', api: 'https://api.github.com' },
  'gitlab.com': { kind: 'gitlab', api: 'https://gitlab.com/api/v4' },
  'bitbucket.org': { kind: 'bitbucket', api: 'https://api.bitbucket.org/2.0' },
  'codeberg.org': { kind: 'forgejo', api: 'https://codeberg.org/api/v1' },
}

const API_PATH: Record<ForgeKind, string> = {
  github: '/api/v3',
  gitea: '/api/v1',
  forgejo: '/api/v1',
  gitlab: '/api/v4',
  bitbucket: '/2.0',
}

/** `host` or `host:port` of an http(s), ssh or scp-like address; null for a path. A port of ssh says nothing of where the web is, so it is left out. */
export function hostOf(repo: string): string | null {
  if (/^(https?|ssh):\/\//.test(repo)) {
    // As it is asked later on: of `https://one\@other/` the host is `one`, and is to get nothing that is for the other.
    const url = URL.canParse(repo) ? new URL(repo) : null
    return (url?.protocol === 'ssh:' ? url.hostname : url?.host)?.toLowerCase() || null
  }
  return /^(?:[^/@:]*@)?(\[[^\]/]+\]|[^/:]+):(?!\/\/)/.exec(repo)?.[1]?.toLowerCase() ?? null
}

/**
 * With what the operator has written for its host, where it names nothing itself: what opens it, and the API. For everything that
 * has a repository, whoever has declared it; a key is for ssh, all else for http and https.
 */
export function withAccess<T extends { repo: string; auth?: Auth; forge?: ForgeSpec }>(
  declared: T,
  { credentials, forges }: GitSpec,
): T {
  const host = hostOf(declared.repo)
  if (host === null) return declared
  const auth = declared.auth ?? own(credentials, host)
  const forge = declared.forge ?? own(forges, host)
  const fits = auth && 'key' in auth === (transportOf(declared.repo) === 'ssh')
  return { ...declared, ...(fits && { auth }), ...(forge && { forge }) }
}

function own<T>(record: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

/** Of the GitHub that has this repository, by its http(s) address. */
export function githubApiOf(repo: string): string {
  const { protocol, host } = new URL(repo)
  return host === 'github.com' ? 'https://api.github.com' : `${protocol}//${host}${API_PATH.github}`
}

/** Which forge, and where its API is. Null: neither written nor to be guessed. */
export function forgeSiteOf(
  written: Pick<z.output<typeof forge>, 'kind' | 'api'>,
  repo: string,
): Pick<ForgeSpec, 'kind' | 'api'> | null {
  const host = hostOf(repo)
  const known = host === null ? undefined : KNOWN[host]
  const kind = written.kind ?? known?.kind
  const scheme = repo.startsWith('http://') ? 'http' : 'https'
  const own = known?.kind === kind ? known?.api : undefined
  const api = written.api ?? own ?? (host !== null && kind ? `${scheme}://${host}${API_PATH[kind]}` : undefined)
  return kind === undefined || api === undefined ? null : { kind, api: api.replace(/\/+$/, '') }
}

/** Null: forgeSiteOf() gives none. */
export function forgeOf(written: z.output<typeof forge>, repo: string, folder: string): ForgeSpec | null {
  const site = forgeSiteOf(written, repo)
  if (!site) return null
  if (!('githubApp' in written)) {
    const { token, username } = written
    return { ...site, token, ...(username !== undefined && { username }) }
  }
  return { ...site, githubApp: keyIn(folder, written.githubApp) }
}

/** With the path of its key made absolute. */
function keyIn<T extends { key: string }>(folder: string, app: T): T {
  return { ...app, key: resolve(folder, app.key) }
}

/** The forge an app's repository is on: its own, else the platform's for that host. Null: there is none to be asked. */
export function forgeFor(
  { forge, repo }: Pick<AppSpec, 'forge' | 'repo'>,
  { forges }: Pick<GitSpec, 'forges'>,
): ForgeSpec | null {
  const host = hostOf(repo)
  return forge ?? (host === null ? null : own(forges, host)) ?? null
}

export function authOf(written: z.output<typeof auth>, folder: string): Auth {
  if ('key' in written) {
    const { key, knownHosts } = written
    return { key: resolve(folder, key), ...(knownHosts !== undefined && { knownHosts: resolve(folder, knownHosts) }) }
  }
  return 'githubApp' in written ? { githubApp: keyIn(folder, written.githubApp) } : written
}

export function verifyOf({ signers, keyring, commits = 'head' }: z.output<typeof verify>, folder: string): Verify {
  return {
    ...(signers !== undefined && { signers: resolve(folder, signers) }),
    ...(keyring !== undefined && { keyring: resolve(folder, keyring) }),
    commits,
  }
}

export function previewsOf({
  label = 'preview',
  limit = 5,
  ttl = 72 * 3_600_000,
}: Partial<Record<'label', string>> & { limit?: number; ttl?: number }): PreviewsSpec {
  return { label, limit, ttlMs: ttl }
}

export function appOf(written: z.output<typeof app>, folder: string): AppSpec {
  const { auth, verify, forge, previews, repo, ...rest } = written
  const spec = forge && forgeOf(forge, repo, folder)
  return {
    ...rest,
    repo: resolveAddress(repo, folder),
    ...(auth && { auth: authOf(auth, folder) }),
    ...(verify && { verify: verifyOf(verify, folder) }),
    ...(spec && { forge: spec }),
    ...(previews && { previews: previewsOf(previews) }),
  }
}

export function fleetOf(written: z.output<typeof fleets>[number], folder: string): FleetSpec {
  const { auth, verify, repo, path, ...rest } = written
  return {
    ...rest,
    repo: resolveAddress(repo, folder),
    ...(rest.discover === undefined && { path: path ?? 'apps.yaml' }),
    ...(auth && { auth: authOf(auth, folder) }),
    ...(verify && { verify: verifyOf(verify, folder) }),
  }
}

/** What misplaced() has let pass. */
export function notifyOf({
  kind,
  on = ['live', 'failed', 'recovered'],
  apps,
  ...keys
}: z.output<typeof notify>[number]): NotifySpec {
  const { url = '', secret = '', server = '', from = '', to = [], username, password } = keys
  const common = { on, ...(apps !== undefined && { apps }) }
  if (kind === 'webhook') return { ...common, kind, url, secret }
  if (kind === 'slack') return { ...common, kind, url }
  return {
    ...common,
    kind,
    server,
    from,
    to,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  }
}
