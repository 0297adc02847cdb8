import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Engine, isMissing, Refusal } from '../../engine/engine.ts'

/**
 * What Dockerfiles leave between their lines: an image for each, without a name and without our label, which the next build of the
 * app takes up again. Those that its last good build did not need are removed by it; nothing else would ever remove them.
 */
export class Layers {
  readonly #folder: string
  readonly #engine: Engine

  constructor(folder: string, engine: Engine) {
    this.#folder = folder
    this.#engine = engine
  }

  /** A build has failed that came as far as this. */
  add(app: string, ids: string[]): void {
    writeFileSync(this.#path(app), [...this.#read(app), ...ids].map((id) => `${id}\n`).join(''), { mode: 0o600 })
  }

  /** A build has succeeded with these. */
  async replace(app: string, ids: string[]): Promise<void> {
    const unused = this.#read(app).filter((id) => !ids.includes(id))
    // The newest first: an image below another cannot be removed.
    for (const id of [...new Set(unused)].reverse()) await this.#remove(id)
    rmSync(this.#path(app), { force: true })
    this.add(app, ids)
  }

  async #remove(id: string): Promise<void> {
    try {
      const { RepoTags, RepoDigests } = await this.#engine.ask((docker) => docker.getImage(id).inspect())
      if ((RepoTags ?? []).length + (RepoDigests ?? []).length > 0) return
      await this.#engine.ask((docker) => docker.getImage(id).remove())
    } catch (error) {
      // 409: something is made of it.
      if (!isMissing(error) && !(error instanceof Refusal && error.status === 409)) throw error
    }
  }

  #read(app: string): string[] {
    try {
      return readFileSync(this.#path(app), 'utf8')
        .split('\n')
        .filter((line) => /^[0-9a-f]{12,64}$/.test(line))
    } catch {
      return []
    }
  }

  #path(app: string): string {
    return join(this.#folder, `${app}.layers`)
  }
}
