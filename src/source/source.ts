/** The port `Source`: git repositories, mirrored. See repository.ts for the looking, export.ts for the writing. */
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { GithubApps } from '../credentials/githubApp.ts'
import type { AppSpec, CommitId } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { Head, Source, TreeEntry } from '../ports.ts'
import { certificates } from '../web/certificates.ts'
import { HttpClient } from '../web/httpClient.ts'
import { Access } from './access.ts'
import { type Remote, remoteOf } from './address.ts'
import { type Asker, asker } from './ask.ts'
import { exportTree } from './export.ts'
import { followed } from './follow.ts'
import { Git } from './git.ts'
import { between } from './history.ts'
import { HttpRefs } from './httpRefs.ts'
import type { ExportLimits } from './inventory.ts'
import { Mirror } from './mirror.ts'
import type { Objects } from './objects.ts'
import { GitPacks } from './packs.ts'
import { readable } from './parse.ts'
import { lookupReachable } from './reach.ts'
import { fileAt, folderAt, readTree } from './read.ts'
import { Repository } from './repository.ts'
import { Trust } from './trust/trust.ts'
import { RefWatch } from './watch.ts'

export interface GitSourceOptions {
  /** Absolute path of the state directory; mirrors are kept in `mirrors/` in it. */
  state: string
  /** Default: process.env. Only what git and TLS need of it is used (environment.ts). */
  env?: NodeJS.ProcessEnv
  /** Milliseconds until a connection stands, a question is answered, a fetch is done. Default: 10 s, 30 s, 15 min. */
  timeouts?: { connectMs?: number; askMs?: number; fetchMs?: number }
  /** What one app's tree may hold. Default: 250,000 entries, 4 GiB. */
  limits?: Partial<ExportLimits>
  /** Milliseconds since the epoch. Default: the clock. */
  now?: () => number
}

export function createGitSource(options: GitSourceOptions): Source {
  return new GitSource(options)
}

class GitSource implements Source {
  readonly packs: GitPacks
  readonly #dir: string
  readonly #git: Git
  readonly #http: HttpClient
  readonly #ask: Asker
  readonly #fetchMs: number
  readonly #limits: ExportLimits
  readonly #trust: Trust
  /** By address. */
  readonly #repositories = new Map<string, Repository>()
  /** By path: the one watch of a local repository, and whom it tells. */
  readonly #watches = new Map<string, { watch: RefWatch; tell: Set<() => void> }>()

