/** A real platform for end-to-end tests: the built command line in a process of its own, on a directory of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AppStatus } from '../../src/domain.ts'
import { Client } from '../../src/http/client.ts'
import type { EventView, ReleaseView } from '../../src/http/wire.ts'
import type { Told } from './apps.ts'
import { firstKind, type Kind, type Running } from './kinds.ts'
import { makeRepo, openRepo, type Repo } from './repo.ts'

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
  /** Default: the first. */
  kind?: Kind
}

/** A command that runs on: what it has printed so far, and its end. */
export interface Started {
  child: ChildProcess
  out(): string
  err(): string
  ended: Promise<number | null>
}

/** Somebody who asks again and again, over connections that are kept. */
export interface Visitor {
  answered(): number
  /** What was not answered with 200, and why. */
  lost: string[]
  /** Every text that was answered. */
  texts: Set<string>
  stop(): Promise<void>
}

export interface Answer {
  status: number
  body: string
  headers: NodeJS.Dict<string | string[]>
}

export class TestPlatform {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), 'trimtab-e2e-')))
  readonly state = join(this.dir, 'state')
  readonly config = join(this.dir, 'platform.yaml')
  readonly kind: Kind
  /** The API that the command line speaks to: asked directly where a test only waits, which costs a tenth of a process. */
  readonly client = new Client(this.state)
  routerPort = 0
  httpPort = 0
  /** What `up` has printed, over all its lives. */
  output = ''
  private upProcess: ChildProcess | null = null
  private options: PlatformOptions

  private keys: Record<string, unknown> = {}

  private constructor(options: PlatformOptions) {
    this.options = options
    this.kind = options.kind ?? firstKind
  }

  /** A directory with a platform.yaml; nothing runs yet. */
  static async make(options: Partial<PlatformOptions> = {}): Promise<TestPlatform> {
    const platform = new TestPlatform({ apps: [], ...options })
    platform.routerPort = await freePort()
    platform.httpPort = await freePort()
    platform.keys = await platform.kind.keys(platform.state, platform.routerPort)
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
      http: { listen: `127.0.0.1:${this.httpPort}` },
      ...this.keys,
      ...this.options.extra,
      apps: this.options.apps,
    }
    writeFileSync(this.config, JSON.stringify(file, null, 2))
  }

  /** The exit code of an `up` that has ended by itself; null while it runs. */
  get ended(): number | null {
    return this.upProcess?.exitCode ?? null
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

  private async answers(): Promise<boolean> {
    try {
      return (await this.client.version()).pid === this.pid
    } catch {
      return false
    }
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

  /** Starts a command that goes on until it is ended. */
  start(...args: string[]): Started {
    const env = { ...process.env, NO_COLOR: '1' }
    const child = spawn(process.execPath, [cli, '--config', this.config, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (err += text))
    return { child, out: () => out, err: () => err, ended: new Promise((resolve) => child.once('close', resolve)) }
  }

  /** A new repository in this platform's directory, to be named as `./name` in `apps`. */
  repo(name: string): Repo {
    return makeRepo(join(this.dir, name))
  }

  openRepo(name: string): Repo {
    return openRepo(join(this.dir, name))
  }

  async status(app: string): Promise<AppStatus> {
    const [found] = await this.client.status(app)
    if (!found) throw new Error(`no status of ${app}`)
    return found
  }

  releases(app: string): Promise<ReleaseView[]> {
    return this.client.releases(app)
  }

  /** Oldest first; of the whole platform where no app is named. */
  async events(app?: string): Promise<EventView[]> {
    const events: EventView[] = []
    for await (const event of this.client.events({ ...(app !== undefined && { app }), limit: 500, follow: false }))
      events.push(event)
    return events
  }

  /** Types of the events about this commit. */
  async story(app: string, commit: string): Promise<string[]> {
    return (await this.events(app)).filter((event) => event.commit === commit).map(({ type }) => type)
  }

  /** What runs of this app, as seen from outside. */
  running(app: string): Running[] {
    return this.kind.running(this.state, app)
  }

  /** What runs of this platform that is neither `up`, the router, nor an instance, in words. */
  strangers(): string[] {
    return this.kind.strangers(this.dir, this.state, [this.pid, Number(this.kind.router(this.state) ?? 0)])
  }

  /** Containers start in a second where all are alone, and in ten where all start at once. */
  private get patience(): number {
    return this.kind.isOnHost ? 60_000 : 110_000
  }

  /** Waits until this commit is live, or has failed; gives the status then. */
  async settled(app: string, commit: string, ms = this.patience): Promise<AppStatus> {
    let last: AppStatus | undefined
    await until(
      async () => {
        last = await this.status(app)
        if (last.desired.commit !== commit) return false
        // The verdict on the commit before is still the status for a moment.
        if (last.status === 'Failed') return last.failure?.commit === commit || last.failure?.commit === null
        return last.status === 'Live' && last.serving?.commit === commit
      },
      () => `${app} to settle on ${commit.slice(0, 7)}; last: ${JSON.stringify(last)}\n${this.output}`,
      ms,
    )
    return last as AppStatus
  }

  async live(app: string, commit: string, ms = this.patience): Promise<AppStatus> {
    const status = await this.settled(app, commit, ms)
    if (status.status !== 'Live') throw new Error(`${app}: ${JSON.stringify(status)}\n${this.output}`)
    return status
  }

  async failed(
    app: string,
    commit: string,
    ms = this.patience,
  ): Promise<AppStatus & { failure: NonNullable<AppStatus['failure']> }> {
    const status = await this.settled(app, commit, ms)
    const { failure } = status
    if (status.status !== 'Failed' || !failure) throw new Error(`${app}: ${JSON.stringify(status)}\n${this.output}`)
    return { ...status, failure }
  }

  /** Waits until the status holds; gives it. */
  async when(app: string, holds: (status: AppStatus) => boolean, ms = this.patience): Promise<AppStatus> {
    let last: AppStatus | undefined
    const what = () => `the status of ${app}; last: ${JSON.stringify(last)}\n${this.output}`
    const look = async () => {
      last = await this.status(app)
      return holds(last)
    }
    await until(look, what, ms)
    return last as AppStatus
  }

  /** One request through the router. */
  get(host: string, path = '/', agent?: Agent): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.routerPort, path, headers: { host }, agent: agent ?? false }
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

  /** What an app of test/support/apps.ts answers at its default host; the status where that is not 200. */
  async says(app: string): Promise<string> {
    const { status, body } = await this.get(`${app}.test.localhost`)
    return status === 200 ? body : `status ${status}`
  }

  /** Who answers, and its environment. */
  async told(app: string): Promise<Told> {
    return JSON.parse((await this.get(`${app}.test.localhost`, '/env')).body)
  }

  /** Asks this app a hundred times a second until stopped. */
  visit(app: string): Visitor {
    const agent = new Agent({ keepAlive: true, maxSockets: 8 })
    const host = `${app}.test.localhost`
    const lost: string[] = []
    const texts = new Set<string>()
    const open = new Set<Promise<void>>()
    let answered = 0
    const timer = setInterval(() => {
      const asked = this.get(host, '/', agent).then(
        ({ status, body }) => {
          if (status !== 200) return void lost.push(`${status}: ${body.slice(0, 100)}`)
          texts.add(body)
          answered++
        },
        (error: Error) => void lost.push(error.message),
      )
      open.add(asked)
      void asked.then(() => open.delete(asked))
    }, 10)
    return {
      answered: () => answered,
      lost,
      texts,
      async stop() {
        clearInterval(timer)
        await Promise.all(open)
        agent.destroy()
      },
    }
  }

  /** Process ids of everything that runs with this state directory in its environment or arguments: instances, by their spec files. */
  spec(app: string, name: string): unknown {
    return JSON.parse(readFileSync(join(this.state, 'instances', app, name, 'spec.json'), 'utf8'))
  }

  /** Stops all that this platform started, and removes its directory. */
  async strike(): Promise<void> {
    await this.end('SIGINT')
    const { code, out, err } = await this.run('down')
    const left = this.kind.leftOvers(this.dir)
    this.kind.strike(this.state)
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 })
    if (code !== 0) throw new Error(`down: exit ${code}\n${out}${err}`)
    if (left.length > 0) throw new Error(`down left behind:\n${left.join('\n')}`)
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
