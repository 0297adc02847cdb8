/** Traefik as a container on the platform's network: made where there is none, made anew where it is not as wanted. */
import { readFileSync } from 'node:fs'
import type { ContainerInspectInfo } from 'dockerode'
import type { TraefikSpec } from '../../domain.ts'
import { type Engine, isMissing, Refusal } from '../../engine/engine.ts'
import { LABEL } from '../../engine/labels.ts'
import { ensureNetwork, networkName } from '../../engine/network.ts'
import { TrimtabError } from '../../errors.ts'
import { rotateAccessLog } from './access-log.ts'
import { Connections } from './connections.ts'
import { containerSpec, INSIDE } from './container-spec.ts'
import { type Form, holds } from './form.ts'
import { pullImage } from './image.ts'
import { isUp, sizeOf, textFrom } from './launch.ts'
import { type Place, type Record, readRecord, writeRecord } from './place.ts'
import { freePort } from './ports.ts'
import { Settings } from './settings.ts'
import { apiPath, GRACE_S } from './static.ts'
import { concernsPort, isAddressInUse, lastWords, startFailure } from './words.ts'

const READY_MS = 20_000
const STOP_MS = (GRACE_S + 10) * 1000
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
  const settings = new Settings(place, routes, spec, {
    http: `:${INSIDE.http}`,
    https: `:${INSIDE.https}`,
    api: (port) => `:${port}`,
  })
  const listens = [spec.listen, ...(spec.https ? [spec.https.listen] : [])]
  const connections = new Connections(true)
  /** The container as it was last seen, for what is asked in between. */
  let seen: { id: string; pid: number; startedAt: string } | null = null
  let answered = ''

  const inspect = async (): Promise<ContainerInspectInfo | null> => {
    const found = await engine
      .ask((docker) => docker.getContainer(name).inspect())
      .catch((error: unknown) => {
        if (isMissing(error)) return null
        throw error
      })
    if (found && found.Config.Labels[LABEL.platform] !== platform) {
      throw new TrimtabError('RouterUnavailable', `The container ${name} is not trimtab's. Remove it: docker rm -f ${name}`)
    }
    seen = found?.State.Running ? { id: found.Id, pid: found.State.Pid, startedAt: found.State.StartedAt } : null
    return found
  }

  const ensure = async (): Promise<boolean> => {
    const record = readRecord(place)
    settings.refresh(record.api.key)
    const made = settings.made(image, JSON.stringify([listens, network]))
    const found = await inspect()
    const isAsWanted = found?.Config.Labels[LABEL.spec] === made && Boolean(found.NetworkSettings.Networks[network]?.IPAddress)
    if (found && isAsWanted && found.State.Running && !found.State.Restarting) {
      if (answered !== found.State.StartedAt) await holds(READY_MS, () => isUp(apiOf(record)))
      answered = found.State.StartedAt
      rotateAccessLog(place, () => void engine.ask((docker) => docker.getContainer(found.Id).kill({ signal: 'USR1' })))
      return false
    }
    if (found) await remove(found)
    await make({ ...record, made })
    return true
  }

  const make = async (record: Record): Promise<void> => {
    await ensureNetwork(engine, { platform, ...options.network })
    let { port } = record.api
    for (let tries = 1; ; tries++) {
      const api = { ...record.api, port: await freePort(port) }
      settings.write({ ...api, port: INSIDE.api })
      writeRecord(place, { api, made: record.made })
      const words = await tried(api.port, record)
      if (words === null) return
      if (tries === TRIES || !isAddressInUse(words) || !concernsPort(words, api.port)) {
        throw startFailure(words, listens, place.log)
      }
      port = 0
    }
  }

  /** Null: it serves. Else why it does not, and there is no container any more. */
  const tried = async (apiPort: number, record: Record): Promise<string | null> => {
    const user = process.getuid ? `${process.getuid()}:${process.getgid?.()}` : undefined
    const shared = { name, platform, image, network, routes, place, user, made: record.made }
    const wanted = containerSpec({ ...shared, listen: spec.listen, https: spec.https, apiPort })
    const before = sizeOf(place.log)
    try {
      const { id } = await engine
        .ask((docker) => docker.createContainer(wanted))
        .catch(async (error: unknown) => {
          if (!isMissing(error)) throw error
          await pullImage(engine, image)
          return engine.ask((docker) => docker.createContainer(wanted))
        })
      await engine.ask((docker) => docker.getContainer(id).start(), READY_MS)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      await removeByName()
      return error.message
    }
    const base = apiOf({ api: { ...record.api, port: apiPort } })
    let found = await inspect()
    const isOver = () => found === null || !found.State.Running || found.State.Restarting
    await holds(READY_MS, async () => {
      if (await isUp(base)) return true
      found = await inspect()
      return isOver()
    })
    if (await isUp(base)) return null
    const words = lastWords(textFrom(place.log, before)) || (await outputOf()) || 'its API does not answer'
    await removeByName()
    return words
  }

  const outputOf = async (): Promise<string> => {
    const raw = await engine.ask((docker) => docker.getContainer(name).logs({ stdout: true, stderr: true, tail: 50 }))
    return lastWords(joined(raw))
  }

  /** What is in flight may end. */
  const remove = async (found: ContainerInspectInfo): Promise<void> => {
    const container = engine.docker.getContainer(found.Id)
    if (found.State.Running && !found.State.Restarting) {
      await engine.ask(() => container.stop({ t: GRACE_S + 2 }), STOP_MS).catch(ignoreRefusal)
    }
    await removeByName()
  }

  const removeByName = async (): Promise<void> => {
    await engine.ask((docker) => docker.getContainer(name).remove({ force: true, v: true })).catch(ignoreRefusal)
    seen = null
  }

  return {
    routes,
    log: place.log,
    ensure: () => ensure().catch(asRouterFailure),
    async stop() {
      const found = await inspect().catch(asRouterFailure)
      if (found) await remove(found).catch(asRouterFailure)
    },
    api: () => apiOf(readRecord(place)),
    async connections(address) {
      // A process id of the engine's machine: of ours, if that is where we are.
      return seen && isTraefik(seen.pid, place) ? connections.count(seen.pid, address) : null
    },
    problem: () => settings.problem,
  }
}

function apiOf({ api: { port, key } }: Pick<Record, 'api'>): string {
  return `http://127.0.0.1:${port}${apiPath(key)}/api`
}

function isTraefik(pid: number, { config }: Place): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(`--configFile=${config}`)
  } catch {
    return false
  }
}

/** The engine puts a header in front of each piece: eight bytes, of which the last four are its length. */
function joined(raw: Buffer): string {
  const pieces: Buffer[] = []
  for (let at = 0; at + 8 <= raw.length; ) {
    const end = at + 8 + raw.readUInt32BE(at + 4)
    pieces.push(raw.subarray(at + 8, end))
    at = end
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** It was gone, or about to be. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof Refusal)) throw error
}

function asRouterFailure(error: unknown): never {
  if (error instanceof TrimtabError && error.code === 'RouterUnavailable') throw error
  const why = error instanceof Error ? error.message : String(error)
  throw new TrimtabError('RouterUnavailable', `Traefik's container cannot be looked after. ${why}`, { retry: true, cause: error })
}
