import type { ImageInfo } from 'dockerode'
import type { Image } from '../../domain.ts'
import { type Engine, isMissing, Refusal } from '../../engine/engine.ts'
import { watchEvents } from '../../engine/events.ts'
import { imageRef } from '../../engine/labels.ts'
import { imageOf } from './label.ts'
import { tagged } from './reference.ts'

/** A list is believed for so long, unless the engine says before that something has changed. */
const FRESH_MS = 5_000
/** Changes come in flocks. */
const SETTLE_MS = 200

interface Look {
  images: Map<string, Image>
  /** Every key that has a tag, whatever is behind it. */
  keys: Set<string>
  stack: string | null
}

export interface ShelfOptions {
  engine: Engine
  platform: string
  /** Reference of the stack image. */
  stack: () => string
  now: () => number
  /** An image, or the stack, has come or gone without our doing. */
  changed: () => void
}

/** The finished images on the engine. However many apps ask, it is one question to the engine, and that seldom. */
export class Shelf {
  readonly #options: ShelfOptions
  #last: Promise<Look> | null = null
  #askedAt = 0
  /** As last seen, and what was made since. */
  #known: Look | null = null
  #timer: NodeJS.Timeout | null = null
  readonly #unwatch: () => void

  constructor(options: ShelfOptions) {
    this.#options = options
    this.#unwatch = watchEvents(options.engine, { type: ['image'] }, (event) => this.#touched(event === null))
  }

  async find(key: string): Promise<Image | null> {
    return (await this.#look()).images.get(key) ?? null
  }

  exists(key: string): boolean {
    return this.#known?.images.has(key) ?? false
  }

  async keys(): Promise<string[]> {
    this.forget()
    return [...(await this.#look()).keys]
  }

  /** Id of the stack image, null if it is not on the engine. */
  async stackId(): Promise<string | null> {
    return (await this.#look()).stack
  }

  /** An image that was just made. */
  add(image: Image): void {
    this.#known?.images.set(image.key, image)
    this.#known?.keys.add(image.key)
    this.forget()
  }

  /** Removes an image's name, and with the last name the image. One that a container uses stays. */
  async remove(key: string): Promise<void> {
    const { engine, platform } = this.#options
    try {
      await engine.ask((docker) => docker.getImage(imageRef(platform, key)).remove())
    } catch (error) {
      if (error instanceof Refusal && error.status === 409) return
      if (!isMissing(error)) throw error
    }
    this.#known?.images.delete(key)
    this.#known?.keys.delete(key)
    this.forget()
  }

  /** The next question goes to the engine. */
  forget(): void {
    this.#last = null
  }

  close(): void {
    this.#unwatch()
    if (this.#timer) clearTimeout(this.#timer)
  }

  #look(): Promise<Look> {
    const now = this.#options.now()
    if (this.#last && now - this.#askedAt < FRESH_MS) return this.#last
    const looking = this.#ask()
    this.#askedAt = now
    this.#last = looking
    // An answer to a question of before the last change is no news.
    looking.then(
      (look) => this.#last === looking && this.#seen(look),
      () => this.#last === looking && this.forget(),
    )
    return looking
  }

  async #ask(): Promise<Look> {
    const { engine, platform } = this.#options
    const stack = this.#options.stack()
    const filters = { reference: [`trimtab/${platform}`, stack] }
    const list = await engine.ask((docker, abortSignal) => docker.listImages({ filters, abortSignal }))
    const look: Look = { images: new Map(), keys: new Set(), stack: null }
    for (const image of list) this.#put(image, tagged(stack), look)
    // Named by its id or by a digest: the list says nothing of such names.
    look.stack ??= /@|^(sha256:)?[0-9a-f]+$/.test(stack) ? await this.#idOf(stack) : null
    return look
  }

  #put({ Id, RepoTags, Labels }: ImageInfo, stack: string, look: Look): void {
    const { platform } = this.#options
    const prefix = imageRef(platform, '')
    for (const name of RepoTags ?? []) {
      if (name === stack) look.stack = Id
      if (!name.startsWith(prefix)) continue
      const key = name.slice(prefix.length)
      const image = imageOf(platform, key, Labels ?? {})
      look.keys.add(key)
      if (image) look.images.set(key, image)
    }
  }

  async #idOf(reference: string): Promise<string | null> {
    try {
      return (await this.#options.engine.ask((docker) => docker.getImage(reference).inspect())).Id
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  }

  #seen(look: Look): void {
    const before = this.#known
    this.#known = look
    if (!before) return
    const isGone = [...before.images.keys()].some((key) => !look.images.has(key))
    if (isGone || before.stack !== look.stack) this.#options.changed()
  }

  /** `missed`: the stream of events was interrupted; what is known is no worse than a moment ago, but no better either. */
  #touched(missed: boolean): void {
    this.forget()
    if (missed) return
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      void this.#look().catch(() => {})
    }, SETTLE_MS)
    this.#timer.unref()
  }
}
