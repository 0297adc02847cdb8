/** Asks a repository for its refs, in the cheapest way that it understands. */
import { TrimtabError } from '../errors.ts'
import type { Remote } from './address.ts'
import { proxied } from './environment.ts'
import type { Git } from './git.ts'
import { authHint, gone, unreachable } from './gitError.ts'
import type { HttpRefs } from './httpRefs.ts'
import { findGitDirs, readLocalRefs, repositoryAbove } from './localRefs.ts'
import { lsRemote } from './lsRemote.ts'
import type { Refs, Wanted } from './refs.ts'

export interface Asker {
  /** `gitDir`: any repository of ours, for git to stand in. Errors: SourceUnreachable, RepositoryGone. */
  (remote: Remote, wanted: Wanted, gitDir: string): Promise<Refs>
  /** The address to fetch from, after redirects. */
  resolved(remote: Remote): Remote
}

export function asker(git: Git, http: HttpRefs, env: NodeJS.ProcessEnv, askMs: number): Asker {
  const ask = async (remote: Remote, wanted: Wanted, gitDir: string): Promise<Refs> => {
    const quick = await quickly(remote, wanted)
    return quick ?? lsRemote(git, gitDir, remote, wanted, askMs)
  }
  const quickly = (remote: Remote, wanted: Wanted): Refs | null | Promise<Refs | null> => {
    if (remote.kind === 'local') return askLocal(remote, wanted)
    if (remote.kind === 'ssh' || proxied(new URL(remote.url), env)) return null
    return http.ask(remote, wanted)
  }
  return Object.assign(ask, { resolved: (remote: Remote) => (remote.kind === 'http' ? http.resolved(remote) : remote) })
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
