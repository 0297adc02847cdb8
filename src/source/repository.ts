/**
 * One repository: its mirror, and what is known of its branches. Everything that asks it or changes its mirror
 * happens one after the other.
 */
import type { CommitId } from '../domain.ts'
import { asTrimtabError, TrimtabError } from '../errors.ts'
import type { Head } from '../ports.ts'
import type { Remote } from './address.ts'
import type { Asker } from './ask.ts'
import { type Follow, isAskable, keyOf } from './follow.ts'
import type { Git } from './git.ts'
import { faultOf, gitError } from './gitError.ts'
import { relation } from './history.ts'
import type { Mirror } from './mirror.ts'
import { missing, noCommit } from './missing.ts'
import { ObjectLost, type Objects } from './objects.ts'
import { doubted, failed, headOf, type Outcome } from './outcome.ts'
import { parseCommit } from './parse.ts'
import { type Tip, tipOf, type Wanted } from './refs.ts'
import { Serial } from './serial.ts'

export class Repository {
  readonly mirror: Mirror
  readonly #git: Git
  readonly #ask: Asker
  readonly #fetchMs: number
  readonly #serial = new Serial()
  /** Looks that were asked for and have not begun. One that has begun is not shared: it may have read the refs already. */
  readonly #waiting = new Map<string, Promise<Head>>()
  readonly #outcomes = new Map<string, Outcome>()
  /** By what is followed: the last head found. */
  readonly #heads = new Map<string, Head>()
  /** What is followed and whose head's objects are in the mirror. */
  readonly #fetched = new Set<string>()

  constructor(parts: { git: Git; ask: Asker; mirror: Mirror; fetchMs: number }) {
    this.#git = parts.git
    this.#ask = parts.ask
    this.mirror = parts.mirror
    this.#fetchMs = parts.fetchMs
  }

