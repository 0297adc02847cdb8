/**
 * Traefik as a container on the platform's network: made where there is none, made anew where it is not as wanted. Its files are
 * mounted from the state directory, so trimtab runs on the engine's machine, or sees the state at the same path as that does.
 */
import { readFileSync } from 'node:fs'
import type { ContainerInspectInfo } from 'dockerode'
import type { TraefikSpec } from '../../domain.ts'
import type { Engine } from '../../engine/engine.ts'
import { LABEL } from '../../engine/labels.ts'
import { ensureNetwork, networkName } from '../../engine/network.ts'
import { TrimtabError } from '../../errors.ts'
import { rotateAccessLog } from './access-log.ts'
import { Connections } from './connections.ts'
import { containerSpec, INSIDE } from './container-spec.ts'
import { type Form, holds } from './form.ts'
import { ContainerHandle } from './handle.ts'
import { isUp, sizeOf, textFrom } from './launch.ts'
import { type Place, type Record, Records } from './place.ts'
import { freePort } from './ports.ts'
import { Settings } from './settings.ts'
import { apiPath } from './static.ts'
import { concernsPort, isAddressInUse, lastWords, startFailure } from './words.ts'

const READY_MS = 20_000
/** For a port of the loopback that nobody else takes in the same moment. */
const TRIES = 3

export interface ContainerOptions {
  engine: Engine
  platform: string
  network: { name?: string; subnet?: string }
}

export function asContainer(spec: TraefikSpec, image: string, routes: string, place: Place, options: ContainerOptions): Form {
  const { engine, platform } = options
  const name = `trimtab-${platform}-traefik`
  const network = networkName({ platform, name: options.network.name })
  const container = new ContainerHandle(engine, platform, name)
  const settings = new Settings(place, routes, spec, {
    http: `:${INSIDE.http}`,
    https: `:${INSIDE.https}`,
    api: (port) => `:${port}`,
  })
  const listens = [spec.listen, ...(spec.https ? [spec.https.listen] : [])]
  const connections = new Connections(true)
  const records = new Records(place)
  /** When the one was started that has answered, so that it is asked once only. */
  let answered = ''
  /** What the image's name meant when this trimtab began: one that was pulled since is taken up by the next. */
  let imageId: string | null | undefined

  const ensure = async (): Promise<boolean> => {
    const record = records.read()
    settings.refresh(record.api.key)
    const made = settings.made(image, JSON.stringify([listens, network]))
    const found = await container.inspect()
    if (imageId === undefined) imageId = await container.imageId(image)
    const isSame = found !== null && (imageId === null || found.Image === imageId)
    if (found && isSame && isRunning(found) && isAsWanted(found, made, network)) {
      if (answered !== found.State.StartedAt) await holds(READY_MS, () => isUp(apiOf(record.api)))
      answered = found.State.StartedAt
      rotateAccessLog(place, () => container.signal('USR1'))
      return false
    }
    if (found) await (isRunning(found) ? container.end() : container.remove())
    await make({ ...record, made })
    return true
  }

  const make = async (record: Record): Promise<void> => {
    await ensureNetwork(engine, { platform, ...options.network })
    let { port } = record.api
    for (let tries = 1; ; tries++) {
      const api = { ...record.api, port: await freePort(port) }
      settings.write({ ...api, port: INSIDE.api })
      records.write({ api, made: record.made })
      const words = await tried({ ...record, api })
      if (words === null) return
      if (tries === TRIES || !isAddressInUse(words) || !concernsPort(words, api.port)) {
        throw startFailure(words, listens, place.log)
      }
      port = 0
    }
  }

  /** Null: it serves. Else why it does not; then it is gone again. */
  const tried = async ({ api, made }: Record): Promise<string | null> => {
    // What it writes into the state is trimtab's, as for a process.
    const user = process.getuid ? `${process.getuid()}:${process.getgid?.()}` : undefined
    const { listen, https } = spec
    const wanted = containerSpec({ name, platform, image, network, listen, https, apiPort: api.port, place, routes, made, user })
    const before = sizeOf(place.log)
    const refused = await container.run(wanted, image)
    if (refused !== null) return refused
    const serves = () => isUp(apiOf(api))
    await holds(READY_MS, async () => {
      if (await serves()) return true
      const found = await container.inspect()
      return !found || !isRunning(found)
    })
    if (await serves()) {
      imageId = null
      return null
    }
    const words = lastWords(textFrom(place.log, before)) || (await container.words()) || 'its API does not answer'
    await container.remove()
    return words
  }

  return {
    routes,
    log: place.log,
    ensure: () => ensure().catch(asRouterFailure),
    stop: async () => {
      const found = await container.inspect().catch(asRouterFailure)
      if (found) await container.end().catch(asRouterFailure)
    },
    api: () => apiOf(records.read().api),
    async connections(address) {
      const { pid } = container
      // It is a process of the engine's machine: one of ours too, if that is where we are.
      return pid !== null && isTraefik(pid, place) ? connections.count(pid, address) : null
    },
    problem: () => settings.problem,
  }
}

function isRunning({ State }: ContainerInspectInfo): boolean {
  return State.Running && !State.Restarting
}

function isAsWanted({ Config, NetworkSettings }: ContainerInspectInfo, made: string, network: string): boolean {
  return Config.Labels[LABEL.spec] === made && Boolean(NetworkSettings.Networks[network]?.IPAddress)
}

function apiOf({ port, key }: Record['api']): string {
  return `http://127.0.0.1:${port}${apiPath(key)}/api`
}

function isTraefik(pid: number, { config }: Place): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(`--configFile=${config}`)
  } catch {
    return false
  }
}

function asRouterFailure(error: unknown): never {
  if (error instanceof TrimtabError && error.code === 'RouterUnavailable') throw error
  const why = error instanceof Error ? error.message : String(error)
  const message = `Traefik's container cannot be looked after. ${why}`
  throw new TrimtabError('RouterUnavailable', message, { retry: true, cause: error })
}
