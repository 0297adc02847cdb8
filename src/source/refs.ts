/** What a repository answered when asked for its refs, and which commit that makes of an app's `branch`. Pure. */
import type { CommitId } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { Address } from './address.ts'

export interface Refs {
  /** The branch HEAD names, also if it has no commit yet (null: detached, or not told), and the commit HEAD is at. */
  head: { branch: string | null; commit: CommitId | null }
  /** By branch name without refs/heads/. Only those that were asked for. */
  branches: Map<string, CommitId>
}

/** HEAD alone, HEAD and one branch, or all branches. */
export type Wanted = { branch: string | undefined } | 'all'

/** Where an app's branch points. */
export interface Tip {
  /** A branch name, or 'HEAD'. */
  ref: string
  /** The same as git's full name, for fetching. */
  fullRef: string
  commit: CommitId
}

const HEADS = 'refs/heads/'

/** null: it points nowhere. */
export function tipOf(refs: Refs, branch: string | undefined): Tip | null {
  const { head } = refs
  const name = branch ?? head.branch
  const commit = branch === undefined ? head.commit : refs.branches.get(branch)
  if (!commit) return null
  return name === null ? { ref: 'HEAD', fullRef: 'HEAD', commit } : { ref: name, fullRef: HEADS + name, commit }
}

/** From one line of git's own answers: `<id> <name>`, and where a symbolic ref leads. Pseudo-refs but HEAD, and tags, are passed over. */
export function addRef(refs: Refs, name: string, id: CommitId | null, target?: string): void {
  if (name === 'HEAD') {
    refs.head.commit = id ?? refs.head.commit
    if (target?.startsWith(HEADS)) refs.head.branch = target.slice(HEADS.length)
  } else if (id && name.startsWith(HEADS)) refs.branches.set(name.slice(HEADS.length), id)
}

export function noRefs(): Refs {
  return { head: { branch: null, commit: null }, branches: new Map() }
}

/** git-check-ref-format(1), for a branch's name. */
export function isBranchName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: git forbids them
  if (name === '' || name === '@' || /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\.$|^\/|\/$|^-/.test(name)) return false
  return name.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'))
}

/** Why there is no tip. `all`: every branch the repository has. */
export function missing(remote: Address, all: Refs, branch: string | undefined): TrimtabError {
  const names = [...all.branches.keys()].sort()
  if (names.length === 0 && !all.head.commit) {
    const message = `${remote.url} has no commit yet. Push one${branch ? ` to ${branch}` : ''}; trimtab goes on by itself.`
    return new TrimtabError('RepositoryEmpty', message)
  }
  const there = names.length === 0 ? 'It has no branches.' : `There ${names.length === 1 ? 'is' : 'are'}: ${listed(names)}.`
  if (branch === undefined) {
    const head = all.head.branch ? `HEAD names the branch ${all.head.branch}, which does not exist` : 'it has no HEAD'
    const next = names.length > 0 ? ' Set `branch` to one of them.' : ''
    return new TrimtabError('BranchMissing', `${remote.url}: ${head}. ${there}${next}`)
  }
  if (!isBranchName(branch))
    return new TrimtabError('BranchMissing', `${JSON.stringify(branch)} is no valid branch name. ${there}`)
  const near = nearest(branch, names)
  return new TrimtabError(
    'BranchMissing',
    `${remote.url} has no branch ${branch}.${near ? ` Did you mean ${near}?` : ''} ${there}`,
  )
}

/** The first of them, in a sentence. */
export function listed(names: string[]): string {
  const more = names.length - 10
  return names.slice(0, 10).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** The one that was most likely meant. */
export function nearest(name: string, names: string[]): string | undefined {
  const limit = name.length < 4 ? 1 : Math.max(2, Math.floor(name.length / 3))
  const near = names.slice(0, 1000).map((other) => ({ other, distance: distance(name.toLowerCase(), other.toLowerCase()) }))
  return near.sort((a, b) => a.distance - b.distance).find((each) => each.distance <= limit)?.other
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replace))
    }
    row = next
  }
  return row[b.length] ?? 0
}
