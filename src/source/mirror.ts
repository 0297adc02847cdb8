/**
 * One bare repository that holds what was fetched of one remote. Only trimtab writes it, so what it finds of locks and
 * temporary files when it opens it is left over from a process that was killed.
 *
 * What a branch was at is kept as `refs/trimtab/<hash>`: a flat name, so that a branch `a` deleted for a branch `a/b` is no conflict.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommitId } from '../domain.ts'
import type { Remote } from './address.ts'
import type { Git, GitResult } from './git.ts'
import { Objects } from './objects.ts'

const REFS = 'refs/trimtab'

export class Mirror {
  readonly dir: string
  readonly #git: Git
  #objects: Objects
  #opened = false
  /** Counts up each time everything in it was replaced. */
  generation = 0

  constructor(git: Git, dir: string) {
    this.#git = git
    this.dir = dir
    this.#objects = this.#reader()
  }

  get objects(): Objects {
    return this.#objects
  }

  /** Whether open() was called, and it has not been removed since, by whomever. */
  isOpen(): boolean {
    return this.#opened && existsSync(join(this.dir, REFS))
  }

  /** Makes it usable: creates what is not there, removes what a killed process left. Idempotent. */
  open(): void {
    const format = existsSync(join(this.dir, 'config')) ? this.format : 'sha1'
    sweep(this.dir)
    create(this.dir, format)
    this.#opened = true
  }

  get format(): 'sha1' | 'sha256' {
    return readFileSync(join(this.dir, 'config'), 'utf8').includes('objectFormat = sha256') ? 'sha256' : 'sha1'
  }

  /** What was fetched last under this key. */
  tip(key: string): CommitId | null {
    try {
      return readFileSync(join(this.dir, refName(key)), 'utf8').trim() || null
    } catch {
      return null
    }
  }

  /** Whether a commit was fetched under any key, and so is here with all that it needs. */
  has(commit: CommitId): boolean {
    return readdirSync(join(this.dir, REFS)).some((name) => readFileSync(join(this.dir, REFS, name), 'utf8').trim() === commit)
  }

  setTip(key: string, commit: CommitId): void {
    const file = join(this.dir, refName(key))
    // Outside of refs/, where git would take it for one.
    const temporary = join(this.dir, `tip-${refName(key).slice(REFS.length + 1)}`)
    writeFileSync(temporary, `${commit}\n`)
    renameSync(temporary, file)
  }

  /**
   * Fetches one ref and all it needs; git moves our ref only after it has seen that everything is there.
   * `depth`: so many commits of its history, instead of all.
   */
  fetch(remote: Remote, ref: string, key: string, timeoutMs: number, { depth }: { depth?: number } = {}): Promise<GitResult> {
    const options = depth === undefined ? [] : [`--depth=${depth}`]
    return this.#fetch(remote, [`+${ref}:${refName(key)}`], timeoutMs, options)
  }

  /** Fetches every branch and tag, with their history. */
  fetchAll(remote: Remote, timeoutMs: number): Promise<GitResult> {
    const specs = ['heads', 'tags'].map((kind) => `+refs/${kind}/*:refs/all/${kind}/*`)
    return this.#fetch(remote, specs, timeoutMs, existsSync(join(this.dir, 'shallow')) ? ['--unshallow', '--prune'] : ['--prune'])
  }

  #fetch(remote: Remote, specs: string[], timeoutMs: number, options: string[]): Promise<GitResult> {
    const args = ['fetch', '--quiet', '--force', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance']
    args.push('--no-recurse-submodules', ...options)
    // A local clone may be shallow (a CI checkout); its own limits are then taken over.
    if (remote.kind === 'local') args.push('--update-shallow')
    return this.#git.run([...args, '--', remote.url, ...specs], { gitDir: this.dir, remote, timeoutMs })
  }

  /** Whether commits or trees are missing from it: reads them all, so it is asked only after something failed. */
  async isDamaged(): Promise<boolean> {
    const all = ['rev-list', '--objects', '--quiet', '--all']
    return (await this.#git.run(all, { gitDir: this.dir, timeoutMs: 600_000 })).code !== 0
  }

  /**
   * Replaces everything in it by what `fill` puts into an empty mirror; if `fill` throws, everything stays as it was.
   * The objects are of `format`.
   */
  async replace(format: 'sha1' | 'sha256', fill: (empty: Mirror) => Promise<void>): Promise<void> {
    const next = new Mirror(this.#git, `${this.dir}.new`)
    const old = `${this.dir}.old`
    await Promise.all([rm(next.dir, { recursive: true, force: true }), rm(old, { recursive: true, force: true })])
    create(next.dir, format)
    try {
      await fill(next)
    } finally {
      next.#objects.close()
    }
    this.#objects.close()
    if (existsSync(this.dir)) renameSync(this.dir, old)
    renameSync(next.dir, this.dir)
    this.#objects = this.#reader()
    this.generation++
    await rm(old, { recursive: true, force: true })
  }

  /** Packs loose objects where there are many. By git's own estimate (git-gc(1), gc.auto): one of 256 folders stands for all. */
  async tidy(): Promise<void> {
    const count = (folder: string) => (existsSync(join(this.dir, folder)) ? readdirSync(join(this.dir, folder)).length : 0)
    if (count('objects/17') < 16 && count('objects/pack') < 60) return
    const args = ['-c', 'gc.auto=3000', '-c', 'gc.autoPackLimit=20', '-c', 'gc.autoDetach=false', 'gc', '--auto', '--quiet']
    await this.#git.run(args, { gitDir: this.dir, timeoutMs: 900_000 })
  }

  /** Removes it from the disk; open() makes an empty one. */
  async discard(): Promise<void> {
    this.#objects.close()
    this.#objects = this.#reader()
    this.generation++
    for (const each of ['', '.new', '.old']) await rm(this.dir + each, { recursive: true, force: true })
  }

  close(): void {
    this.#objects.close()
  }

  #reader(): Objects {
    return new Objects(() => this.#git.start(['cat-file', '--batch'], this.dir))
  }
}

function refName(key: string): string {
  return `${REFS}/${createHash('sha256').update(key).digest('hex').slice(0, 40)}`
}

/** What `git init --bare` makes, without its hooks and without a process. */
function create(dir: string, format: 'sha1' | 'sha256'): void {
  for (const each of ['objects/info', 'objects/pack', 'refs/heads', REFS]) mkdirSync(join(dir, each), { recursive: true })
  const version = format === 'sha256' ? 1 : 0
  const extension = format === 'sha256' ? '[extensions]\n\tobjectFormat = sha256\n' : ''
  writeFileSync(
    join(dir, 'config'),
    `[core]\n\trepositoryformatversion = ${version}\n\tbare = true\n\tlogAllRefUpdates = false\n${extension}`,
  )
  writeFileSync(join(dir, 'HEAD'), 'ref: refs/heads/main\n')
}

function sweep(dir: string): void {
  for (const each of ['.new', '.old']) rmSync(dir + each, { recursive: true, force: true })
  if (!existsSync(dir)) return
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && /\.lock$|^tmp_|^gc\.pid$|^tip-/.test(entry.name))
      rmSync(join(entry.parentPath, entry.name), { force: true })
  }
}
