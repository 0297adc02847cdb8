/**
 * A repository's address, normalised: two spellings of one repository share one mirror. Pure.
 * Credentials are taken out here, first of all, so that no later step can print them.
 */
import { createHash } from 'node:crypto'
import { isAbsolute, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AppSpec, Auth, GithubApp } from '../domain.ts'
import { TrimtabError } from '../errors.ts'

export interface Credentials {
  username: string
  password: string
}

export interface Address {
  kind: 'local' | 'http' | 'ssh'
  /** The one protocol git may use for it. */
  protocol: 'file' | 'http' | 'https' | 'ssh'
  /** What git is given, and what is printed: an absolute path or a URL, never with credentials. */
  url: string
}

export type SshKey = Extract<Auth, { key: string }>
export interface Remote extends Address {
  /** What is sent over http. Those of a GitHub App are only there once it has been opened (access.ts). */
  credentials: Credentials | null
  /** What the operator wrote of its access, as a hash: the same asked by somebody else is another question. '' for nothing. */
  identity: string
  /** In place of the keys and known hosts of the user who runs trimtab. */
  ssh?: SshKey
  githubApp?: GithubApp
  /** Once it has been opened: where its host is, as far as that is settled. */
  addresses?: string[]
}

/** Where an app's repository is and what opens it. Throws ConfigInvalid for anything but a path, http(s), ssh or scp-like address. */
export function remoteOf(app: Pick<AppSpec, 'repo' | 'auth'>): Remote {
  const { repo } = app
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(repo)) throw invalid(JSON.stringify(repo), 'it holds a control character')
  if (isAbsolute(repo)) return { ...local(repo), credentials: null, identity: '' }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(repo)) return fromUrl(repo, app.auth)
  // git reads `a::b` as "remote helper a", which runs a program of that name.
  const scp = /^((?:[^\s/:@-][^\s/:@]*@)?(?:\[[^\]\s/]+\]|[^\s/:@[\]-][^\s/:@[\]]*)):(?!:)(.+)$/.exec(repo)
  if (scp) return overSsh(repo, app.auth)
  throw invalid(repo, 'it is neither an absolute path nor an address')
}

function fromUrl(repo: string, auth: Auth | undefined): Remote {
  let url: URL
  try {
    url = new URL(repo)
  } catch {
    throw invalid(withoutUserinfo(repo), 'it is no valid URL')
  }
  const inUrl = url.password || url.username ? { username: decode(url.username), password: decode(url.password) } : null
  url.hash = ''
  switch (url.protocol) {
    case 'file:':
      try {
        return { ...local(fileURLToPath(url)), credentials: null, identity: '' }
      } catch {
        throw invalid(repo, 'file:// takes no host: file:///path')
      }
    case 'http:':
    case 'https:': {
      url.username = ''
      url.password = ''
      const credentials = auth && ('token' in auth || 'password' in auth) ? fromAuth(auth, url.hostname) : inUrl
      const protocol = url.protocol === 'http:' ? 'http' : 'https'
      const app = auth && 'githubApp' in auth ? { githubApp: auth.githubApp } : {}
      const identity = identityOf(app.githubApp ?? credentials)
      return { kind: 'http', protocol, url: url.href.replace(/\/+$/, ''), credentials, identity, ...app }
    }
    case 'ssh:':
      url.password = ''
      if (url.hostname === '' || url.hostname.startsWith('-') || url.username.startsWith('-'))
        throw invalid(url.href, 'it names no host')
      return overSsh(url.href, auth)
    default:
      throw invalid(withoutUserinfo(repo), `${url.protocol}// is not supported`)
  }
}

function overSsh(url: string, auth: Auth | undefined): Remote {
  const ssh = auth && 'key' in auth ? { ssh: auth } : {}
  const identity = identityOf(ssh.ssh ?? null)
  return { kind: 'ssh', protocol: 'ssh', url: url.replace(/\/+$/, ''), credentials: null, identity, ...ssh }
}

function identityOf(access: object | null): string {
  return access === null ? '' : createHash('sha256').update(JSON.stringify(access)).digest('hex')
}

function local(path: string): Address {
  const url = normalize(path).replace(/(?<=.)\/+$/, '')
  return { kind: 'local', protocol: 'file', url }
}

/**
 * What the forges take as a user name beside a token. Bitbucket insists on `x-token-auth`
 * (support.atlassian.com, "Repository access tokens"); GitHub documents `x-access-token`; GitLab and Gitea take any.
 */
function fromAuth(auth: { token: string } | Credentials, host: string): Credentials {
  if (!('token' in auth)) return auth
  return { username: host === 'bitbucket.org' ? 'x-token-auth' : 'x-access-token', password: auth.token }
}

/** The value of an `Authorization` header. */
export function basic(credentials: Credentials): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function withoutUserinfo(repo: string): string {
  return repo.replace(/\/\/[^/]*@/, '//')
}

function invalid(repo: string, why: string): TrimtabError {
  const forms = 'an absolute path, file:///path, https://host/path, ssh://user@host/path or user@host:path'
  return new TrimtabError('ConfigInvalid', `repo: ${repo} cannot be used: ${why}. Expected ${forms}.`)
}
