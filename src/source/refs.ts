/** What a repository answered when asked for its refs, and which commit that makes of what an app follows. Pure. */
import type { CommitId } from '../domain.ts'
import type { Follow } from './follow.ts'
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
    const commit = named(refs, follow.ref)
    return commit ? { ref: follow.ref, fullRef: follow.ref, commit } : null
  }
  const { head } = refs
  const name = follow.branch ?? head.branch
  const commit = follow.branch === undefined ? head.commit : refs.branches.get(follow.branch)
  if (!commit) return null
  return name === null ? { ref: 'HEAD', fullRef: 'HEAD', commit } : { ref: name, fullRef: HEADS + name, commit }
}

function named({ branches, tags, others }: Refs, ref: string): CommitId | undefined {
  if (ref.startsWith(HEADS)) return branches.get(ref.slice(HEADS.length))
  return ref.startsWith(TAGS) ? tags.get(ref.slice(TAGS.length)) : others.get(ref)
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
