/** The port `PackSource`: mirrors of buildpacks. See packRefs.ts for what a ref stands for. */
import { createHash } from 'node:crypto'
import { readdirSync, statSync, utimesSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommitId } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { PackSource, TreeEntry } from '../ports.ts'
import { type Remote, remoteOf } from './address.ts'
import type { Asker } from './ask.ts'
import { exportTree } from './export.ts'
import type { Git } from './git.ts'
import { authHint, gitError } from './gitError.ts'
import type { ExportLimits } from './inventory.ts'
import { Mirror } from './mirror.ts'
import { ObjectLost, type Objects } from './objects.ts'
import { findPack, isCommitId, missingCommit, type PackTip } from './packRefs.ts'
import { readable } from './parse.ts'
import { folderAt, readTree } from './read.ts'
import { Serial } from './serial.ts'

/** Where the last fetch put what it found; a commit that is kept has a key of its own. */
const FETCHED = 'fetched'
/** In milliseconds: what no build has asked for in so long is fetched again when it is. */
const STALE_MS = 60 * 86_400_000

interface Shelf {
  remote: Remote
  mirror: Mirror
  serial: Serial
}

export interface GitPacksOptions {
  /** Where mirrors are kept; those of buildpacks begin with `pack-`. */
  dir: string
  git: Git
  ask: Asker
  askMs: number
  fetchMs: number
  limits: ExportLimits
}

export class GitPacks implements PackSource {
  readonly #options: GitPacksOptions
  /** By address. */
  readonly #shelves = new Map<string, Shelf>()

  constructor(options: GitPacksOptions) {
    this.#options = options
  }

  async fetch(repo: string, ref: string | undefined): Promise<CommitId> {
    const shelf = this.#shelf(repo)
    if (ref !== undefined && this.#has(shelf, ref)) return ref
    return shelf.serial.run(() => this.#fetch(shelf, ref))
  }

  entries(repo: string, commit: CommitId, path: string): Promise<TreeEntry[]> {
    return this.#reading(repo, commit, async (objects) => {
      try {
        const entries = await readTree(objects, await folderAt(objects, commit, path))
        return entries.map(({ name, mode, id }) => ({ name: readable(name), mode: mode.toString(8).padStart(6, '0'), id }))
      } catch (thrown) {
        if (thrown instanceof TrimtabError && thrown.code === 'PathMissing') return []
        throw thrown
      }
    })
  }

  export(repo: string, commit: CommitId, dir: string): Promise<void> {
    return this.#reading(repo, commit, (objects) => exportTree(objects, commit, '', dir, [], this.#options.limits))
  }

