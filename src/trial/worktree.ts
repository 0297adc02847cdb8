/** A working directory as a commit, in a repository of our own: what git would take of it, and nothing of it is changed. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { TrimtabError } from '../errors.ts'

const run = promisify(execFile)

/** Nobody's: the commit is for the build alone. */
const AUTHOR = ['-c', 'user.name=trimtab', '-c', 'user.email=trimtab@localhost']
/** No hook of the user's, no signature, no editor; and git's own upkeep is not worth its time here. */
const QUIET = [
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'commit.gpgSign=false',
  '-c',
  'gc.auto=0',
  '-c',
  'advice.addEmbeddedRepo=false',
]

export interface Place {
  /** The repository's root, or the folder itself where it is in none. */
  root: string
  /** Where the app is in it; '' is the root. */
  path: string
}

/** Where a folder is, as an app of its repository would be declared. */
export async function placeOf(dir: string): Promise<Place> {
  const root = await git(['-C', dir, 'rev-parse', '--show-toplevel']).catch(() => '')
  if (root === '') return { root: dir, path: '' }
  // A folder that the repository around it ignores is no part of it.
  const isIgnored = await git(['-C', root, 'check-ignore', '--quiet', dir]).then(
    () => true,
    () => false,
  )
  return isIgnored ? { root: dir, path: '' } : { root, path: relative(root, dir).split(sep).join('/') }
}

/** Commits all that is there now, but for what .gitignore names, into the bare repository at `repo`, which is made if need be. */
export async function commitTree(root: string, repo: string): Promise<void> {
  const own = [...QUIET, ...AUTHOR, `--git-dir=${repo}`, `--work-tree=${root}`]
  try {
    if (!existsSync(repo)) await git(['init', '--quiet', '--bare', '--initial-branch=main', repo])
    await git([...own, 'add', '--all', '--', ':/'])
    const tree = await git([...own, 'write-tree'])
    const commit = await git([...own, 'commit-tree', '-m', 'The working directory', tree])
    await git([...own, 'update-ref', 'refs/heads/main', commit])
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim() || (cause as Error).message
    throw new TrimtabError('SourceInvalid', `git cannot take ${root} as it is:\n${said}`, { cause })
  }
}

async function git(args: string[]): Promise<string> {
  // Run by a git hook, say, these would lead to somebody else's repository.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^GIT_(?!CONFIG_NOSYSTEM|CONFIG_GLOBAL)/.test(name)),
  )
  const { stdout } = await run('git', args, { env, maxBuffer: 64 * 1024 * 1024 })
  return stdout.trim()
}
