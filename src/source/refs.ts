/** What a repository answered when asked for its refs, and which commit that makes of what an app follows. Pure. */
import type { AppSpec, CommitId } from '../domain.ts'
import { highest, literalHead } from './tags.ts'

export interface Refs {
  /** The branch HEAD names, also if it has no commit yet (null: detached, or not told), and the commit HEAD is at. */
  head: { branch: string | null; commit: CommitId | null }
  /** By branch name without refs/heads/. Only those that were asked for. */
  branches: Map<string, CommitId>
  /** By name without refs/tags/, and what it leads to in the end. Only those that were asked for. */
  tags: Map<string, string>
  /** Others, by full name. */
  others: Map<string, CommitId>
}

/** What of its repository an app follows: a branch (undefined: HEAD), the highest of some tags, or a ref by its full name. */
export type Follow = { branch: string | undefined } | { tag: string } | { ref: string }

/** HEAD and what is followed, or HEAD and all branches. */
export type Wanted = Follow | 'all'

/** Where that points. */
export interface Tip {
  /** A branch's or a tag's name, another ref's full one, or 'HEAD'. */
  ref: string
  /** The same as git's full name, for fetching. */
  fullRef: string
  commit: CommitId
}

const HEADS = 'refs/heads/'
const TAGS = 'refs/tags/'

export function followed({ ref, tag, branch }: AppSpec): Follow {
  if (ref !== undefined) return { ref }
  return tag !== undefined ? { tag } : { branch }
}

/** What the full names of the wanted refs begin with; HEAD's is not among them. `whole`: that is all of the name. */
export function prefixOf(wanted: Wanted): { prefix: string; whole: boolean } | null {
  if (wanted === 'all') return { prefix: HEADS, whole: false }
  if ('tag' in wanted) return { prefix: TAGS + literalHead(wanted.tag), whole: false }
  if ('ref' in wanted) return { prefix: wanted.ref, whole: true }
  return wanted.branch === undefined ? null : { prefix: HEADS + wanted.branch, whole: true }
}

/** null: it points nowhere. */
export function tipOf(refs: Refs, follow: Follow): Tip | null {
  if ('tag' in follow) return newest(refs, follow.tag)
  if ('ref' in follow) {
    const commit = refs.others.get(follow.ref)
    return commit ? { ref: follow.ref, fullRef: follow.ref, commit } : null
  }
  const { head } = refs
  const name = follow.branch ?? head.branch
  const commit = follow.branch === undefined ? head.commit : refs.branches.get(follow.branch)
  if (!commit) return null
  return name === null ? { ref: 'HEAD', fullRef: 'HEAD', commit } : { ref: name, fullRef: HEADS + name, commit }
}

/** Comparing ten thousand versions takes a while, and the same answer is looked at again at every poll. */
const newestOf = new WeakMap<Refs, Map<string, string | null>>()

function newest(refs: Refs, pattern: string): Tip | null {
  const known = newestOf.get(refs) ?? new Map<string, string | null>()
  newestOf.set(refs, known)
  let ref = known.get(pattern)
  if (ref === undefined) {
    ref = highest(pattern, refs.tags.keys())
    known.set(pattern, ref)
  }
  const commit = ref === null ? undefined : refs.tags.get(ref)
  return ref === null || commit === undefined ? null : { ref, fullRef: TAGS + ref, commit }
}

/**
 * From one line of git's own answers: `<id> <name>`, where a symbolic ref leads, and `<id> <name>^{}` for what an annotated tag is of.
 * Pseudo-refs but HEAD are passed over.
 */
export function addRef(refs: Refs, name: string, id: CommitId | null, target?: string): void {
  if (name === 'HEAD') {
    refs.head.commit = id ?? refs.head.commit
    if (target?.startsWith(HEADS)) refs.head.branch = target.slice(HEADS.length)
  } else if (!id) return
  else if (name.startsWith(HEADS)) refs.branches.set(name.slice(HEADS.length), id)
  else if (name.startsWith(TAGS)) refs.tags.set(name.slice(TAGS.length).replace(/\^\{\}$/, ''), id)
  else if (name.startsWith('refs/')) refs.others.set(name, id)
}

export function noRefs(): Refs {
  return { head: { branch: null, commit: null }, branches: new Map(), tags: new Map(), others: new Map() }
}

/** git-check-ref-format(1), for a branch's name. */
export function isBranchName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: git forbids them
  if (name === '' || name === '@' || /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\.$|^\/|\/$|^-/.test(name)) return false
  return name.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'))
}

/** Whether what is followed may be asked for at all. */
export function isAskable(follow: Follow): boolean {
  if ('tag' in follow) return true
  if ('ref' in follow) return follow.ref.startsWith('refs/') && isBranchName(follow.ref)
  return follow.branch === undefined || isBranchName(follow.branch)
}
