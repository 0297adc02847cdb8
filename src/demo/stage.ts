/** The demo's scene: a temporary directory with a repository, a platform file and a running trimtab. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from '../http/client.ts'
import { packageRoot } from '../package.ts'

const run = promisify(execFile)

export interface Stage {
  dir: string
  repo: string
  config: string
  /** Where the app answers. */
  url: URL
  client: Client
  /** Commits the work tree as it is; gives the commit. */
  commit(message: string): Promise<string>
  revert(): Promise<string>
  edit(file: string, change: (text: string) => string): Promise<void>
  /** Stops everything that the demo started and removes its directory. */
  strike(): Promise<void>
}

/** Builds the scene and starts trimtab in it. The repository has no commit yet. */
export async function setStage(): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'trimtab-demo-'))
  const repo = join(dir, 'hello')
  const config = join(dir, 'platform.yaml')
  const state = join(dir, 'state')
  const port = await freePort()
  await cp(join(packageRoot, 'examples/hello'), repo, { recursive: true })
  const git = (...args: string[]) => run('git', ['-C', repo, ...args], { env: { ...process.env, ...IDENTITY } })
  await git('init', '--quiet', '--initial-branch=main')
  await writeFile(config, platformFile(port, await freePort()))
  const up = startUp(config, join(dir, 'trimtab.log'))
  const head = async () => (await git('rev-parse', 'HEAD')).stdout.trim()
  return {
    dir,
    repo,
    config,
    url: new URL(`http://hello.apps.localhost:${port}/`),
    client: new Client(state),
    async commit(message) {
      await git('add', '--all')
      await git('commit', '--quiet', '--message', message)
      return head()
    },
    async revert() {
      await git('revert', '--no-edit', 'HEAD')
      return head()
    },
    async edit(file, change) {
      const path = join(repo, file)
      await writeFile(path, change(await readFile(path, 'utf8')))
    },
    async strike() {
      await cli('--config', config, 'down').catch(() => {})
      await ended(up)
      await rm(dir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** The demo's commits are its own, whoever is configured in git. */
const IDENTITY = {
  GIT_AUTHOR_NAME: 'trimtab demo',
  GIT_AUTHOR_EMAIL: 'demo@localhost',
  GIT_COMMITTER_NAME: 'trimtab demo',
  GIT_COMMITTER_EMAIL: 'demo@localhost',
}

function platformFile(routerPort: number, httpPort: number): string {
  return `domain: apps.localhost
state: ./state
poll: 30s
runtime: process
http: {listen: "127.0.0.1:${httpPort}"}
router: {kind: embedded, listen: "127.0.0.1:${routerPort}"}
apps:
  - {name: hello, repo: ./hello, branch: main}
`
}

/** Detached and with its own log, so that --keep can leave it running. */
function startUp(config: string, log: string): ChildProcess {
  const fd = openSync(log, 'a')
  const up = spawn(process.execPath, [join(packageRoot, 'bin/trimtab.js'), '--config', config, 'up'], {
    detached: true,
    stdio: ['ignore', fd, fd],
  })
  closeSync(fd)
  up.unref()
  return up
}

function cli(...args: string[]): Promise<unknown> {
  return run(process.execPath, [join(packageRoot, 'bin/trimtab.js'), ...args])
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  await new Promise<void>((resolve) => {
    // It ends with `down`; one that does not is ended.
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}
