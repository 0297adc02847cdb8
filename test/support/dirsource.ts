import { createHash } from 'node:crypto'
import { chmod, cp, lstat, mkdir, readdir, readFile, readlink, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { AppSpec } from '../../src/domain.ts'
import { TrimtabError } from '../../src/errors.ts'
import type { PackSource, Source, TreeEntry } from '../../src/ports.ts'

/** Files of a tree: text, or text with a mode, or a link's target. */
export type Tree = Record<string, string | { text: string | Uint8Array; mode?: number } | { link: string }>

/**
 * A Source over plain folders, for tests of what stands behind it: `<root>/<commit>/` is the tree of a commit. Ids are
 * git's (a hash of the content), so that equal trees have equal ids; it refuses nothing, the true one does.
 */
export class DirSource implements Source {
  readonly root: string
  /** No network. */
  readonly packs: PackSource = { fetch: away, entries: away, export: away }

  constructor(root: string) {
    this.root = root
  }

  /** Makes a commit of these files. Named by its content: the same tree again is the same commit. */
  async commit(tree: Tree): Promise<string> {
    const commit = createHash('sha1').update(JSON.stringify(tree)).digest('hex')
    const dir = join(this.root, commit)
    await rm(dir, { recursive: true, force: true })
    await mkdir(dir, { recursive: true })
    for (const [path, what] of Object.entries(tree)) await put(join(dir, path), what)
    return commit
  }

  /** Makes a commit of an existing folder. */
  async commitFolder(folder: string): Promise<string> {
    const commit = createHash('sha1')
      .update(await hashOf(folder))
      .digest('hex')
    await cp(folder, join(this.root, commit), { recursive: true, verbatimSymlinks: true })
    return commit
  }

  trouble(): null {
    return null
  }

  doubt(): void {}

  /** Everybody is trusted. */
  async verify(): Promise<void> {}

  listsOf(): string {
    return ''
  }

  async changed(): Promise<never> {
    throw new TrimtabError('SourceUnreachable', 'plain folders have no history')
  }

  async entries(_app: AppSpec, commit: string, path: string): Promise<TreeEntry[]> {
    const dir = join(this.root, commit, path)
    const stat = await lstat(dir).catch(() => null)
    if (!stat?.isDirectory()) throw new TrimtabError('PathMissing', `There is no folder ${path} in this commit.`)
    const names = (await readdir(dir)).sort()
    return Promise.all(
      names.map(async (name) => ({ name, mode: await modeOf(join(dir, name)), id: await hashOf(join(dir, name)) })),
    )
  }

  async read(_app: AppSpec, commit: string, path: string, limit: number): Promise<Buffer | null> {
    const file = join(this.root, commit, path)
    const stat = await lstat(file).catch(() => null)
    if (!stat?.isFile()) return null
    if (stat.size > limit) throw new TrimtabError('SourceInvalid', `${path} is larger than ${limit} bytes.`)
    return readFile(file)
  }

  async export(app: AppSpec, commit: string, path: string, dir: string, options: { omit?: string[] } = {}): Promise<void> {
    for (const entry of await this.entries(app, commit, path)) {
      if (options.omit?.includes(entry.name)) continue
      const from = join(this.root, commit, path, entry.name)
      await cp(from, join(dir, entry.name), { recursive: true, verbatimSymlinks: true })
      if (entry.mode.startsWith('100')) await utimes(join(dir, entry.name), 0, 0)
    }
  }

  async look(): Promise<never> {
    throw new TrimtabError('Internal', 'DirSource has no heads.')
  }

  head(): null {
    return null
  }

  watch(): () => void {
    return () => {}
  }

  async prune(): Promise<void> {}

  async close(): Promise<void> {}
}

async function away(repo: string): Promise<never> {
  throw new TrimtabError('SourceUnreachable', `${repo} cannot be read: there is no network.`, { retry: true })
}

async function put(path: string, what: Tree[string]): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  if (typeof what === 'object' && 'link' in what) {
    return symlink(what.link, path)
  }
  await writeFile(path, typeof what === 'string' ? what : what.text)
  if (typeof what === 'object') await chmod(path, what.mode ?? 0o755)
}

async function modeOf(path: string): Promise<string> {
  const stat = await lstat(path)
  if (stat.isSymbolicLink()) return '120000'
  if (stat.isDirectory()) return '040000'
  return (stat.mode & 0o100) === 0 ? '100644' : '100755'
}

async function hashOf(path: string): Promise<string> {
  const mode = await modeOf(path)
  const hash = createHash('sha1').update(mode)
  if (mode === '120000') hash.update(await readlink(path))
  else if (mode !== '040000') hash.update(await readFile(path))
  else for (const name of (await readdir(path)).sort()) hash.update(`${name}\0${await hashOf(join(path, name))}`)
  return hash.digest('hex')
}
