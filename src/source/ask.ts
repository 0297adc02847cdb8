/** Asks a repository for its refs, in the cheapest way that it understands. */
import { TrimtabError } from '../errors.ts'
import type { Access } from './access.ts'
import type { Remote } from './address.ts'
import { proxied } from './environment.ts'
import type { Git } from './git.ts'
import { authHint, gone, unreachable } from './gitError.ts'
import type { HttpRefs } from './httpRefs.ts'
import { findGitDirs, readLocalRefs, repositoryAbove } from './localRefs.ts'
import { lsRemote } from './lsRemote.ts'
import { requireReachable, settled } from './reach.ts'
import type { Refs, Wanted } from './refs.ts'

export interface Asker {
  /** `gitDir`: any repository of ours, for git to stand in. Errors: SourceUnreachable, RepositoryGone. */
  (remote: Remote, wanted: Wanted, gitDir: string): Promise<Refs>
  /** What to fetch from: the address after redirects, and what opens it now. Errors: SourceUnreachable. */
  resolved(remote: Remote): Promise<Remote>
}

interface Means {
  git: Git
  http: HttpRefs
  access: Access
  env: NodeJS.ProcessEnv
  askMs: number
}

export function asker({ git, http, access, env, askMs }: Means): Asker {
  const viaProxy = (remote: Remote) => remote.kind === 'http' && proxied(new URL(remote.url), env)
  const quickly = (remote: Remote, wanted: Wanted): Refs | null | Promise<Refs | null> => {
    if (remote.kind === 'local') return askLocal(remote, wanted)
    return remote.kind === 'ssh' || viaProxy(remote) ? null : http.ask(remote, wanted)
  }
  // Where a proxy's host is said to be is the proxy's business, which alone can reach it.
  const forGit = async (opened: Remote) => (viaProxy(opened) ? opened : settled(opened))
  const ask = async (remote: Remote, wanted: Wanted, gitDir: string): Promise<Refs> => {
    requireReachable(remote)
    const opened = await access.open(remote)
    try {
      return (await quickly(opened, wanted)) ?? (await lsRemote(git, gitDir, await forGit(opened), wanted, askMs))
    } catch (thrown) {
      access.refused(remote)
      throw thrown
    }
  }
  const resolved = async (remote: Remote) => forGit(await access.open(remote.kind === 'http' ? http.resolved(remote) : remote))
  return Object.assign(ask, { resolved })
}

function askLocal(remote: Remote, wanted: Wanted): Refs | null {
  try {
    const dirs = findGitDirs(remote.url)
    if (dirs) return readLocalRefs(dirs, wanted)
    const above = repositoryAbove(remote.url)
    const hint = above ? ` (It lies inside the repository ${above}: name that as \`repo\`, and the folder as \`path\`.)` : ''
    throw gone(remote, `the path is not there, or is no repository.${hint}`)
  } catch (thrown) {
    if (thrown instanceof TrimtabError) throw thrown
    const { code, message } = thrown as NodeJS.ErrnoException
    throw unreachable(remote, `${message}.${code === 'EACCES' || code === 'EPERM' ? ` ${authHint(remote)}` : ''}`, thrown)
  }
}
