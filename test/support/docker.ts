/** Docker Engines for tests: one that the whole run shares, and ones that a test may break. */
import { request } from 'node:http'
import type { TestContext } from 'vitest'
import { Dockerd, type DockerdOptions, dockerdMissing } from './dockerd.ts'
import { need } from './need.ts'
import { plantStack, stackMissing, stackOn } from './stack.ts'

type Context = Pick<TestContext, 'skip'> | null

/** The variable that names the port of the run's keeper (see setup.ts). */
export const KEEPER = 'TRIMTAB_TEST_KEEPER'

export interface OwnEngine {
  socket: string
  /** As an operator stops it: without live-restore its containers stop too. */
  stop(): Promise<void>
  /** SIGKILL, to the engine alone. */
  kill(): Promise<void>
  start(): Promise<void>
  /** The last of what it has said. */
  log(): string
  /** Removes it, with its containers, networks and data. */
  end(): Promise<void>
}

/** Why there can be no engine here, or null. */
export function engineMissing(): string | null {
  return dockerdMissing() ?? stackMissing()
}

/**
 * The engine of this test run: started for the first who asks, ended with the run. Where it cannot be had, the test is skipped by
 * name; without a context (in a hook: ask engineMissing() before) it throws.
 */
export async function sharedEngine(context: Context): Promise<{ socket: string }> {
  available(context)
  return { socket: await askKeeper() }
}

/** An engine of the caller's own, that may be stopped, killed and started again; the caller ends it. */
export async function ownEngine(context: Context, options: DockerdOptions = {}): Promise<OwnEngine> {
  available(context)
  const dockerd = await Dockerd.start(options, plantStack)
  const last = () => dockerd.end()
  process.once('exit', last)
  return {
    socket: dockerd.socket,
    stop: () => dockerd.stop(),
    kill: () => dockerd.kill(),
    start: () => dockerd.start(),
    log: () => dockerd.log(),
    async end() {
      process.off('exit', last)
      dockerd.end()
    },
  }
}

/** Name of an image with bash, git, Node, npm and Python on that engine. */
export function stackImage(socket: string): Promise<string> {
  return stackOn(socket)
}

function available(context: Context): void {
  const missing = engineMissing()
  if (context) need(context, 'docker', missing)
  else if (missing !== null) throw new Error(`docker: ${missing}`)
}

function askKeeper(): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: process.env[KEEPER], agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text) => (body += text))
      response.once('end', () => (response.statusCode === 200 ? resolve(body) : reject(new Error(body))))
    })
    asked.once('error', reject)
    asked.end()
  })
}
