/** Who may change what runs: a commit counts if somebody on the operator's lists has signed it. Whatever keeps that from being found out is a no. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { CommitId, Verify } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import { Keyring } from './gpg.ts'
import { ListProblem, type Lists, readLists } from './lists.ts'
import { ProgramFailed, Programs } from './program.ts'
import { committerOf, signedCommit, Unreadable } from './signed.ts'
import { verifySsh } from './ssh.ts'
import { refused, type Verdict } from './verdict.ts'

/** What is asked of the mirror. */
export interface History {
  /** The raw commit. */
  read(commit: CommitId): Promise<Buffer>
  /** Commits that lead to `to` and not to `from`, at most `limit`. null: that cannot be told. */
  between(from: CommitId, to: CommitId, limit: number): Promise<CommitId[] | null>
}

/** So many commits at once are verified; it takes a few milliseconds each. */
const MOST = 10_000
/** In milliseconds. A key may expire, or begin to be valid, while nothing else changes. */
const KEPT_MS = { trusted: 3_600_000, refused: 60_000 }
const VERDICTS = 20_000

export class Trust {
  readonly #dir: string
  readonly #programs: Programs
  readonly #now: () => number
  /** By lists and commit. */
  readonly #verdicts = new Map<string, Judged>()

  /** `dir`: for what only lives as long as a question. What a killed process left there goes. */
  constructor(dir: string, env: NodeJS.ProcessEnv, now: () => number) {
    this.#dir = dir
    this.#programs = new Programs(env)
    this.#now = now
    rmSync(dir, { recursive: true, force: true })
  }

  /** Another one where the content of the lists is another one. Never throws. */
  digest(verify: Verify): string {
    try {
      return `${verify.commits} ${readLists(verify).digest}`
    } catch (thrown) {
      return `${verify.commits} ${(thrown as Error).message}`
    }
  }

  /** Throws Untrusted; and what reading the mirror throws. */
  async verify(verify: Verify, commit: CommitId, since: CommitId | null, history: History): Promise<void> {
    const lists = this.#lists(verify, commit)
    await this.#withKeyring(lists, async (keyring) => {
      await this.#require(commit, commit, { lists, keyring, history })
      if (verify.commits === 'head' || since === null || since === commit) return
      for (const each of await this.#between(since, commit, history)) {
        await this.#require(each, commit, { lists, keyring, history })
      }
    })
  }

  close(): void {
    this.#programs.close()
    rmSync(this.#dir, { recursive: true, force: true })
  }

  #lists(verify: Verify, commit: CommitId): Lists {
    try {
      return readLists(verify)
    } catch (thrown) {
      if (thrown instanceof ListProblem)
        throw untrusted(commit, `cannot be verified: ${thrown.message}. Once that is put right it goes on by itself.`)
      throw thrown
    }
  }

  async #between(since: CommitId, commit: CommitId, history: History): Promise<CommitId[]> {
    const ids = await history.between(since, commit, MOST + 1)
    if (ids === null) {
      const why = `cannot be verified: what lies between it and the deployed commit ${since.slice(0, 12)} is not to be had (its history was rewritten, or is cut off).`
      throw untrusted(commit, `${why} Look at it, and deploy it once with verify: {commits: head}.`)
    }
    if (ids.length > MOST)
      throw untrusted(
        commit,
        `is more than ${MOST} commits ahead of the deployed one. Deploy it once with verify: {commits: head}.`,
      )
    return ids.filter((id) => id !== commit)
  }

  /** `head`: what would be deployed with it. */
  async #require(commit: CommitId, head: CommitId, means: Means): Promise<void> {
    const { verdict, committer } = await this.#judged(commit, means)
    if (verdict.trusted) return
    const by = `by ${committer}, as it says itself`
    throw commit === head
      ? untrusted(head, verdict.why, by)
      : untrusted(head, `comes with ${commit.slice(0, 12)} (${by}), and that ${verdict.why}`)
  }

  async #judged(commit: CommitId, means: Means): Promise<Judged> {
    const key = `${means.lists.digest} ${commit}`
    const known = this.#verdicts.get(key)
    if (known && this.#now() - known.at < KEPT_MS[known.verdict.trusted ? 'trusted' : 'refused']) return known
    const data = await means.history.read(commit)
    const judged = { verdict: await this.#judge(data, commit, means), committer: committerOf(data), at: this.#now() }
    this.#verdicts.delete(key)
    if (this.#verdicts.size >= VERDICTS) this.#verdicts.delete(this.#verdicts.keys().next().value ?? '')
    this.#verdicts.set(key, judged)
    return judged
  }

  async #judge(data: Buffer, commit: CommitId, { lists, keyring }: Means): Promise<Verdict> {
    try {
      const signed = signedCommit(data, commit.length === 64 ? 'sha256' : 'sha1')
      const paths = [lists.signers, lists.keyring].flatMap((list) => (list ? [list.path] : []))
      if (!signed) return refused(`is not signed. Sign it (git commit -S) with a key that is on ${paths.join(' or ')}.`)
      if (signed.kind === 'openpgp') {
        return keyring
          ? await keyring().verify(signed)
          : refused(`is signed with OpenPGP, and its app has no list of such keys (verify: {keyring: …}), only ${paths[0]}.`)
      }
      const { signers } = lists
      if (!signers)
        return refused(
          `is signed with an ssh key, and its app has no list of such keys (verify: {signers: …}), only ${paths[0]}.`,
        )
      return await this.#inFolder((dir) => verifySsh(this.#programs, signers, signed, dir))
    } catch (thrown) {
      if (thrown instanceof Unreadable) return refused(`${thrown.message}.`)
      if (thrown instanceof ProgramFailed) return refused(`cannot be verified: ${thrown.message}.`)
      throw thrown
    }
  }

  /** One keyring for all commits of a question. It is made when the first of them needs it. */
  async #withKeyring(lists: Lists, work: (keyring: Means['keyring']) => Promise<void>): Promise<void> {
    const list = lists.keyring
    if (!list) return work(null)
    let made: { keyring: Keyring; home: string } | undefined
    try {
      await work(() => {
        if (!made) {
          const home = this.#folder()
          made = { home, keyring: new Keyring(this.#programs, list, home) }
        }
        return made.keyring
      })
    } finally {
      if (made) rmSync(made.home, { recursive: true, force: true })
    }
  }

  async #inFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
    const dir = this.#folder()
    try {
      return await work(dir)
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  }

  /** Of mode 0700 (mkdtemp(3)). */
  #folder(): string {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 })
    return mkdtempSync(join(this.#dir, 'at-'))
  }
}

interface Judged {
  verdict: Verdict
  /** As the commit has it. */
  committer: string
  at: number
}

interface Means {
  lists: Lists
  /** null: there is no list of such keys. */
  keyring: (() => Keyring) | null
  history: History
}

function untrusted(commit: CommitId, why: string, by?: string): TrimtabError {
  return new TrimtabError('Untrusted', `Commit ${commit.slice(0, 12)}${by ? ` (${by})` : ''} is not deployed: it ${why}`)
}
