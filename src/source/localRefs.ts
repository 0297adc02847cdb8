/**
 * Reads a local repository's refs without a process. With blocking calls: three small files cost a tenth of what as many
 * round trips through the thread pool do, and a thousand apps are asked in one pass.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { CommitId } from '../domain.ts'
import { addRef, noRefs, prefixOf, type Refs, type Wanted } from './refs.ts'

/** gitrepository-layout(5). They differ in a linked worktree: its HEAD is its own, branches are common. */
export interface GitDirs {
  gitDir: string
  commonDir: string
}

/** The repository at `path`: a work tree, a bare repository, or `path`.git. null: there is none. Throws where it may not look. */
export function findGitDirs(path: string): GitDirs | null {
  for (const candidate of [join(path, '.git'), path, `${path}.git`]) {
    const stat = statSync(candidate, { throwIfNoEntry: false })
    const gitDir = stat?.isFile() ? gitFile(candidate) : candidate
    if (!stat || gitDir === null) continue
    const common = text(join(gitDir, 'commondir'))
    const commonDir = common === null ? gitDir : resolve(gitDir, common.trim())
    if (text(join(gitDir, 'HEAD')) !== null && isThere(join(commonDir, 'objects')) && isThere(join(commonDir, 'refs'))) {
      return { gitDir, commonDir }
    }
  }
  return null
}

/** The nearest folder above `path` that is a repository, for a better message. */
export function repositoryAbove(path: string): string | null {
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) if (isThere(join(at, '.git'))) return at
  return null
}

/** null: what is not read here (reftable, and what annotated tags are of); git has to be asked. Throws DamagedRef. */
export function readLocalRefs({ gitDir, commonDir }: GitDirs, wanted: Wanted): Refs | null {
  if (wanted !== 'all' && 'tag' in wanted) return null
  const refs = noRefs()
  const head = text(join(gitDir, 'HEAD'))?.trim() ?? ''
  // git-config(1), extensions.refStorage: with reftable, HEAD names this branch that cannot be.
  if (head === 'ref: refs/heads/.invalid') return null
  const packed = packedRefs(join(commonDir, 'packed-refs'))
  const find = (ref: string): CommitId | null => (safe(ref) ? lookup(commonDir, packed, ref, 0) : null)
  const named = prefixOf(wanted)
  const target = /^ref:\s*(\S+)$/.exec(head)?.[1]
  if (target !== undefined) {
    const branch = target.startsWith(HEADS) ? target.slice(HEADS.length) : null
    // Where a branch is asked for, HEAD's being damaged is no concern.
    refs.head = { branch, commit: wanted === 'all' || named === null ? find(target) : null }
  } else if (ID.test(head)) refs.head.commit = head
  else throw new DamagedRef('HEAD')
  const names = wanted === 'all' ? [...allBranches(commonDir, packed)].map((name) => HEADS + name) : named ? [named.prefix] : []
  for (const name of names) addRef(refs, name, find(name))
  return refs
}

const HEADS = 'refs/heads/'
const ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/** A ref that names no commit (a full disk, a crash): to be told from one that is not there. */
export class DamagedRef extends Error {
  constructor(ref: string) {
    super(`${ref} is damaged: it names no commit (\`git fsck\` tells more)`)
  }
}

/** The loose file first: git packs a ref before it deletes the file, so one of them always holds it. */
function lookup(commonDir: string, packed: string, ref: string, depth: number): CommitId | null {
  const loose = text(join(commonDir, ref))?.trim()
  if (loose === undefined) {
    const at = packed.indexOf(` ${ref}\n`)
    if (at < 0) return null
    const id = packed.slice(packed.lastIndexOf('\n', at - 1) + 1, at)
    if (!ID.test(id)) throw new DamagedRef(ref)
    return id
  }
  if (ID.test(loose)) return loose
  const target = /^ref:\s*(\S+)$/.exec(loose)?.[1]
  if (target === undefined || !safe(target) || depth > 5) throw new DamagedRef(ref)
  return lookup(commonDir, packed, target, depth + 1)
}

/** It becomes part of a file's name. */
function safe(ref: string): boolean {
  return (
    ref.startsWith('refs/') &&
    !ref.includes('\0') &&
    !ref.includes('\n') &&
    !ref.split('/').some((part) => part === '..' || part === '.' || part === '')
  )
}

function allBranches(commonDir: string, packed: string): Set<string> {
  const names = new Set([...packed.matchAll(/ refs\/heads\/(.+)\n/g)].map((match) => match[1] ?? ''))
  const walk = (prefix: string) => {
    for (const entry of readdirSync(join(commonDir, 'refs/heads', prefix), { withFileTypes: true })) {
      if (entry.isDirectory()) walk(`${prefix}${entry.name}/`)
      else if (!entry.name.endsWith('.lock')) names.add(prefix + entry.name)
    }
  }
  if (isThere(join(commonDir, 'refs/heads'))) walk('')
  return names
}

const cache = new Map<string, { stamp: string; content: string }>()

/** Repositories with many refs have megabytes of them: read again only when the file was replaced. */
function packedRefs(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat) {
    cache.delete(file)
    return ''
  }
  const stamp = `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`
  const known = cache.get(file)
  if (known?.stamp === stamp) return known.content
  const content = text(file) ?? ''
  cache.set(file, { stamp, content })
  return content
}

function gitFile(file: string): string | null {
  const target = /^gitdir: (.+)$/m.exec(text(file) ?? '')?.[1]
  return target === undefined ? null : resolve(dirname(file), target.trim())
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

/** null: no such file, or a folder. */
function text(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return null
    throw thrown
  }
}
