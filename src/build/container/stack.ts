import type { PlatformSpec } from '../../domain.ts'
import { type Engine, isMissing } from '../../engine/engine.ts'
import { asTrimtabError, headline, TrimtabError } from '../../errors.ts'
import { pull } from './pull.ts'
import { isHomemade } from './reference.ts'
import type { ImageRegistry } from './registry/registry.ts'
import type { Shelf } from './shelf.ts'

/** The image that builds begin from. */
export interface Stack {
  id: string
  /** What its own configuration says, as NAME=value. */
  env: string[]
}

export interface StackOptions {
  engine: Engine
  shelf: Shelf
  reference: () => string
  registries: () => PlatformSpec['registries']
  /** May have a stack that was made here. */
  registry: Pick<ImageRegistry, 'fetchStack' | 'isThere'>
}

/** Looks the stack up; where it has to be pulled first, that goes on beside whoever asks. */
export class Stacks {
  readonly #options: StackOptions
  /** What an id stands for never changes. */
  readonly #known = new Map<string, Stack>()
  readonly #closing = new AbortController()
  #pulling: string | null = null
  #trouble: TrimtabError | null = null

  constructor(options: StackOptions) {
    this.#options = options
  }

  /** Throws RuntimeUnavailable where it is not there (yet): that changes without a new commit. */
  async get(): Promise<Stack> {
    const { shelf, reference } = this.#options
    const id = await shelf.stackId()
    if (id === null) throw this.#missing(reference())
    const known = this.#known.get(id) ?? (await this.#inspect(id))
    this.#known.set(id, known)
    return known
  }

  close(): void {
    this.#closing.abort(new Error('trimtab ends'))
  }

  async #inspect(id: string): Promise<Stack> {
    const { engine, shelf, reference } = this.#options
    try {
      const { Config } = await engine.ask((docker) => docker.getImage(id).inspect())
      return { id, env: Config.Env ?? [] }
    } catch (error) {
      if (!isMissing(error)) throw error
      shelf.forget()
      throw this.#missing(reference())
    }
  }

  #missing(reference: string): TrimtabError {
    const { registry } = this.#options
    if (isHomemade(reference) && (!registry.isThere || this.#trouble?.code === 'NotFound')) {
      this.#trouble = null
      return unavailable(
        `The stack image ${reference} is not on the Docker Engine. Make it: trimtab stack build --name ${reference}`,
      )
    }
    if (this.#pulling !== reference) this.#pull(reference)
    const before = this.#trouble ? ` The last try: ${headline(this.#trouble.message)}` : ''
    return unavailable(`The stack image ${reference} is being pulled; builds wait for it.${before}`)
  }

  #pull(reference: string): void {
    this.#pulling = reference
    this.#get(reference).then(
      () => {
        this.#pulling = null
        this.#trouble = null
        this.#options.shelf.forget()
      },
      (error) => {
        this.#pulling = null
        this.#trouble = asTrimtabError(error)
      },
    )
  }

  async #get(reference: string): Promise<void> {
    const { engine, registries, registry } = this.#options
    const { signal } = this.#closing
    if (!isHomemade(reference)) return pull(reference, { engine, registries: registries(), line: () => {}, signal })
    if (!(await registry.fetchStack(reference, signal))) throw new TrimtabError('NotFound', 'The registry does not have it.')
  }
}

function unavailable(message: string): TrimtabError {
  return new TrimtabError('RuntimeUnavailable', message, { retry: true })
}
