/** Apps, fleets and forges as they are written → what they come to. */
import { resolve } from 'node:path'
import type { z } from 'zod'
import type { AppSpec, Auth, FleetSpec, ForgeKind, ForgeSpec, NotifySpec, PreviewsSpec, Verify } from '../domain.ts'
import { resolveAddress } from './address.ts'
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
  const url = /^(https?|ssh):\/\/(?:[^@/]*@)?([^/]+)/.exec(repo)
  if (url) return (url[1] === 'ssh' ? url[2]?.replace(/:\d+$/, '') : url[2]) ?? null
  return /^(?:[^/@:]*@)?([^/:]+):(?!\/\/)/.exec(repo)?.[1] ?? null
}

/** Null: neither written nor to be guessed. */
export function forgeOf(written: z.output<typeof forge>, repo: string): ForgeSpec | null {
  const host = hostOf(repo)
  const known = host === null ? undefined : KNOWN[host]
  const kind = written.kind ?? known?.kind
  const scheme = repo.startsWith('http://') ? 'http' : 'https'
  const own = known?.kind === kind ? known?.api : undefined
  const api = written.api ?? own ?? (host !== null && kind ? `${scheme}://${host}${API_PATH[kind]}` : undefined)
  if (kind === undefined || api === undefined) return null
  const { token, username } = written
  return { kind, api: api.replace(/\/+$/, ''), token, ...(username !== undefined && { username }) }
}

export function authOf(written: z.output<typeof auth>, folder: string): Auth {
  if ('key' in written) {
    const { key, knownHosts } = written
    return { key: resolve(folder, key), ...(knownHosts !== undefined && { knownHosts: resolve(folder, knownHosts) }) }
  }
  if (!('githubApp' in written)) return written
  const { key, ...rest } = written.githubApp
  return { githubApp: { ...rest, key: resolve(folder, key) } }
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
  const spec = forge && forgeOf(forge, repo)
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
