/**
 * Apps as containers of a Docker Engine. What there is, is read from the engine: this object may be thrown away and made anew at
 * any time, also in the middle of a start or a stop.
 */
import { join } from 'node:path'
import { type Instance, type InstanceSpec, instanceName, type Listen } from '../../domain.ts'
import { type Engine, Refusal } from '../../engine/engine.ts'
import { networkName } from '../../engine/network.ts'
import { TrimtabError } from '../../errors.ts'
import type { Runtime } from '../../ports.ts'
import { plain } from '../names.ts'
import { createAddresses } from './addresses.ts'
import { runAttached } from './attached.ts'
import { type Container, createCensus } from './census.ts'
import { createDeaths } from './deaths.ts'
import { createEndings } from './endings.ts'
import { runInside } from './exec.ts'
import { createInstances, type Found } from './instances.ts'
import { STOPPING } from './labels.ts'
import { readLogs, type Source } from './logs.ts'
import { createMemory } from './memory.ts'
import { createSaved, SAVED_LINES } from './saved.ts'
import { removeContainer, startInstance } from './start.ts'
import { createStops } from './stops.ts'
import { readRecords } from './tail.ts'
import { createTending } from './tend.ts'
import { usageOf } from './usage.ts'
import { createWatch } from './watch.ts'

export interface DockerRuntimeOptions {
  engine: Engine
  /** Tells platforms on one engine apart: the value of the label trimtab.platform. */
  platform: string
  /** Absent: a network of the platform's own. */
  network?: string | undefined
  /** Its addresses. Absent: what the engine finds to be free. */
  subnet?: string | undefined
  /** The platform's state directory, absolute. */
  state: string
  now?: () => number
}

