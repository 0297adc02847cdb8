/** A real platform for end-to-end tests: the built command line in a process of its own, on a directory of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AppStatus } from '../../src/domain.ts'
import type { EventView, ReleaseView } from '../../src/http/wire.ts'

const cli = join(import.meta.dirname, '../../bin/trimtab.js')

export interface Ran {
  code: number
  out: string
  err: string
}

export interface PlatformOptions {
  /** Lines of platform.yaml's `apps:`, as objects. */
  apps: Array<Record<string, unknown>>
  /** Other keys of platform.yaml. */
  extra?: Record<string, unknown>
  env?: NodeJS.ProcessEnv
}

export class TestPlatform {
  readonly dir = mkdtempSync(join(tmpdir(), 'trimtab-e2e-'))
  readonly state = join(this.dir, 'state')
  readonly config = join(this.dir, 'platform.yaml')
  routerPort = 0
  httpPort = 0
  /** What `up` has printed, over all its lives. */
  output = ''
  private upProcess: ChildProcess | null = null
  private options: PlatformOptions

  private constructor(options: PlatformOptions) {
    this.options = options
  }

  /** A directory with a platform.yaml; nothing runs yet. */
  static async make(options: PlatformOptions = { apps: [] }): Promise<TestPlatform> {
    const platform = new TestPlatform(options)
    platform.routerPort = await freePort()
    platform.httpPort = await freePort()
    platform.configure({})
    return platform
  }

  /** Writes platform.yaml anew, with these changes. JSON is YAML. */
  configure(change: Partial<PlatformOptions>): void {
    this.options = { ...this.options, ...change }
    const file = {
      domain: 'test.localhost',
      state: './state',
      poll: '30s',
      runtime: 'process',
      http: { listen: `127.0.0.1:${this.httpPort}` },
      router: { kind: 'embedded', listen: `127.0.0.1:${this.routerPort}` },
      ...this.options.extra,
      apps: this.options.apps,
    }
    writeFileSync(this.config, JSON.stringify(file, null, 2))
  }

  get pid(): number {
    return this.upProcess?.pid ?? 0
  }

  /** Starts `trimtab up`, and waits until its API answers. Throws, with what it printed, if it ends instead. */
  async up(): Promise<void> {
    const child = spawn(process.execPath, [cli, '--config', this.config, 'up'], {
      env: { ...process.env, NO_COLOR: '1', ...this.options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.upProcess = child
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (this.output += data))
    let ended = false
    child.once('exit', () => {
      ended = true
    })
    await until(async () => {
      if (ended) throw new Error(`up ended (${child.exitCode ?? child.signalCode}):\n${this.output}`)
      return this.answers()
    }, 'the API to answer')
  }

  private answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const call = get({ host: '127.0.0.1', port: this.httpPort, path: '/healthz', agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode === 200)
      })
      call.on('error', () => resolve(false))
    })
  }

  /** Ends `up` with this signal, and waits for its end. Gives its exit code (null: the signal's doing). */
  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    const child = this.upProcess
    this.upProcess = null
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const exit = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
    child.kill(signal)
    return exit
  }

  /** Runs one command of the command line to its end. */
  run(...args: string[]): Promise<Ran> {
    return new Promise((resolve) => {
      const env = { ...process.env, NO_COLOR: '1' }
      execFile(process.execPath, [cli, '--config', this.config, ...args], { env, maxBuffer: 2 ** 26 }, (error, out, err) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, out, err })
      })
    })
  }

  private async json<T>(...args: string[]): Promise<T> {
    const { code, out, err } = await this.run(...args, '--json')
    if (code !== 0) throw new Error(`trimtab ${args.join(' ')}: exit ${code}: ${err}`)
    return JSON.parse(out) as T
  }

  async status(app: string): Promise<AppStatus> {
    const found = (await this.json<AppStatus[]>('status')).find((one) => one.app === app)
    if (!found) throw new Error(`no status of ${app}`)
    return found
  }

  releases(app: string): Promise<ReleaseView[]> {
    return this.json('releases', app)
  }

  async events(app: string): Promise<EventView[]> {
    const { out } = await this.run('events', app, '--json', '-n', '500')
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as EventView)
  }

  /** Waits until this commit is live, or has failed; gives the status then. */
  async settled(app: string, commit: string, ms = 60_000): Promise<AppStatus> {
    let last: AppStatus | undefined
    await until(
      async () => {
        last = await this.status(app)
        if (last.desired.commit !== commit) return false
        return last.status === 'Failed' || (last.status === 'Live' && last.serving?.commit === commit)
      },
      () => `${app} to settle on ${commit.slice(0, 7)}; last: ${JSON.stringify(last)}\n${this.output}`,
      ms,
    )
    return last as AppStatus
  }

  async live(app: string, commit: string, ms = 60_000): Promise<AppStatus> {
    const status = await this.settled(app, commit, ms)
    if (status.status !== 'Live') throw new Error(`${app}: ${JSON.stringify(status)}\n${this.output}`)
    return status
  }

  /** One request through the router. */
  get(host: string, path = '/'): Promise<{ status: number; body: string; headers: NodeJS.Dict<string | string[]> }> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.routerPort, path, headers: { host }, agent: false }
      get(options, (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          body += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }))
        response.on('error', reject)
      }).on('error', reject)
    })
  }

  /** Process ids of everything that runs with this state directory in its environment or arguments: instances, by their spec files. */
  spec(app: string, name: string): unknown {
    return JSON.parse(readFileSync(join(this.state, 'instances', app, name, 'spec.json'), 'utf8'))
  }

  /** Stops all that this platform started, and removes its directory. */
  async strike(): Promise<void> {
    await this.end('SIGINT')
    const { code, out, err } = await this.run('down')
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 })
    if (code !== 0) throw new Error(`down: exit ${code}\n${out}${err}`)
  }
}

/** Waits for a condition, looking every few milliseconds. Errors that it throws end the wait. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string),
  ms = 30_000,
  everyMs = 15,
): Promise<void> {
  const deadline = Date.now() + ms
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for ${typeof what === 'string' ? what : what()}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}
