/** One container by its name, in the few ways in which Traefik's is taken hold of. */
import type { ContainerCreateOptions, ContainerInspectInfo } from 'dockerode'
import { type Engine, isMissing, Refusal } from '../../engine/engine.ts'
import { LABEL } from '../../engine/labels.ts'
import { TrimtabError } from '../../errors.ts'
import { pullImage } from './image.ts'
import { GRACE_S } from './static.ts'
import { lastWords } from './words.ts'

const START_MS = 60_000

export class ContainerHandle {
  readonly #engine: Engine
  readonly #platform: string
  readonly #name: string
  /** Its process, on the engine's machine, as it was last seen; null: it did not run. */
  pid: number | null = null

  constructor(engine: Engine, platform: string, name: string) {
    this.#engine = engine
    this.#platform = platform
    this.#name = name
  }

  /** Null: there is none. Throws RouterUnavailable where it is somebody else's. */
  async inspect(): Promise<ContainerInspectInfo | null> {
    const found = await this.#engine
      .ask((docker) => docker.getContainer(this.#name).inspect())
      .catch((error: unknown) => {
        if (isMissing(error)) return null
        throw error
      })
    if (found && found.Config.Labels[LABEL.platform] !== this.#platform) {
      const message = `The container ${this.#name} is not trimtab's. Remove it: docker rm -f ${this.#name}`
      throw new TrimtabError('RouterUnavailable', message)
    }
    this.pid = found?.State.Running ? found.State.Pid : null
    return found
  }

  /** What this name of an image means now; null: nothing. */
  async imageId(image: string): Promise<string | null> {
    try {
      return (await this.#engine.ask((docker) => docker.getImage(image).inspect())).Id
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  }

  /** Makes and starts it. Gives the engine's word where it refuses; then there is none. */
  async run(wanted: ContainerCreateOptions, image: string): Promise<string | null> {
    const create = () => this.#engine.ask((docker) => docker.createContainer(wanted))
    try {
      const { id } = await create().catch(async (error: unknown) => {
        if (!isMissing(error)) throw error
        await pullImage(this.#engine, image)
        return create()
      })
      await this.#engine.ask((docker) => docker.getContainer(id).start(), START_MS)
      return null
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      await this.remove()
      return error.message
    }
  }

  signal(name: string): void {
    this.#engine.ask((docker) => docker.getContainer(this.#name).kill({ signal: name })).catch(() => {})
  }

  /** What is in flight may end; then it is gone. */
  async end(): Promise<void> {
    const limitMs = (GRACE_S + 10) * 1000
    await this.#engine.ask((docker) => docker.getContainer(this.#name).stop({ t: GRACE_S + 2 }), limitMs).catch(ignoreRefusal)
    await this.remove()
  }

  async remove(): Promise<void> {
    await this.#engine.ask((docker) => docker.getContainer(this.#name).remove({ force: true, v: true })).catch(ignoreRefusal)
    this.pid = null
  }

  /** What it has said of errors outside of its log. */
  async words(): Promise<string> {
    const options = { stdout: true, stderr: true, tail: 50 } as const
    return lastWords(joined(await this.#engine.ask((docker) => docker.getContainer(this.#name).logs(options))))
  }
}

/** It was gone, or about to be. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof Refusal)) throw error
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
