/**
 * Runs the system's git: the one place where it is started.
 *
 * Not through simple-git: a fetch is a tree of processes (git, remote helper or ssh, index-pack), and a time limit that ends
 * only the first leaves the others holding the network and the mirror. So each git gets a process group of its own, which
 * simple-git's spawn options cannot ask for.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { TrimtabError } from '../errors.ts'
import type { Remote } from './address.ts'
import { gitEnvironment } from './environment.ts'
import { permission } from './permission.ts'
import { Lane } from './serial.ts'

export type GitProcess = ChildProcessByStdio<Writable, Readable, Readable>

export interface GitResult {
  /** null: it was ended by a signal. */
  code: number | null
  stdout: string
  stderr: string
  timedOut: boolean
}

export interface GitRun {
  gitDir: string
  timeoutMs: number
  /** Whom it may talk to. Absent: nobody. */
  remote?: Remote
  /** Bytes of output that are more than any honest answer. */
  maxOutput?: number
}

/** Settings of every git we start. Written to a file because git drops its `-c` settings on the way to a local `upload-pack`. */
const CONFIG = `# Written by trimtab; it replaces the user's and the system's git configuration.
[safe]
	# The only foreign repositories these processes open are the ones the operator named.
	directory = *
[core]
	hooksPath = /dev/null
[gc]
	auto = 0
	packRefs = false
[maintenance]
	auto = false
[fetch]
	recurseSubmodules = false
[http]
	# Where to go is settled before git is started; a redirect must not carry the credentials elsewhere.
	followRedirects = false
	lowSpeedLimit = 100
	lowSpeedTime = 60
[advice]
	detachedHead = false
`

export class Git {
  readonly #env: NodeJS.ProcessEnv
  readonly #running = new Set<GitProcess>()
  /** Two lanes, so that hosts which do not answer never hold up a local repository. */
  readonly #lanes = { local: new Lane(4), remote: new Lane(8) }
  #closed = false

  constructor(directory: string, env: NodeJS.ProcessEnv) {
    mkdirSync(directory, { recursive: true })
    const config = join(directory, 'gitconfig')
    writeFileSync(config, CONFIG)
    this.#env = { ...gitEnvironment(env), GIT_CONFIG_GLOBAL: config }
  }

  /** Throws SourceUnreachable after close(). */
  assertOpen(): void {
    if (this.#closed) throw new TrimtabError('SourceUnreachable', 'trimtab is stopping.', { retry: true })
  }

  /** Runs git to its end, whatever its exit code. Throws SourceUnreachable after close(), Internal where there is no git. */
  run(args: string[], options: GitRun): Promise<GitResult> {
    const lane = options.remote && options.remote.kind !== 'local' ? this.#lanes.remote : this.#lanes.local
    return lane.run(() => this.#run(args, options))
  }

  /** Starts a git that reads its questions from stdin; ended by close() at the latest. */
  start(args: string[], gitDir: string, remote?: GitRun['remote']): GitProcess {
    this.assertOpen()
    const child = spawn('git', [`--git-dir=${gitDir}`, ...args], {
      cwd: '/',
      env: { ...this.#env, ...permission(remote) },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#running.add(child)
    child.once('close', () => this.#running.delete(child))
    child.stdin.on('error', () => {}) // it ended first; its exit says why
    return child
  }

  async #run(args: string[], options: GitRun): Promise<GitResult> {
    const child = this.start(args, options.gitDir, options.remote)
    child.stdin.end()
    const stdout: Buffer[] = []
    let stderr = ''
    let size = 0
    let timedOut = false
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > (options.maxOutput ?? 64 << 20)) endGroup(child)
      else stdout.push(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-8192)
    })
    const timer = setTimeout(() => {
      timedOut = true
      endGroup(child)
    }, options.timeoutMs)
    try {
      const code = await ended(child)
      return { code, stdout: Buffer.concat(stdout).toString(), stderr, timedOut }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends every git that runs. */
  async close(): Promise<void> {
    this.#closed = true
    const ends = [...this.#running].map((child) => {
      const end = ended(child).catch(() => {})
      endGroup(child)
      return end
    })
    await Promise.all(ends)
  }
}

function ended(child: GitProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('close', (code) => resolve(code))
    // A connection that ssh shares with later ones (ControlPersist) stays, and holds the pipes open.
    child.once('exit', (code) => {
      setTimeout(() => {
        child.stdout.destroy()
        child.stderr.destroy()
        resolve(code)
      }, 500).unref()
    })
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const message =
        cause.code === 'ENOENT' ? 'git is not installed, or not in PATH. Install it, e.g. `apt-get install git`.' : cause.message
      reject(new TrimtabError('Internal', message, { retry: true, cause }))
    })
  })
}

/** SIGTERM lets git remove its lock files; what is left a second later is killed. */
function endGroup(child: GitProcess): void {
  signalGroup(child, 'SIGTERM')
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), 1000)
  child.once('close', () => clearTimeout(timer))
}

function signalGroup(child: GitProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // It has ended.
  }
}
