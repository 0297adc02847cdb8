/** Asks git for the refs: for ssh, and wherever the quicker ways do not understand the repository. */
import type { Remote } from './address.ts'
import type { Git } from './git.ts'
import { gitError } from './gitError.ts'
import { addRef, noRefs, prefixOf, type Refs, type Wanted } from './refs.ts'

/** Errors: SourceUnreachable, RepositoryGone. */
export async function lsRemote(git: Git, gitDir: string, remote: Remote, wanted: Wanted, timeoutMs: number): Promise<Refs> {
  const named = prefixOf(wanted)
  const patterns = named ? [named.whole ? named.prefix : `${named.prefix}*`] : []
  const args = ['ls-remote', '--symref', '--', remote.url, 'HEAD', ...patterns]
  const result = await git.run(args, { gitDir, remote, timeoutMs })
  if (result.code !== 0) throw gitError(result, remote, timeoutMs)
  return parseLsRemote(result.stdout)
}

/** `<id>\t<ref>` and `ref: <target>\t<ref>` lines. A pattern also matches longer names; those do no harm. Pure. */
export function parseLsRemote(stdout: string): Refs {
  const refs = noRefs()
  for (const line of stdout.split('\n')) {
    const [left = '', name = ''] = line.split('\t')
    if (left.startsWith('ref: ')) addRef(refs, name, null, left.slice('ref: '.length))
    else addRef(refs, name, left)
  }
  return refs
}
