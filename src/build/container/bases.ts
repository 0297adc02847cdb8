import type { PlatformSpec } from '../../domain.ts'
import { type Engine, isMissing } from '../../engine/engine.ts'
import { asTrimtabError, headline, TrimtabError } from '../../errors.ts'
import { pull } from './pull.ts'
import { isHomemade } from './reference.ts'
import type { Stack, Stacks } from './stack.ts'

/** An answer is believed for so long: every pass over an app with an artifact asks. */
const FRESH_MS = 5_000

export interface Base extends Stack {
  /** Its reference, for a person; null: it is the stack. */
  reference: string | null
}

export interface BasesOptions {
  engine: Engine
  stacks: Stacks
  /** The operator's images, by the name that an app.yaml knows. */
  images: () => PlatformSpec['bases']
  registries: () => PlatformSpec['registries']
  now: () => number
  /** One has come: look again at every app. */
  changed: () => void
}

/** The images that artifacts are laid over. One that has to be pulled first is, beside whoever asks. */
export class Bases {
  readonly #options: BasesOptions
  readonly #known = new Map<string, { at: number; base: Promise<Base | null> }>()
  readonly #pulling = new Set<string>()
  readonly #trouble = new Map<string, TrimtabError>()
  readonly #closing = new AbortController()

  constructor(options: BasesOptions) {
    this.#options = options
  }

  /** Throws RuntimeUnavailable where it is not there (yet): that changes without a new commit. */
  async get(name: string): Promise<Base> {
    const images = this.#options.images()
    const reference = Object.hasOwn(images, name) ? images[name] : undefined
    if (reference === undefined) return { ...(await this.#options.stacks.get()), reference: null }
    return (await this.#look(reference)) ?? this.#missing(name, reference)
  }

  close(): void {
    this.#closing.abort(new Error('trimtab ends'))
  }

  #look(reference: string): Promise<Base | null> {
    const now = this.#options.now()
    const known = this.#known.get(reference)
    if (known && now - known.at < FRESH_MS) return known.base
    const base = this.#inspect(reference)
    this.#known.set(reference, { at: now, base })
    // Neither trouble nor absence is remembered.
    base.then(
      (found) => found ?? this.#known.delete(reference),
      () => this.#known.delete(reference),
    )
    return base
  }

  async #inspect(reference: string): Promise<Base | null> {
    try {
      const { Id, Config } = await this.#options.engine.ask((docker) => docker.getImage(reference).inspect())
      return { id: Id, env: Config.Env ?? [], reference }
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  }

  #missing(name: string, reference: string): never {
    const what = `The image ${reference}, which platform.yaml names as the base "${name}",`
    if (isHomemade(reference)) throw unavailable(`${what} is not on the Docker Engine.`)
    const before = this.#trouble.get(reference)
    this.#pull(reference)
    throw unavailable(`${what} is being pulled.${before ? ` The last try: ${headline(before.message)}` : ''}`)
  }

  #pull(reference: string): void {
    if (this.#pulling.has(reference)) return
    const { engine, registries, changed } = this.#options
    this.#pulling.add(reference)
    const ended = () => {
      this.#pulling.delete(reference)
      this.#known.delete(reference)
    }
    pull(reference, { engine, registries: registries(), line: () => {}, signal: this.#closing.signal }).then(
      () => {
        ended()
        this.#trouble.delete(reference)
        changed()
      },
      (error) => {
        ended()
        this.#trouble.set(reference, asTrimtabError(error))
      },
    )
  }
}

function unavailable(message: string): TrimtabError {
  return new TrimtabError('RuntimeUnavailable', message, { retry: true })
}
