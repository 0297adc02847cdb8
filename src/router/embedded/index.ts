/** The embedded router as the port `Router`: files for what is wanted, its API for what is. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Listen, RouteTable } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import type { Router } from '../../ports.ts'
import { isServed, type RawData, type Serving, servingOf } from '../confirm.ts'
import { RouteStore } from '../files.ts'
import { identityOf } from '../identity.ts'
import { Shared } from '../shared.ts'
import { ask, NobodyThere } from './client.ts'
import { launch, launchFailure } from './launch.ts'
import { addressOf } from './origin.ts'
import { isAlive, type Place, placeOf, prepare, readRecord } from './place.ts'
import type { Limits } from './proxy.ts'

export interface EmbeddedRouterOptions {
  /** The platform's state directory, absolute. */
  state: string
  listen: Listen
  version?: string
  now?: () => number
  /** The router's script; default: main.js beside this (compiled) file. */
  entry?: string
  limits?: Partial<Limits>
}

interface About {
  pid: number
  listen: Listen
  routes: string
}

/** How long requests in flight may take when the router is stopped. */
const drainMs = 10_000
/** For a router that was told to stop to give up its address. */
const handOverMs = 3_000
/** An answer of the router's may be this old, unless something was written since. */
const freshMs = 20
/** And this old, if it says that all is as it should be: what is served changes when something is written. */
const trustMs = 250

export function createEmbeddedRouter(options: EmbeddedRouterOptions): Router {
  const { listen } = options
  const now = options.now ?? Date.now
  const place = placeOf(options.state)
  const store = new RouteStore(join(options.state, 'routes'))
  const entry = options.entry ?? fileURLToPath(new URL('./main.js', import.meta.url))

  let last: { mark: string; serving: Serving; at: number; changes: number } | null = null
  /** Counts what may have changed what is served. */
  let changes = 0
  const serving = new Shared(async () => {
    const base = last
    const when = { at: now(), changes }
    const answer = await asked(place, 'GET', '/api/rawdata', base ? { 'If-None-Match': base.mark } : {})
    const same = answer.status === 304 && base
    last = { mark: answer.etag, serving: same ? base.serving : servingOf(parsed<RawData>(answer.text)), ...when }
    return last.serving
  }, freshMs)
  // Never shared with a later caller: a count from before the routes changed would miss what came in between.
  const inFlight = new Shared(async () => parsed<Record<string, number>>((await asked(place, 'GET', '/api/inflight')).text))

  const forget = () => {
    changes++
    serving.forget()
  }

  /** Lets the router see a change at once; if it is away, it reads the files when it is back. */
  const poke = async (app: string): Promise<void> => {
    forget()
    await ask(apiOf(place), 'POST', `/reload?file=${encodeURIComponent(`${app}.yml`)}`).catch(() => {})
    forget()
  }

  /** Who answers; null: nobody. */
  const about = async (): Promise<About | null> => {
    try {
      return parsed<About>((await ask(apiOf(place), 'GET', '/api/version')).text)
    } catch (error) {
      if (error instanceof NobodyThere) return null
      throw error
    }
  }
  const isOurs = (found: About) =>
    found.listen.host === listen.host && found.listen.port === listen.port && found.routes === store.dir

  /** Ends the router of this state, whether it answers or not. True if there was one. `until`: what to wait for. */
  const end = async (until: 'replaceable' | 'exited'): Promise<boolean> => {
    const found = await about()
    const record = readRecord(place)
    const lost = !found && record && isAlive(record) ? record : null
    if (found) await ask(apiOf(place), 'POST', `/stop?limit=${drainMs}`).catch(() => {})
    else if (lost) process.kill(lost.pid, 'SIGTERM')
    else return false
    const pid = found?.pid ?? lost?.pid ?? 0
    const identity = identityOf(pid)
    const isGone = () => identity === '' || identityOf(pid) !== identity
    if (until === 'exited') {
      if (!(await holds(now, drainMs + 1_000, async () => isGone()))) process.kill(pid, 'SIGKILL')
      await holds(now, 1_000, async () => isGone())
    } else await holds(now, handOverMs, async () => isGone() || (await about()) === null)
    return true
  }

  const start = async (): Promise<boolean> => {
    prepare(place)
    await store.prepare()
    const found = await about()
    if (found && isOurs(found)) return false
    const replaced = await end('replaceable')
    const giveUp = now() + (replaced ? handOverMs : 500)
    for (;;) {
      const limits = options.limits ? { limits: options.limits } : {}
      const started = await launch(entry, {
        routes: store.dir,
        listen,
        socket: place.socket,
        record: place.record,
        log: place.log,
        version: options.version ?? '0.0.0',
        ...limits,
      })
      if (started.ok) return true
      // The address is taken. By the router that somebody else has just started for this state, or by the one that is about to leave it?
      if (started.code !== 'EADDRINUSE') throw launchFailure(started, listen, place.log)
      const theirs = async () => {
        const other = await about()
        return other !== null && isOurs(other)
      }
      if (await holds(now, 250, theirs)) return false
      if (now() >= giveUp) throw launchFailure(started, listen, place.log)
    }
  }

  let starting: Promise<boolean> | null = null
  return {
    ensure() {
      starting ??= start().finally(() => {
        starting = null
        forget()
      })
      return starting
    },
    read: (app) => store.read(app),
    apps: () => store.apps(),
    async write(table: RouteTable) {
      if (await store.write(table)) await poke(table.app)
    },
    async remove(app) {
      if (await store.remove(app)) await poke(app)
    },
    async serves(app, table) {
      if (last?.changes === changes && now() - last.at < trustMs && isServed(last.serving, app, table)) return true
      return isServed(await serving.ask(), app, table)
    },
    async inFlight(address) {
      return (await inFlight.ask())[addressOf(address)] ?? 0
    },
    // It reads every file that we write, and tells in its log what it makes of it: there is nothing to ask for.
    complaint: async () => null,
    url: ({ host, path }) => `http://${host}${listen.port === 80 ? '' : `:${listen.port}`}${path}`,
    async stop() {
      await end('exited')
      forget()
    },
    async close() {},
  }
}

/** Where the running router's API is: it may have been started with another temporary directory than ours. */
function apiOf(place: Place): string {
  return readRecord(place)?.socket ?? place.socket
}

async function asked(place: Place, method: string, path: string, headers: Record<string, string> = {}) {
  try {
    return await ask(apiOf(place), method, path, headers)
  } catch (error) {
    if (!(error instanceof NobodyThere)) throw error
    throw new TrimtabError('RouterUnavailable', 'The router is not running. trimtab starts it again.', {
      retry: true,
      cause: error,
    })
  }
}

function parsed<T>(text: string): T {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new TrimtabError('RouterUnavailable', "The router's answer is not understood.", { retry: true, cause })
  }
}

/** Waits, in small steps, until it is so; false if the time is over first. */
async function holds(now: () => number, limitMs: number, condition: () => Promise<boolean>): Promise<boolean> {
  const end = now() + limitMs
  while (!(await condition())) {
    if (now() >= end) return false
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return true
}