  /** Removes the mirrors of packs that nobody has asked for in a long time. */
  async prune(now: number): Promise<void> {
    for (const name of readdirSync(this.#options.dir)) {
      if (!/^pack-[0-9a-f]{32}\.git$/.test(name)) continue
      const dir = join(this.#options.dir, name)
      if (now - statSync(dir).mtimeMs < STALE_MS) continue
      const shelf = [...this.#shelves.values()].find(({ mirror }) => mirror.dir === dir)
      if (shelf) await shelf.serial.run(() => shelf.mirror.discard())
      else await rm(dir, { recursive: true, force: true })
    }
  }

  close(): void {
    for (const { mirror } of this.#shelves.values()) mirror.close()
  }

  /** What turns out to be lost or damaged is fetched anew, and read once more. */
  async #reading<T>(repo: string, commit: CommitId, read: (objects: Objects) => Promise<T>): Promise<T> {
    const shelf = this.#shelf(repo)
    await this.fetch(repo, commit)
    try {
      return await read(shelf.mirror.objects)
    } catch (thrown) {
      if (!(thrown instanceof ObjectLost)) throw thrown
      await shelf.serial.run(async () => {
        await shelf.mirror.discard()
        await this.#fetch(shelf, commit)
      })
      return read(shelf.mirror.objects)
    }
  }

  async #fetch(shelf: Shelf, ref: string | undefined): Promise<CommitId> {
    const { git, ask, askMs } = this.#options
    const { remote, mirror } = shelf
    git.assertOpen()
    if (!mirror.isOpen()) mirror.open()
    try {
      const tip = isCommitId(ref) ? { name: ref, commit: ref } : await findPack({ git, ask, askMs, dir: mirror.dir }, remote, ref)
      if (this.#has(shelf, tip.commit)) return tip.commit
      if ((tip.commit.length === 64) === (mirror.format === 'sha256')) return await this.#bring(mirror, remote, tip)
      let commit = tip.commit
      await mirror.replace(tip.commit.length === 64 ? 'sha256' : 'sha1', async (empty) => {
        commit = await this.#bring(empty, remote, tip)
      })
      return commit
    } catch (thrown) {
      throw withoutHints(thrown, remote)
    }
  }

  /** A branch may have moved since it was asked for: what has come is what counts. */
  async #bring(mirror: Mirror, remote: Remote, tip: PackTip): Promise<CommitId> {
    const { git, ask, fetchMs } = this.#options
    const from = await ask.resolved(remote)
    const isId = isCommitId(tip.name)
    const result = await mirror.fetch(from, tip.name, FETCHED, fetchMs, { depth: 1 })
    if (result.code !== 0) {
      if (!isId || !/not our ref|unadvertised object|couldn't find remote ref|upload-pack: not our/i.test(result.stderr)) {
        throw gitError(result, remote, fetchMs)
      }
      // Servers that give only what a branch or a tag names (git before protocol v2) give all of it.
      const all = await mirror.fetchAll(from, fetchMs)
      if (all.code !== 0) throw gitError(all, remote, fetchMs)
    }
    const found = await git.run(['rev-parse', '--quiet', '--verify', `${isId ? tip.name : mirror.tip(FETCHED)}^{commit}`], {
      gitDir: mirror.dir,
      timeoutMs: 60_000,
    })
    const commit = found.stdout.trim()
    if (!isCommitId(commit) || (isId && commit !== tip.name)) throw missingCommit(remote, tip.name)
    mirror.setTip(keyOf(commit), commit)
    return commit
  }

  /** Whether a commit is here, with all that it needs. Notes that it was asked for. */
  #has({ mirror }: Shelf, commit: string): boolean {
    if (!isCommitId(commit) || mirror.tip(keyOf(commit)) !== commit) return false
    const now = Date.now() / 1000
    utimesSync(mirror.dir, now, now)
    return true
  }

  #shelf(repo: string): Shelf {
    const remote = { ...remoteOf({ repo }), credentials: null }
    const known = this.#shelves.get(remote.url)
    if (known) return known
    const name = `pack-${createHash('sha256').update(remote.url).digest('hex').slice(0, 32)}.git`
    const made = { remote, mirror: new Mirror(this.#options.git, join(this.#options.dir, name)), serial: new Serial() }
    this.#shelves.set(remote.url, made)
    return made
  }
}

function keyOf(commit: CommitId): string {
  return `commit ${commit}`
}

/** What is advised about an app's repository is no advice about a buildpack's. */
function withoutHints(thrown: unknown, remote: Remote): unknown {
  if (!(thrown instanceof TrimtabError)) return thrown
  const { code, message, retry, cause } = thrown
  if (code === 'RepositoryGone') {
    const why = remote.kind === 'local' ? '' : ' that can be read without credentials'
    return new TrimtabError(code, `there is no git repository${why} at ${remote.url}.`, { cause })
  }
  const hint = remote.kind === 'http' ? 'Buildpacks are read without credentials.' : authHint(remote)
  const told = message.replace(authHint(remote), hint).replace('set `repo` to it', 'name that')
  return new TrimtabError(code, told, { retry, cause })
}