/** What runs from before is taken over with the first look. An engine that is away is found out by the first question. */
export function createDockerRuntime(options: DockerRuntimeOptions): Runtime {
  const { engine, platform, state } = options
  const now = options.now ?? Date.now

  const listeners = new Set<(app: string) => void>()
  const followers = new Set<(app: string, started?: Source) => void>()
  const starting = new Map<string, Promise<Instance>>()
  const down = new Set<string>()
  const closing = new AbortController()

  const deaths = createDeaths()
  const endings = createEndings(engine, deaths, now)
  const instances = createInstances(endings, deaths, now)
  const addresses = createAddresses(engine, options, createMemory(join(state, 'docker')))
  const saved = createSaved(state, now)
  const stops = createStops(engine, () => census.outdate())
  const isStarting = (name: string) => starting.has(name)
  const tend = createTending({ engine, stops, isStarting, keepDown })
  const census = createCensus(engine, platform, (containers) => {
    if (closing.signal.aborted) return
    const ids = new Set(containers.map(({ id }) => id))
    for (const known of [deaths, endings, instances]) known.keep(ids)
    tend(containers)
    watch.compare(containers)
  })
  const watch = createWatch({
    ...{ engine, platform, census, deaths, isStarting },
    network: networkName({ name: options.network, platform }),
    changed,
    networkGone: () => addresses.forget(),
    died: keepDown,
  })

  /** What has ended is not started again by the engine while it waits to be taken note of. */
  function keepDown(id: string): void {
    if (down.has(id)) return
    down.add(id)
    engine
      .ask((docker, abortSignal) => docker.getContainer(id).stop({ t: 0, abortSignal }))
      .catch(() => {}) // then it does not run, or the next look tells
      .finally(() => {
        down.delete(id)
        census.outdate()
      })
  }

  function changed(app: string, started?: Source): void {
    for (const follower of followers) follower(app, started)
    if (!started) for (const listener of listeners) queueMicrotask(() => listener(app)) // whoever listens is not part of what happened
  }

  async function containersOf(isMeant: (container: Container) => boolean): Promise<Container[]> {
    return (await census.take()).filter(isMeant)
  }
  const ofApp = (app: string) => containersOf(({ spec }) => spec?.app === app).then(instances.of)
  const named = (name: string) => containersOf(({ spec }) => spec?.name === name)

  async function start(spec: InstanceSpec, avoid: Listen[]): Promise<Instance> {
    const before = await named(instanceName(spec))
    const [existing] = await instances.of(before)
    if (existing) return existing.instance
    for (const { id, state } of before) if (state === 'created') await removeContainer(engine, id, false)
    try {
      const { id, instance: made } = await startInstance({ engine, platform, addresses, now }, spec, avoid)
      const instance = { ...made, startedAt: instances.begun(id) }
      changed(spec.app, { ...instance, id, isRunning: true })
      return instance
    } finally {
      census.outdate()
    }
  }

  /** Marks it where everybody sees it, and frees its name. */
  async function mark({ id, name }: Container): Promise<void> {
    for (const called of [`${name}${STOPPING}`, `${name}.${id.slice(0, 12)}${STOPPING}`]) {
      try {
        return await engine.ask((docker, abortSignal) => docker.getContainer(id).rename({ name: called, abortSignal }))
      } catch (error) {
        if (!(error instanceof Refusal)) throw error // else it is taken, or the container is gone: it is stopped all the same
      } finally {
        census.outdate()
      }
    }
  }

  async function forget({ container: { id }, spec: { app, name } }: Found): Promise<void> {
    const live = await containersOf(({ spec, id: other }) => spec?.app === app && other !== id)
    const records = await readRecords(engine, id, SAVED_LINES).catch(() => [])
    saved.add(app, name, records, (one) => live.some(({ spec }) => spec?.name === one))
    await removeContainer(engine, id).finally(() => census.outdate())
  }

  return {
    async list(app) {
      watch.know(plain(app))
      return (await ofApp(app)).map(({ instance }) => instance)
    },

    async apps() {
      const found = await containersOf(({ spec, state }) => spec !== null && state !== 'created' && state !== 'removing')
      return [...new Set(found.flatMap(({ spec }) => spec?.app ?? []))]
    },

    async start(spec, avoid) {
      plain(spec.app)
      const name = plain(instanceName(spec))
      const begun = starting.get(name) ?? start(spec, avoid).finally(() => starting.delete(name))
      starting.set(name, begun)
      return begun
    },

    async stop(name, stop) {
      for (const { container, spec, instance } of await named(name).then(instances.of)) {
        if (instance.state === 'exited') continue
        if (instance.state === 'running') await mark(container)
        stops.tell(container.id, stop, spec.stop.signal)
      }
    },

    async remove(name) {
      const found = await named(name).then(instances.of)
      const ended = found.filter(({ instance }) => instance.state === 'exited')
      if (found[0] && ended.length === 0) {
        throw new TrimtabError('Internal', `${name} is ${found[0].instance.state} and cannot be removed; stop it first.`)
      }
      for (const one of ended) await forget(one)
    },

    async run(spec, terminal) {
      const network = async () => (await addresses.network()).name
      return runAttached({ engine, platform, stops, network }, spec, terminal)
    },

    async exec(app, name, command, terminal) {
      const running = (await ofApp(app)).filter(({ instance }) => instance.state === 'running')
      const found = running.find(({ spec }) => spec.name === name)
      if (found) return runInside(engine, found.container.id, found.spec, command, terminal)
      const names = running.map(({ spec }) => spec.name).sort()
      throw new TrimtabError('NotFound', `${name} does not run. Running are: ${names.join(', ') || 'none'}.`)
    },

    async usage(app) {
      const running = (await ofApp(app)).filter(({ instance }) => instance.state !== 'exited')
      const each = running.map(({ container, spec }) => ({ id: container.id, name: spec.name }))
      return usageOf(engine, each)
    },

    async tail(app, name, lines) {
      plain(app)
      const containers = await named(plain(name))
      const records = (await Promise.all(containers.map(({ id }) => readRecords(engine, id, lines)))).flat()
      const all = records.length < lines ? [...saved.read(app, name), ...records] : records
      return lines > 0 ? all.slice(-lines).map(({ line }) => line) : []
    },

    logs(app, { signal, ...wanted }) {
      const sources = {
        engine,
        saved: saved.read,
        instances: async () => (await ofApp(plain(app))).map(sourceOf),
        onChange(of: string, look: (started?: Source) => void) {
          const follower = (about: string, started?: Source) => about === of && look(started)
          watch.know(of)
          followers.add(follower)
          return () => void followers.delete(follower)
        },
      }
      return readLogs(sources, app, { ...wanted, signal: AbortSignal.any([signal, closing.signal]) })
    },

    onChange(listener) {
      listeners.add(listener)
    },

    async close() {
      closing.abort()
      watch.close()
      stops.close()
    },
  }
}

function sourceOf({ container, spec, instance }: Found): Source {
  const { name, process } = spec
  return { id: container.id, name, process, startedAt: instance.startedAt, isRunning: instance.state !== 'exited' }
}
