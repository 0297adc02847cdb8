/** Which project of a forge a repository's address names. Pure. */
import type { ForgeKind } from '../domain.ts'
import { TrimtabError } from '../errors.ts'

export interface Project {
  /** Above the last part: a user, an organisation, a workspace; at GitLab groups and their subgroups, with '/' between. */
  owner: string
  name: string
}

/**
 * The project that an http(s), ssh or scp-like address names. Throws ConfigInvalid for a local path, and for one that names none.
 * What stands before the last two parts is where the forge's web begins (`https://host/git/owner/name`); at GitLab it may as well be
 * a group, and is taken for one unless the API's own address begins so.
 */
export function projectOf(repo: string, kind: ForgeKind, api: string): Project {
  const written = pathOf(repo)
  if (written === null) throw unnamed(repo, 'it is a local path')
  const parts = written
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .split('/')
    .filter((part) => part !== '')
  const own = kind === 'gitlab' ? withoutBase(parts, api) : parts.slice(-2)
  if (own.length < 2) throw unnamed(repo, 'it does not end with owner/name')
  if (!own.every((part) => /^(?!\.{1,2}$)[A-Za-z0-9_.~-]+$/.test(part))) throw unnamed(repo, 'it holds what no project is named')
  return { owner: own.slice(0, -1).join('/'), name: own.at(-1) ?? '' }
}

function pathOf(repo: string): string | null {
  const url = /^(?:https?|ssh):\/\/[^/]+\/([^?#]*)/i.exec(repo)
  if (url) return decoded(url[1] ?? '')
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(repo)) return null
  return /^(?:[^/@:]*@)?(?:\[[^\]/]+\]|[^/:[\]]+):(.+)$/.exec(repo)?.[1] ?? null
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** GitLab below a path of its own: https://docs.gitlab.com/install/relative_url/ */
function withoutBase(parts: string[], api: string): string[] {
  const base = new URL(api).pathname
    .replace(/\/api\/v\d+\/*$/, '')
    .split('/')
    .filter((part) => part !== '')
  return base.length > 0 && base.every((part, index) => parts[index] === part) ? parts.slice(base.length) : parts
}

function unnamed(repo: string, why: string): TrimtabError {
  const shown = repo.replace(/\/\/[^/]*@/, '//')
  const next = 'Give the app the address that its forge shows for cloning, such as https://host/owner/name.git.'
  return new TrimtabError('ConfigInvalid', `No project of a forge can be told from repo: ${shown}: ${why}. ${next}`)
}
