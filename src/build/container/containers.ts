import type { Duplex } from 'node:stream'
import type { Container, ContainerCreateOptions } from 'dockerode'
import { type Engine, isMissing, Refusal } from '../../engine/engine.ts'
import { LABEL, ours } from '../../engine/labels.ts'
import { TrimtabError } from '../../errors.ts'
import { commit } from './commit.ts'
import { Session } from './session.ts'
import { buildsNetwork, type ContainerWish, containerSpec } from './spec.ts'

/** Somebody else's image may have volumes, whose content is copied first. */
const CREATE_MS = 120_000

const REMOVE_MS = 60_000

/** A container in which one build may run; its driver waits for requests. */
export interface BuildContainer {
  id: string
  /** What it is called, and was. */
  names: string[]
  session: Session
  /** Makes an image of what is in it. */
  commit(reference: string, config: Record<string, unknown>): Promise<void>
  /** Ends all that runs in it, and removes it with its volumes (not the app's cache). Idempotent. */
  end(): Promise<void>
}

/** Starts and ends the containers of builds. */
export class Containers {
  readonly #engine: Engine
  readonly #platform: string
  /** Of those that are in use, or about to be: all others of the platform are left over. */
  readonly #names = new Set<string>()
  readonly #ids = new Set<string>()
  #network: Promise<void> | null = null

  constructor(engine: Engine, platform: string) {
    this.#engine = engine
    this.#platform = platform
  }

  async start(wish: Omit<ContainerWish, 'platform' | 'network'>, wanted: string): Promise<BuildContainer> {
    const name = this.#claim(wanted)
    try {
      const spec = containerSpec({ ...wish, platform: this.#platform, network: buildsNetwork(this.#platform) })
      await this.ensureNetwork()
      return await this.#begin(spec, name).catch(async (error) => {
        if (!(error instanceof Refusal)) throw error
        // Somebody has removed the network, or something has our name that an earlier trimtab left.
        this.#network = null
        await this.ensureNetwork()
        await this.#remove(name)
        return this.#begin(spec, name)
      })
    } catch (error) {
      this.#names.delete(name)
      throw error
    }
  }

  /** Makes a container that is never started, and gives its id to who needs one. It is removed after that. */
  async borrow<T>(image: string, command: string[] | undefined, wanted: string, use: (id: string) => Promise<T>): Promise<T> {
    const name = this.#claim(wanted)
    const labels = { [LABEL.platform]: this.#platform, [LABEL.role]: 'build' }
    const spec = { Image: image, name, Labels: labels, ...(command && { Cmd: command }), HostConfig: { NetworkMode: 'none' } }
    try {
      await this.#remove(name)
      const { id } = await this.#engine.ask((docker, abortSignal) => docker.createContainer({ ...spec, abortSignal }), CREATE_MS)
      return await use(id)
    } finally {
      await this.#remove(name).catch(() => {})
      this.#names.delete(name)
    }
  }

  /** Gives a container another name; whether the engine takes it is of no importance. */
  rename(container: BuildContainer, wanted: string): void {
    const name = this.#claim(wanted)
    container.names.push(name)
    this.#engine.ask((docker) => docker.getContainer(container.id).rename({ name })).catch(() => {})
  }

  /** Ends and removes what an earlier trimtab left. */
  async sweep(): Promise<void> {
    const filters = ours(this.#platform, `${LABEL.role}=build`)
    const list = await this.#engine.ask((docker, abortSignal) => docker.listContainers({ all: true, filters, abortSignal }))
    const left = list.filter(({ Id, Names }) => !this.#ids.has(Id) && !Names.some((name) => this.#names.has(name.slice(1))))
    await Promise.all(left.map(({ Id }) => this.#remove(Id)))
  }

  async #begin(spec: ContainerCreateOptions, name: string): Promise<BuildContainer> {
    const engine = this.#engine
    const container: Container = await engine.ask((docker, abortSignal) => docker.createContainer({ ...spec, name, abortSignal }))
    this.#ids.add(container.id)
    try {
      const attach = { stream: true, stdin: true, stdout: true, stderr: true, hijack: true }
      const session = new Session((await engine.ask(() => container.attach(attach))) as Duplex)
      await engine.ask((_, abortSignal) => container.start({ abortSignal }), 60_000)
      return this.#built(container, session, name)
    } catch (error) {
      await this.#remove(container.id).catch(() => {})
      this.#ids.delete(container.id)
      throw error
    }
  }

  #built(container: Container, session: Session, name: string): BuildContainer {
    const engine = this.#engine
    const names = [name]
    return {
      id: container.id,
      names,
      session,
      async commit(reference, config) {
        await commit(engine, container.id, reference, config)
      },
      end: async () => {
        session.close()
        await this.#remove(container.id)
        this.#ids.delete(container.id)
        for (const one of names) this.#names.delete(one)
      },
    }
  }

  /** This name, or one like it where a container of ours that is about to end still has it. */
  #claim(wanted: string): string {
    let name = wanted
    for (let n = 2; this.#names.has(name); n += 1) name = `${wanted}-${n}`
    this.#names.add(name)
    return name
  }

  async #remove(name: string): Promise<void> {
    const gone = (error: unknown) => {
      if (!isMissing(error)) throw error
    }
    await this.#engine
      .ask((docker) => docker.getContainer(name).remove({ force: true, v: true }), REMOVE_MS)
      .catch((error) => {
        // 409: it ended, and is being removed. What it had in use is free only after that.
        if (!(error instanceof Refusal && error.status === 409)) return gone(error)
        return this.#engine
          .ask((docker) => docker.getContainer(name).wait({ condition: 'removed' }), REMOVE_MS)
          .then(() => {}, gone)
      })
  }

  /** A network of the builds' own: neither the apps nor another build can be reached from it. */
  ensureNetwork(): Promise<void> {
    this.#network ??= this.#makeNetwork().catch((error) => {
      this.#network = null
      throw error
    })
    return this.#network
  }

  async #makeNetwork(): Promise<void> {
    const name = buildsNetwork(this.#platform)
    try {
      await this.#engine.ask((docker) => docker.getNetwork(name).inspect())
      return
    } catch (error) {
      if (!isMissing(error)) throw error
    }
    try {
      await this.#engine.ask((docker, abortSignal) =>
        docker.createNetwork({
          Name: name,
          Driver: 'bridge',
          CheckDuplicate: true,
          Labels: { [LABEL.platform]: this.#platform, [LABEL.role]: 'network' },
          Options: { 'com.docker.network.bridge.enable_icc': 'false' },
          abortSignal,
        }),
      )
    } catch (error) {
      if (!(error instanceof Refusal) || error.status === 409) return // somebody was quicker
      const message = `The network ${name} for builds cannot be made: ${error.message}.`
      throw new TrimtabError('BuildFailed', message, { cause: error, retry: true })
    }
  }
}
