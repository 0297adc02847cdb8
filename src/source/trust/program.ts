/** Runs the programs that know signatures. Arguments as an array, nothing of the operator's environment but where programs are. */
import { type ChildProcess, spawn } from 'node:child_process'
import { Lane } from '../serial.ts'

export interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

/** There is no such program, or it did not end: a person has to see to it. */
export class ProgramFailed extends Error {}

const LIMIT_MS = 30_000
/** Bytes of output that are more than any honest answer. */
const MOST = 1 << 20

const PACKAGES: Record<string, string> = { gpg: 'gnupg', 'ssh-keygen': 'openssh-client' }

export class Programs {
  readonly #path: string
  readonly #lane = new Lane(4)
  readonly #running = new Set<ChildProcess>()

  constructor(env: NodeJS.ProcessEnv) {
    this.#path = env.PATH ?? ''
  }

  /** Runs to the end, whatever the exit code. `home`: a folder that is its alone. Throws ProgramFailed. */
  run(program: string, args: string[], home: string, input: Buffer): Promise<Ran> {
    return this.#lane.run(() => this.#run(program, args, home, input))
  }

  close(): void {
    for (const child of this.#running) child.kill('SIGKILL')
  }

  #run(program: string, args: string[], home: string, input: Buffer): Promise<Ran> {
    return new Promise((resolve, reject) => {
      const env = { PATH: this.#path, HOME: home, LC_ALL: 'C' }
      const child = spawn(program, args, { cwd: home, env, stdio: ['pipe', 'pipe', 'pipe'] })
      this.#running.add(child)
      const out = { stdout: '', stderr: '' }
      let why: string | null = null
      const stop = (reason: string) => {
        why ??= reason
        child.kill('SIGKILL')
      }
      const timer = setTimeout(() => stop(`did not end within ${LIMIT_MS / 1000} s`), LIMIT_MS)
      for (const name of ['stdout', 'stderr'] as const) {
        child[name].setEncoding('utf8').on('data', (text: string) => {
          out[name] += text
          if (out[name].length > MOST) stop('says more than can be meant')
        })
      }
      child.stdin.on('error', () => {}) // it ended without reading; its exit says why
      child.stdin.end(input)
      child.once('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer)
        this.#running.delete(child)
        const install = `is not installed, or not in PATH. Install it, e.g. \`apt-get install ${PACKAGES[program] ?? program}\``
        reject(new ProgramFailed(`${program} ${error.code === 'ENOENT' ? install : `cannot be run (${error.code})`}`))
      })
      child.once('close', (code) => {
        clearTimeout(timer)
        this.#running.delete(child)
        if (why !== null) reject(new ProgramFailed(`${program} ${why}`))
        else resolve({ code, ...out })
      })
    })
  }
}