  constructor({ state, env = process.env, timeouts = {}, limits = {}, now = Date.now }: GitSourceOptions) {
    const { connectMs = 10_000, askMs = 30_000, fetchMs = 900_000 } = timeouts
    this.#dir = join(state, 'mirrors')
    this.#git = new Git(this.#dir, env)
    this.#http = new HttpClient(() => certificates(env), lookupReachable)
    const patience = { connectMs, askMs }
    const access = new Access(new GithubApps(this.#http, patience, now))
    this.#ask = asker({ git: this.#git, http: new HttpRefs(this.#http, patience), access, env, askMs })
    this.#fetchMs = fetchMs
    this.#trust = new Trust(join(state, 'trust'), env, now)
    this.#limits = { entries: 250_000, bytes: 4 * 2 ** 30, ...limits }
    this.packs = new GitPacks({ dir: this.#dir, git: this.#git, ask: this.#ask, askMs, fetchMs, limits: this.#limits })
  }

  async look(app: AppSpec): Promise<Head> {
    this.#git.assertOpen()
    const remote = remoteOf(app)
    return this.#repository(remote).look(remote, followed(app))
  }

  head(app: AppSpec): Head | null {
    const remote = remoteOf(app)
    return this.#repositories.get(remote.url)?.head(remote, followed(app)) ?? null
  }

  trouble(app: AppSpec): TrimtabError | null {
    const remote = remoteOf(app)
    return this.#repositories.get(remote.url)?.trouble(remote, followed(app)) ?? null
  }

  doubt(app: AppSpec, trouble: TrimtabError | null): void {
    const remote = remoteOf(app)
    this.#repository(remote).doubt(remote, followed(app), trouble)
  }

  async verify(app: AppSpec, commit: CommitId, since: CommitId | null): Promise<void> {
    if (!app.verify) return
    const { dir } = this.#repository(remoteOf(app)).mirror
    await this.#trust.verify(app.verify, commit, since, {
      read: (id) => this.#reading(app, id, (objects) => objects.read(id, 'commit')),
      between: (from, to, limit) => between(this.#git, dir, from, to, limit),
    })
  }

  listsOf(app: AppSpec): string {
    return app.verify ? this.#trust.digest(app.verify) : ''
  }

  async changed(app: AppSpec, from: CommitId, to: CommitId): Promise<string[]> {
    return this.#reading(app, to, async (objects) => {
      // It may have been rewritten away long ago: the mirror is whole without it.
      await objects.read(from, 'commit').catch((cause: unknown) => {
        throw new TrimtabError('SourceUnreachable', `${from} is not here to be compared with.`, { retry: true, cause })
      })
      const { dir } = this.#repository(remoteOf(app)).mirror
      const args = ['diff-tree', '-r', '--name-only', '--no-renames', '-z', from, to]
      const { code, stdout, stderr } = await this.#git.run(args, { gitDir: dir, timeoutMs: 60_000 })
      if (code !== 0)
        throw new TrimtabError('SourceUnreachable', `${from} and ${to} cannot be compared: ${stderr}`, { retry: true })
      return stdout.split('\0').filter((path) => path !== '')
    })
  }

  async entries(app: AppSpec, commit: CommitId, path: string): Promise<TreeEntry[]> {
    return this.#reading(app, commit, async (objects) => {
      const entries = await readTree(objects, await folderAt(objects, commit, path))
      return entries.map(({ name, mode, id }) => ({ name: readable(name), mode: mode.toString(8).padStart(6, '0'), id }))
    })
  }

  async read(app: AppSpec, commit: CommitId, path: string, limit: number): Promise<Buffer | null> {
    return this.#reading(app, commit, (objects) => fileAt(objects, commit, path, limit))
  }

  async export(app: AppSpec, commit: CommitId, path: string, dir: string, options: { omit?: string[] } = {}): Promise<void> {
    await this.#reading(app, commit, (objects) => exportTree(objects, commit, path, dir, options.omit ?? [], this.#limits))
  }

  watch(app: AppSpec, changed: () => void): () => void {
    const { kind, url } = remoteOf(app)
    if (kind !== 'local') return () => {}
    const tell = this.#watches.get(url)?.tell ?? new Set()
    // A listener of its own: the same function may be given twice.
    const listener = () => changed()
    tell.add(listener)
    if (!this.#watches.has(url)) {
      const watch = new RefWatch(url, () => {
        for (const each of [...tell]) each()
      })
      this.#watches.set(url, { watch, tell })
    }
    return () => {
      tell.delete(listener)
      if (tell.size > 0 || this.#watches.get(url)?.tell !== tell) return
      this.#watches.get(url)?.watch.close()
      this.#watches.delete(url)
    }
  }

  async prune(apps: AppSpec[]): Promise<void> {
    const used = new Set(apps.map((app) => mirrorName(remoteOf(app))))
    for (const repository of this.#repositories.values()) {
      if (!used.has(basename(repository.mirror.dir))) await repository.discard()
    }
    for (const name of readdirSync(this.#dir)) {
      const of = /^[0-9a-f]{32}\.git/.exec(name)?.[0]
      if (of !== undefined && !used.has(of)) await rm(join(this.#dir, name), { recursive: true, force: true })
    }
    await this.packs.prune(Date.now())
  }

  async close(): Promise<void> {
    for (const { watch } of this.#watches.values()) watch.close()
    this.#watches.clear()
    for (const { mirror } of this.#repositories.values()) mirror.close()
    this.packs.close()
    this.#trust.close()
    this.#http.close()
    await this.#git.close()
  }

  #reading<T>(app: AppSpec, commit: CommitId, read: (objects: Objects) => Promise<T>): Promise<T> {
    const remote = remoteOf(app)
    return this.#repository(remote).reading(remote, followed(app), commit, read)
  }

  #repository(remote: Remote): Repository {
    const known = this.#repositories.get(remote.url)
    if (known) return known
    const mirror = new Mirror(this.#git, join(this.#dir, mirrorName(remote)))
    const made = new Repository({ git: this.#git, ask: this.#ask, mirror, fetchMs: this.#fetchMs })
    this.#repositories.set(remote.url, made)
    return made
  }
}

/** Of the address alone: apps of one repository share a mirror, whatever their branch or credentials. */
function mirrorName({ url }: Remote): string {
  return `${createHash('sha256').update(url).digest('hex').slice(0, 32)}.git`
}
