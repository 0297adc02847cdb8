/** Real git repositories for tests, made quickly and untouched by the settings of whoever runs them. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A file's content; or an executable file, a link, or (null) its removal. */
export type Content = string | Buffer | { executable: string } | { link: string } | null

export interface Repo {
  dir: string
  /** Runs git in it; gives stdout without the last newline. */
  git(...args: string[]): string
  write(files: Record<string, Content>): Repo
  /** Commits everything that is there; gives the commit's id. */
  commit(message?: string): string
  /** Reverts the last commit (or `commit`); gives the new commit's id. */
  revert(commit?: string): string
  head(): string
}

/** For every git of a test. Commits made within one second differ by their time all the same. */
export function gitEnv(): NodeJS.ProcessEnv {
  clock++
  const date = `${1_700_000_000 + clock} +0000`
  return {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'trimtab tests',
    GIT_AUTHOR_EMAIL: 'tests@localhost',
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: 'trimtab tests',
    GIT_COMMITTER_EMAIL: 'tests@localhost',
    GIT_COMMITTER_DATE: date,
  }
}
let clock = 0

/** Makes a repository with a work tree at `dir` (created), on `branch`. Options go to `git init`. */
export function makeRepo(dir: string, branch = 'main', options: string[] = []): Repo {
  mkdirSync(dir, { recursive: true })
  const repo = openRepo(dir)
  repo.git('init', '--quiet', `--initial-branch=${branch}`, ...options)
  repo.git('config', 'gc.auto', '0')
  return repo
}

/** A repository that is there already. */
export function openRepo(dir: string): Repo {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: dir, env: gitEnv(), encoding: 'utf8', stdio: 'pipe' }).replace(/\n$/, '')
  const head = () => git('rev-parse', 'HEAD')
  const repo: Repo = {
    dir,
    git,
    head,
    write(files) {
      for (const [path, content] of Object.entries(files)) put(join(dir, path), content)
      return repo
    },
    commit(message = 'A change') {
      git('add', '--all')
      git('commit', '--quiet', '--allow-empty', '--message', message)
      return head()
    },
    revert(commit = 'HEAD') {
      git('revert', '--no-edit', commit)
      return head()
    },
  }
  return repo
}

function put(file: string, content: Content): void {
  rmSync(file, { recursive: true, force: true })
  if (content === null) return
  mkdirSync(dirname(file), { recursive: true })
  if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(file, content)
  else if ('link' in content) symlinkSync(content.link, file)
  else {
    writeFileSync(file, content.executable)
    chmodSync(file, 0o755)
  }
}
