/**
 * Apps as containers of a Docker Engine. What there is, is read from the engine: this object may be thrown away and made anew at
 * any time, also in the middle of a start or a stop.
 */
import { join } from 'node:path'
import { type Instance, type InstanceSpec, instanceName, type Listen } from '../../domain.ts'
import type { Engine } from '../../engine/engine.ts'
import { networkName } from '../../engine/network.ts'
import { TrimtabError } from '../../errors.ts'
import type { Runtime } from '../../ports.ts'
import { plain } from '../names.ts'
import { createAddresses } from './addresses.ts'
import { runAttached } from './attached.ts'
import { runInside } from './exec.ts'
import type { Source } from './follow.ts'
import type { Found } from './instances.ts'
import { readLogs } from './logs.ts'
import { createMemory } from './memory.ts'
import { createPresence } from './presence.ts'
import { forget, markStopping } from './remove.ts'
import { createSaved } from './saved.ts'
import { removeContainer, startInstance } from './start.ts'
import { readRecords } from './tail.ts'
import { createUsage } from './usage.ts'

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
  const closing = new AbortController()

  const addresses = createAddresses(engine, options, createMemory(join(state, 'docker')))
  const saved = createSaved(state, now)
  const usageOf = createUsage(engine)
  const presence = createPresence({
    ...{ engine, platform, now },
    network: networkName({ name: options.network, platform }),
    isStarting: (name) => starting.has(name),
    changed(app) {
      for (const follower of followers) follower(app)
      for (const listener of listeners) queueMicrotask(() => listener(app)) // whoever listens is not part of what happened
    },
    networkGone: () => addresses.forget(),
  })

  async function start(spec: InstanceSpec, avoid: Listen[]): Promise<Instance> {
    const name = instanceName(spec)
    const [existing] = await presence.named(name)
    if (existing) return existing.instance
    // Left by a start that was cut short. If it cannot be removed, another name is found.
    const halves = await presence.containers((one) => one.spec?.name === name && one.state === 'created')
    for (const { id } of halves) await removeContainer(engine, id, false).catch(() => {})
    try {
      const { id, instance: made } = await startInstance({ engine, platform, addresses, now }, spec, avoid)
      const instance = { ...made, startedAt: presence.begun(id) }
      for (const follower of followers)
        follower(spec.app, { id, name, process: spec.process, madeAt: made.startedAt, isRunning: true })
      return instance
    } finally {
      presence.outdate()
    }
  }

  return {
    async list(app) {
      return (await presence.ofApp(plain(app))).map(({ instance }) => instance)
    },

    async apps() {
      const found = await presence.containers(({ spec, state }) => spec !== null && state !== 'created' && state !== 'removing')
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
      for (const { container, spec, instance } of await presence.named(name)) {
        if (instance.state === 'exited') continue
        if (instance.state === 'running') await markStopping(engine, container).finally(presence.outdate)
        presence.stops.tell(container.id, stop, spec.stop.signal)
      }
    },

    async remove(name) {
      const found = await presence.named(name)
      const ended = found.filter(({ instance }) => instance.state === 'exited')
      if (found[0] && ended.length === 0) {
        throw new TrimtabError('Internal', `${name} is ${found[0].instance.state} and cannot be removed; stop it first.`)
      }
      for (const one of ended) await forget(engine, presence, saved, one)
    },

    async run(spec, terminal) {
      const network = async () => (await addresses.network()).name
      return runAttached({ engine, platform, stops: presence.stops, network }, spec, terminal)
    },

    async exec(app, name, command, terminal) {
      const running = (await presence.ofApp(app)).filter(({ instance }) => instance.state === 'running')
      const found = running.find(({ spec }) => spec.name === name)
      if (found) return runInside(engine, found.container.id, found.spec, command, terminal)
      const names = running.map(({ spec }) => spec.name).sort()
      throw new TrimtabError('NotFound', `${name} does not run. Running are: ${names.join(', ') || 'none'}.`)
    },

    async usage(app) {
      const running = (await presence.ofApp(app)).filter(({ instance }) => instance.state !== 'exited')
      return usageOf(running.map(({ container, spec }) => ({ id: container.id, name: spec.name })))
    },

    async tail(app, name, lines) {
      const before = saved.read(plain(app), plain(name))
      const containers = await presence.containers(({ spec }) => spec?.name === name)
      const records = await Promise.all(containers.map(({ id }) => readRecords(engine, id, { count: Math.max(0, lines) })))
      return lines > 0 ? [...before, ...records.flat()].slice(-lines).map(({ line }) => line) : []
    },

    logs(app, { signal, ...wanted }) {
      const sources = {
        engine,
        saved: saved.read,
        instances: async () => (await presence.ofApp(plain(app))).map(sourceOf),
        onChange(of: string, look: (started?: Source) => void) {
          const follower = (about: string, started?: Source) => about === of && look(started)
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
      presence.close()
    },
  }
}

function sourceOf({ container, spec, instance }: Found): Source {
  const { name, process, startedAt: madeAt } = spec
  return { id: container.id, name, process, madeAt, isRunning: instance.state !== 'exited' }
}