  look(remote: Remote, follow: Follow): Promise<Head> {
    const question = questionOf(remote, follow)
    const waiting = this.#waiting.get(question)
    if (waiting) return waiting
    const answer = this.#serial.run(async () => {
      this.#waiting.delete(question)
      try {
        const head = await this.#look(remote, follow)
        this.#outcomes.set(question, { head, error: null })
        return head
      } catch (thrown) {
        const error = asTrimtabError(thrown)
        this.#outcomes.set(question, failed(error, this.#outcomes.get(question)))
        throw error
      }
    })
    this.#waiting.set(question, answer)
    return answer
  }

  head(remote: Remote, follow: Follow): Head | null {
    return headOf(this.#outcomes.get(questionOf(remote, follow)))
  }

  trouble(remote: Remote, follow: Follow): TrimtabError | null {
    return this.#outcomes.get(questionOf(remote, follow))?.error ?? null
  }

  /** What is wrong with its host; what is wrong with the repository itself is not changed by that. */
  doubt(remote: Remote, follow: Follow, error: TrimtabError | null): void {
    const question = questionOf(remote, follow)
    const outcome = doubted(error, this.#outcomes.get(question))
    if (outcome) this.#outcomes.set(question, outcome)
    else this.#outcomes.delete(question)
  }

  /** Reads from the mirror; where that shows it to be damaged, it is rebuilt and read once more. */
  async reading<T>(remote: Remote, follow: Follow, commit: CommitId, read: (objects: Objects) => Promise<T>): Promise<T> {
    this.#ensureOpen()
    const { generation } = this.mirror
    try {
      return await read(this.mirror.objects)
    } catch (thrown) {
      if (!(thrown instanceof ObjectLost)) throw thrown
      const known = this.mirror.has(commit) || [...this.#heads.values()].some((head) => head.commit === commit)
      if (thrown.id === commit && !known && this.mirror.generation === generation) throw this.#notHere(remote, commit, thrown)
      await this.#serial.run(async () => {
        if (this.mirror.generation !== generation && (await isThere(this.mirror.objects, commit))) return
        const refs = await this.#ask(remote, follow, this.mirror.dir)
        const tip = tipOf(refs, follow)
        if (!tip) throw this.#notHere(remote, commit, thrown)
        await this.#rebuild(remote, tip, keyOf(follow))
      })
      return read(this.mirror.objects).catch((again: unknown) => {
        throw again instanceof ObjectLost ? this.#notHere(remote, commit, again) : again
      })
    }
  }

  /** Forgets everything, also on the disk. */
  discard(): Promise<void> {
    return this.#serial.run(async () => {
      this.#outcomes.clear()
      this.#heads.clear()
      this.#fetched.clear()
      await this.mirror.discard()
    })
  }

  async #look(remote: Remote, follow: Follow): Promise<Head> {
    this.#ensureOpen()
    const key = keyOf(follow)
    // A branch that goes away, or moves by force, between question and fetch is asked for once more.
    for (let attempt = 0; ; attempt++) {
      const tip = await this.#tip(remote, follow)
      const last = this.#heads.get(key)
      if (last?.commit === tip.commit && this.#fetched.has(key)) {
        return last.ref === tip.ref ? last : this.#remember(key, { ...last, ref: tip.ref })
      }
      const before = last?.commit ?? this.mirror.tip(key)
      const fetched = await this.#fetch(remote, tip, key)
      if (fetched === 'gone' && attempt < 2) continue
      if (fetched === 'gone') throw await this.#missing(remote, follow)
      return this.#remember(key, await this.#describe(remote, { ...tip, commit: fetched }, key, before))
    }
  }

  async #tip(remote: Remote, follow: Follow): Promise<Tip> {
    const tip = isAskable(follow) ? tipOf(await this.#ask(remote, follow, this.mirror.dir), follow) : null
    if (!tip) throw await this.#missing(remote, follow)
    return tip
  }

  async #missing(remote: Remote, follow: Follow): Promise<TrimtabError> {
    const instead: Wanted = 'tag' in follow ? { tag: '*' } : 'all'
    return missing(remote, await this.#ask(remote, instead, this.mirror.dir), follow)
  }

  /** The commit that is now at the key; the branch may have moved on since it was asked for. */
  async #fetch(remote: Remote, tip: Tip, key: string): Promise<CommitId | 'gone'> {
    if (this.mirror.has(tip.commit)) {
      this.mirror.setTip(key, tip.commit)
      return tip.commit
    }
    if ((tip.commit.length === 64) !== (this.mirror.format === 'sha256')) return this.#rebuild(remote, tip, key)
    this.mirror.objects.warm()
    const from = await this.#ask.resolved(remote)
    const result = await this.mirror.fetch(from, tip.fullRef, key, this.#fetchMs)
    if (result.code === 0) {
      void this.#serial.run(() => this.mirror.tidy()).catch(() => {}) // after this look, before the next; the one after tries again
      return this.#arrived(remote, tip, key)
    }
    const fault = faultOf(result)
    if (fault === 'branch') return 'gone'
    // A mirror that breaks off in the middle also makes the other side complain that we hung up.
    const mayBeOurs =
      fault === 'unknown' || fault === 'gone' || /corrupt|inflate|bad object|packfile|loose object/.test(result.stderr)
    if (mayBeOurs && (await this.mirror.isDamaged())) return this.#rebuild(remote, tip, key)
    throw gitError(result, remote, this.#fetchMs)
  }

  /** Fetches into a new mirror that takes the old one's place. Other branches are fetched again when they are looked at. */
  async #rebuild(remote: Remote, tip: Tip, key: string): Promise<CommitId> {
    await this.mirror.replace(tip.commit.length === 64 ? 'sha256' : 'sha1', async (empty) => {
      const result = await empty.fetch(await this.#ask.resolved(remote), tip.fullRef, key, this.#fetchMs)
      if (result.code !== 0) throw gitError(result, remote, this.#fetchMs)
    })
    this.#fetched.clear()
    return this.#arrived(remote, tip, key)
  }

  /** The commit that was fetched: where it was a tag, what that is of, which takes its place in the mirror. */
  async #arrived(remote: Remote, tip: Tip, key: string): Promise<CommitId> {
    const id = this.mirror.tip(key) ?? tip.commit
    if (tip.fullRef === 'HEAD' || tip.fullRef.startsWith('refs/heads/')) return id
    const args = ['rev-parse', '--quiet', '--verify', `${id}^{commit}`]
    const { stdout } = await this.#git.run(args, { gitDir: this.mirror.dir, timeoutMs: 60_000 })
    const commit = stdout.trim()
    if (commit === '') throw noCommit(remote, tip.ref)
    if (commit !== id) this.mirror.setTip(key, commit)
    return commit
  }

  async #describe(remote: Remote, tip: Tip, key: string, before: CommitId | null): Promise<Head> {
    let { commit } = tip
    const read = () => this.mirror.objects.read(commit, 'commit')
    const data = await read().catch(async (thrown: unknown) => {
      if (!(thrown instanceof ObjectLost)) throw thrown
      commit = await this.#rebuild(remote, tip, key)
      return read()
    })
    const { message, committedAt } = parseCommit(data)
    const moved = before !== null && before !== commit
    const { objects, dir } = this.mirror
    const since = moved
      ? { commit: before, how: await relation(this.#git, dir, objects, before, commit) }
      : this.#heads.get(key)?.since
    return { ref: tip.ref, commit, message, committedAt, since: since ?? null }
  }

  #remember(key: string, head: Head): Head {
    this.#heads.set(key, head)
    this.#fetched.add(key)
    return head
  }

  #ensureOpen(): void {
    if (this.mirror.isOpen()) return
    this.#fetched.clear()
    this.mirror.open()
  }

  #notHere(remote: Remote, commit: CommitId, cause: unknown): TrimtabError {
    const message = `Commit ${commit} is not in ${remote.url} any more (its branch was rewritten or deleted).`
    return new TrimtabError('SourceUnreachable', message, { retry: true, cause })
  }
}

/** The same asked with other credentials is another question: its answer may be a refusal. */
function questionOf(remote: Remote, follow: Follow): string {
  return JSON.stringify([keyOf(follow), remote.identity])
}

async function isThere(objects: Objects, commit: CommitId): Promise<boolean> {
  return objects.read(commit, 'commit').then(
    () => true,
    () => false,
  )
}
