/** What a branch, a tag or nothing at all behind a buildpack's address stands for. */
import type { CommitId } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { Remote } from './address.ts'
import type { Asker } from './ask.ts'
import type { Git } from './git.ts'
import { gitError } from './gitError.ts'
import { listed, nearest } from './missing.ts'
import { tipOf } from './refs.ts'

export interface PackTip {
  /** What git is asked to fetch: a full ref, HEAD, or the commit itself. */
  name: string
  commit: CommitId
}

interface Means {
  git: Git
  ask: Asker
  askMs: number
  /** Any repository of ours, for git to stand in. */
  dir: string
}

const ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

export function isCommitId(ref: string | undefined): ref is CommitId {
  return ref !== undefined && ID.test(ref)
}

/** Asks the repository. A tag comes before a branch of the same name, as git itself has it (gitrevisions(7)). */
export async function findPack(means: Means, remote: Remote, ref: string | undefined): Promise<PackTip> {
  const { ask, dir } = means
  // Also where a ref is named: it finds out where an http address redirects to, and tells best what is wrong with a path.
  const head = ref === undefined || remote.kind !== 'ssh' ? await ask(remote, { branch: undefined }, dir) : null
  if (ref === undefined) {
    const tip = head && tipOf(head, { branch: undefined })
    if (!tip)
      throw new TrimtabError('RepositoryEmpty', `${remote.url} has no commit, or its HEAD names a branch that is not there.`)
    return { name: tip.fullRef, commit: tip.commit }
  }
  const [tag, branch] = [`refs/tags/${ref}`, `refs/heads/${ref}`]
  const found = await list(means, remote, [tag, `${tag}^{}`, branch])
  for (const name of [tag, branch]) {
    const commit = found.get(`${name}^{}`) ?? found.get(name)
    if (commit !== undefined) return { name, commit }
  }
  throw missing(remote, ref, [...(await list(means, remote, ['refs/tags/*', 'refs/heads/*'])).keys()])
}

export function missingCommit(remote: Remote, commit: CommitId): TrimtabError {
  return new TrimtabError('BranchMissing', `${remote.url} has no commit ${commit}.`)
}

/** By full name; what a tag leads to under its name and `^{}`. */
async function list({ git, ask, askMs, dir }: Means, remote: Remote, patterns: string[]): Promise<Map<string, CommitId>> {
  const from = await ask.resolved(remote)
  const result = await git.run(['ls-remote', '--', from.url, ...patterns], { gitDir: dir, remote: from, timeoutMs: askMs })
  if (result.code !== 0) throw gitError(result, remote, askMs)
  const pairs = result.stdout.split('\n').flatMap((line): Array<[string, CommitId]> => {
    const [id = '', name = ''] = line.split('\t')
    return isCommitId(id) && name.startsWith('refs/') ? [[name, id]] : []
  })
  return new Map(pairs)
}

function missing(remote: Remote, ref: string, all: string[]): TrimtabError {
  const names = [...new Set(all.map((name) => name.replace(/^refs\/(?:tags|heads)\/|\^\{\}$/g, '')))].sort()
  if (names.length === 0) return new TrimtabError('RepositoryEmpty', `${remote.url} has no commit.`)
  const near = nearest(ref, names)
  const short = /^[0-9a-f]{7,39}$/.test(ref) ? ' A commit is written with all of its 40 digits.' : ''
  return new TrimtabError(
    'BranchMissing',
    `${remote.url} has no branch or tag ${ref}.${short}${near ? ` Did you mean ${near}?` : ''} There ${names.length === 1 ? 'is' : 'are'}: ${listed(names)}.`,
  )
}
