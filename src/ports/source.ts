/** Git repositories. */
import type { AppSpec, CommitId } from '../domain.ts'
import type { TrimtabError } from '../errors.ts'

/** What a repository's branch points at, as last looked up; the commit's objects are in the mirror. */
export interface Head {
  /** The branch's or the tag's name, another ref's full one, or 'HEAD' for a detached one. */
  ref: string
  commit: CommitId
  /** The head commit's whole message. */
  message: string
  committedAt: number
  /** How this commit relates to the one that this branch pointed at before, in this mirror. 'unrelated': no history in common. */
  since: { commit: CommitId; how: 'forward' | 'rewritten' | 'unrelated' } | null
}

/** One entry of a tree; `id` is the git object's. */
export interface TreeEntry {
  name: string
  /** As git writes it: '100644', '100755', '120000' (link), '040000' (folder), '160000' (submodule). */
  mode: string
  id: string
}

export interface Source {
  /**
   * Asks the remote for its refs and, only if the branch moved, fetches. Idempotent; calls for the same repository
   * are serialised, and calls that would ask the same thing at the same time share one question.
   * Errors: SourceUnreachable (retry), RepositoryGone, RepositoryEmpty, BranchMissing.
   */
  look(app: AppSpec): Promise<Head>
  /**
   * What the last look() of this app's branch found, without the network; null before the first. Throws what that look threw, but for a
   * host that did not answer, which says nothing of the branch: what was found before is given then, where there is any.
   */
  head(app: AppSpec): Head | null
  /** Why it cannot be asked just now; null: the last look() went well, or there was none. */
  trouble(app: AppSpec): TrimtabError | null
  /** Somebody has found out for all of its repositories that a host does not answer (null: that it does again): what trouble() tells until the next look(). */
  doubt(app: AppSpec, trouble: TrimtabError | null): void
  /**
   * Whether somebody on the app's lists has signed this commit, and with `commits: every` all that are not in `since`. Returns at once
   * where it has no lists. Throws Untrusted, with who and why; what keeps it from being found out (a missing gpg, an unreadable list) is that too.
   */
  verify(app: AppSpec, commit: CommitId, since: CommitId | null): Promise<void>
  /** Names what the app's lists hold now: another text where that is something else. '' where it has none. Never throws. */
  listsOf(app: AppSpec): string
  /** Paths that differ between two commits. Throws what read() throws. */
  changed(app: AppSpec, from: CommitId, to: CommitId): Promise<string[]>
  /** Folder entries at `path` ('' is the root), in git's order. Throws PathMissing. */
  entries(app: AppSpec, commit: CommitId, path: string): Promise<TreeEntry[]>
  /** The blob at `path`, or null if there is none (or it is not a file). Throws SourceInvalid if larger than `limit` bytes. */
  read(app: AppSpec, commit: CommitId, path: string, limit: number): Promise<Buffer | null>
  /**
   * Writes the tree at `path` into the existing, empty directory `dir`: files, executable bits, links.
   * Throws SourceInvalid, naming the path, for a submodule, a link that leaves the tree, a name that is no plain name
   * ('..', '.git', a NUL), or two names that fall together. Timestamps are the same for every export.
   */
  export(app: AppSpec, commit: CommitId, path: string, dir: string, options?: { omit?: string[] }): Promise<void>
  /** Calls back, soon and possibly too often, when a local repository may have moved. Returns the end of it. Remote ones: does nothing. */
  watch(app: AppSpec, changed: () => void): () => void
  /** Repositories that no app lives in: buildpacks. */
  readonly packs: PackSource
  /** Removes mirrors that none of these apps uses, and those of buildpacks that nobody has asked for in a long time. Idempotent. */
  prune(apps: AppSpec[]): Promise<void>
  /** Ends child processes, watchers, sockets. */
  close(): Promise<void>
}

/** Buildpacks in repositories of their own. A few commits of each are kept, without their history; no credentials are ever sent. */
export interface PackSource {
  /**
   * The commit that a branch, a tag or a whole commit's id stands for now (undefined: HEAD), with its objects in the mirror.
   * Asks the network, unless `ref` is a commit that is here already. Errors, none of which names a line of a file:
   * SourceUnreachable (retry), RepositoryGone, RepositoryEmpty, BranchMissing.
   */
  fetch(repo: string, ref: string | undefined): Promise<CommitId>
  /** Folder entries at `path` of a commit that fetch() has given; [] where there is no such folder. */
  entries(repo: string, commit: CommitId, path: string): Promise<TreeEntry[]>
  /** As Source.export(), of the whole commit; what is missing of it is fetched. */
  export(repo: string, commit: CommitId, dir: string): Promise<void>
}
