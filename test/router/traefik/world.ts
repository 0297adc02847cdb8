/** A real Traefik that trimtab runs, on free ports and in a state directory of its own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import type { Https, Listen, TraefikSpec } from '../../../src/domain.ts'
import type { Router } from '../../../src/ports.ts'
import { placeOf } from '../../../src/router/traefik/place.ts'
import { createTraefikRouter } from '../../../src/router/traefik/router.ts'
import { freePort, send } from '../../support/router.ts'
import { traefikBinary } from '../../support/traefik.ts'

export interface RunningTraefik {
  router: Router
  /** Another trimtab on the same state. */
  again(spec?: Partial<TraefikSpec>): Router
  spec: TraefikSpec
  state: string
  listen: Listen
  pid(): number
  log(): string
  /** Of the API, up to where "rawdata" comes. */
  api(): string
  metrics(): string
  close(): Promise<void>
}

export interface TraefikOptions {
  state?: string
  listen?: Listen
  https?: Https
  binary?: string
}

/** It serves when this resolves. */
export async function startTraefik(context: Pick<TestContext, 'skip'>, options: TraefikOptions = {}): Promise<RunningTraefik> {
  const running = await prepareTraefik(context, options)
  await running.router.ensure().catch(async (error: unknown) => {
    await running.close()
    throw error
  })
  return running
}

export async function prepareTraefik(context: Pick<TestContext, 'skip'>, options: TraefikOptions = {}): Promise<RunningTraefik> {
  const binary = options.binary ?? (await traefikBinary(context))
  const state = options.state ?? mkdtempSync(join(tmpdir(), 'trimtab-traefik-'))
  const listen = options.listen ?? { host: '127.0.0.1', port: await freePort() }
  const spec: TraefikSpec = {
    kind: 'traefik',
    run: { by: 'binary', binary },
    listen,
    ...(options.https && { https: options.https }),
  }
  const again = (changed: Partial<TraefikSpec> = {}) =>
    createTraefikRouter({ state, spec: { ...spec, ...changed }, platform: 'test' })
  const router = again()
  const place = placeOf(state)
  const record = () => JSON.parse(readFileSync(place.record, 'utf8'))
  return {
    router,
    again,
    spec,
    state,
    listen,
    pid: () => record().pid ?? 0,
    log: () => readFileSync(place.log, 'utf8'),
    api: () => `http://127.0.0.1:${record().api.port}/api/${record().api.key}/api`,
    metrics: () => `http://127.0.0.1:${record().api.port}/metrics/${record().api.key}`,
    async close() {
      await router.stop()
      rmSync(state, { recursive: true, force: true })
    },
  }
}

export interface Load {
  answered(): number
  stop(): Promise<{ asked: number; lost: number; gapMs: number }>
}

/** One request after the other, each on a connection of its own. `gapMs`: the longest time without a good answer. */
export function askedAllTheTime(listen: Listen, host: string): Load {
  let going = true
  let asked = 0
  let answered = 0
  let last = performance.now()
  let gapMs = 0
  const loop = (async () => {
    while (going) {
      asked++
      const good = await send(listen, host).then(
        ({ status }) => status === 200,
        () => false,
      )
      if (good) {
        answered++
        gapMs = Math.max(gapMs, Math.round(performance.now() - last))
        last = performance.now()
      }
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  })()
  return {
    answered: () => answered,
    async stop() {
      going = false
      await loop
      return { asked, lost: asked - answered, gapMs }
    },
  }
}
