/** Traefik as the port `Router`: files for what is wanted, its API for what is. */
import { join } from 'node:path'
import type { TraefikSpec } from '../../domain.ts'
import type { Engine } from '../../engine/engine.ts'
import { TrimtabError } from '../../errors.ts'
import type { Router } from '../../ports.ts'
import { isServed, type Serving, servingOf } from '../confirm.ts'
import { RouteStore } from '../files.ts'
import { Shared } from '../shared.ts'
import { askApi } from './api.ts'
import { asBinary } from './binary.ts'
import { complaintOf, type Fault, faultsIn, RouteFiles } from './complaints.ts'
import { asContainer } from './container.ts'
import { asExternal } from './external.ts'
import type { Form } from './form.ts'
import { placeOf } from './place.ts'

export interface TraefikRouterOptions {
  /** The platform's state directory, absolute. */
  state: string
  spec: TraefikSpec
  /** For run: container. */
  engine?: Engine
  platform: string
  /** The network the instances are on, for run: container. */
  network?: { name?: string; subnet?: string }
  now?: () => number
}

/** As in the embedded router: how old an answer may be, and how old if it says that all is as it should be. */
const freshMs = 20
const trustMs = 250
/** A request that was let in before the routes changed has chosen its server by then, and has a connection to it. */
const settledMs = 100
/** A start that failed is not tried again at once: it costs more than to look. */
const retryMs = 3_000

/** Names of route files in the making, out of sight of the watcher: each of them would have Traefik read every file. */
const NEW = '.new'

interface Answer {
  text: string
  serving: Serving
  faults: Fault[]
  /** When it was asked for. */
  at: number
  /** When what it says was first seen. */
  since: number
  changes: number
}

export function createTraefikRouter(options: TraefikRouterOptions): Router {
  const { spec } = options
  const now = options.now ?? Date.now
  const form = formOf(options)
  const store = new RouteStore(form.routes, NEW)
  const files = new RouteFiles(form)

  let last: Answer | null = null
  /** Counts what may have changed what is served. */
  let changes = 0
  const answer = new Shared(async (): Promise<Answer> => {
    const when = { at: now(), changes }
    const text = await askApi(form.api(), 'rawdata')
    if (last?.text === text) last = { ...last, ...when }
    else {
      const data = parsed(text)
      last = { text, serving: servingOf(data), faults: faultsIn(data), since: now(), ...when }
    }
    return last
  }, freshMs)
  const forget = () => {
    changes++
    answer.forget()
  }

  let starting: Promise<boolean> | null = null
  let failed: { error: unknown; at: number } | null = null
  /** It has run as it should for this trimtab. */
  let ensured = false
  const start = async (): Promise<boolean> => {
    if (failed && now() - failed.at < retryMs) throw failed.error
    const began = now()
    try {
      if (spec.run.by !== 'external') await store.prepare()
      const started = await form.ensure()
      failed = null
      if (started) {
        files.startedAt = began
        forget()
      }
      return started
    } catch (error) {
      failed = { error, at: now() }
      throw error
    }
  }
  /** What goes on with what was there before keeps nobody from starting, but is told to whoever looks after it. */
  const look = async (): Promise<boolean> => {
    const started = await start()
    const problem = ensured && !started ? form.problem() : null
    ensured = true
    if (problem !== null) throw new TrimtabError('RouterUnavailable', problem, { retry: true })
    return started
  }

  return {
    ensure() {
      starting ??= look().finally(() => {
        starting = null
      })
      return starting
    },
    read: (app) => store.read(app),
    apps: () => store.apps(),
    async write(table) {
      if (await store.write(table)) forget()
    },
    async remove(app) {
      if (await store.remove(app)) forget()
    },
    async serves(app, table) {
      if (last?.changes === changes && now() - last.at < trustMs && isServed(last.serving, app, table)) return true
      return isServed((await answer.ask()).serving, app, table)
    },
    async inFlight(address) {
      const settles = (last?.since ?? 0) + settledMs - now()
      if (settles > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(settles, settledMs)))
      return form.connections(address)
    },
    async complaint(app) {
      return complaintOf(app, (await answer.ask()).faults, files.refused())
    },
    url({ host, path }) {
      const { port } = spec.https?.listen ?? spec.listen
      const scheme = spec.https ? 'https' : 'http'
      return `${scheme}://${host}${port === (spec.https ? 443 : 80) ? '' : `:${port}`}${path}`
    },
    async stop() {
      await form.stop()
      forget()
    },
    async close() {},
  }
}

function formOf({ state, spec, engine, platform, network = {} }: TraefikRouterOptions): Form {
  const { run } = spec
  if (run.by === 'external') return asExternal(run)
  const routes = join(state, 'routes')
  const place = placeOf(state)
  if (run.by === 'binary') return asBinary(spec, run.binary, routes, place)
  if (engine) return asContainer(spec, run.image, routes, place, { engine, platform, network })
  throw new TrimtabError(
    'ConfigInvalid',
    'router: {run: container} needs a Docker Engine: set runtime: {kind: docker}, or let trimtab run the binary (run: binary).',
  )
}

function parsed(text: string): Parameters<typeof servingOf>[0] {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new TrimtabError('RouterUnavailable', "Traefik's answer is not understood.", { retry: true, cause })
  }
}
