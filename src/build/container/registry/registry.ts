import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Image, PlatformSpec, RegistrySpec } from '../../../domain.ts'
import { isMissing, Refusal } from '../../../engine/engine.ts'
import { imageRef, ours } from '../../../engine/labels.ts'
import { asTrimtabError, headline } from '../../../errors.ts'
import type { BuildPlan, NewEvent } from '../../../ports.ts'
import { isHomemade } from '../reference.ts'
import type { Yard } from '../yard.ts'
import { imageIn, loginFor, nameAndTag, stackIn } from './names.ts'
import { Outbox } from './outbox.ts'
import { isPulled, pullImage, RegistryAway } from './pull.ts'
import { push, refused } from './push.ts'

/** One that was away when it was asked for an image is not asked again for so long: builds go on without it. */
const AWAY_MS = 10_000

export type RegistrySettings = Pick<PlatformSpec, 'registry' | 'registries' | 'stack'>

/**
 * The platform's own registry: what went live is sent there, beside everything else, and what the engine has lost is taken from there.
 * It is no part of any deploy: one that is away, or refuses, is told of and otherwise done without.
 */
export class ImageRegistry {
  readonly #yard: () => Yard
  #settings: RegistrySettings
  #tell: (event: NewEvent) => void = () => {}
  #awayUntil = 0
  /** Names on the engine that are on their way. */
  readonly #busy = new Set<string>()
  /** Ids of stack images that it has. */
  readonly #stacks = new Set<string>()
  readonly #outbox = new Outbox({
    send: (app, key, signal) => this.#send(app, key, signal),
    sent: (app, message) => this.#tell({ app, type: 'ImagePushed', message }),
    trouble: (message) => {
      if (message === null) this.#tell({ app: '', type: 'RegistryRecovered', message: 'the registry takes images again' })
      else this.#tell({ app: '', type: 'RegistryFailed', message: `${message} Nothing waits for it; it is tried again.` })
    },
  })

  /** `yard`: it is one of the parts of what it works on. */
  constructor(yard: () => Yard, settings: RegistrySettings) {
    this.#yard = yard
    this.#settings = settings
  }

  get isThere(): boolean {
    return this.#settings.registry !== undefined
  }

  onEvent(tell: (event: NewEvent) => void): void {
    this.#tell = tell
  }

  configure(settings: RegistrySettings): void {
    const before = JSON.stringify([this.#settings.registry, this.#settings.registries])
    this.#settings = settings
    if (before === JSON.stringify([settings.registry, settings.registries])) return
    this.#awayUntil = 0
    this.#stacks.clear()
    void this.#outbox.reset()
  }

  /** Sees to it that it has this app's image. Idempotent. */
  publish(app: string, key: string): void {
    if (this.#settings.registry) this.#outbox.add(app, key)
  }

  /** The image of this plan, taken from there; null where there is none, or none can be had now. Throws the signal's reason. */
  async fetch({ app, commit, key }: BuildPlan, signal: AbortSignal): Promise<{ image: Image; from: string } | null> {
    const { registry } = this.#settings
    const { now } = this.#yard()
    if (!registry || now() < this.#awayUntil) return null
    const from = imageIn(registry, app.name, key)
    const started = now()
    try {
      const image = await this.#named(from, () => pullImage(this.#yard(), { from, key, auth: this.#auth(registry), signal }))
      if (!image) return null
      this.#outbox.knows(app.name, key)
      await this.#log(key, from, now() - started)
      return { image, from }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof RegistryAway) this.#awayUntil = now() + AWAY_MS
      const message = `${headline(asTrimtabError(error).message)} It is built instead.`
      this.#tell({ app: app.name, type: 'RegistryFailed', commit, message })
      return null
    }
  }

  /** Has the stack that was made here taken from there. False: there is none. Throws a TrimtabError, or the signal's reason. */
  async fetchStack(reference: string, signal: AbortSignal): Promise<boolean> {
    const { registry } = this.#settings
    if (!registry) return false
    const from = stackIn(registry, reference)
    const { engine } = this.#yard()
    return this.#named(from, async () => {
      if (!(await isPulled(from, { engine, auth: this.#auth(registry), signal }))) return false
      await engine.ask((docker) => docker.getImage(from).tag(nameAndTag(reference)))
      await engine.ask((docker) => docker.getImage(from).remove()).catch(() => {})
      return true
    })
  }

  /** Takes away the registry's names that a trimtab which was killed has left on the engine: they would keep images for ever. */
  async tidy(): Promise<void> {
    const { registry, stack } = this.#settings
    const { engine, platform } = this.#yard()
    if (!registry) return
    const own = await engine.ask((docker, abortSignal) => docker.listImages({ filters: ours(platform), abortSignal }))
    const begin = `${registry.address}/`
    const names = own.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => name.startsWith(begin))
    if (isHomemade(stack.image)) names.push(stackIn(registry, stack.image))
    for (const name of names) {
      if (!this.#busy.has(name)) await engine.ask((docker) => docker.getImage(name).remove()).catch(() => {})
    }
  }

  async close(): Promise<void> {
    await this.#outbox.close()
  }

  async #send(app: string, key: string, signal: AbortSignal): Promise<string | null> {
    const { registry } = this.#settings
    const { engine, platform, shelf, now } = this.#yard()
    // Removed since, or never one of the engine's.
    if (!registry || !(await shelf.find(key))) return null
    const started = now()
    const to = imageIn(registry, app, key)
    const auth = this.#auth(registry)
    const isThere = await this.#has(to, auth)
    // It answers again.
    this.#awayUntil = 0
    if (!isThere) await this.#named(to, () => push(imageRef(platform, key), to, { engine, auth, signal }))
    await this.#sendStack(registry, signal)
    return isThere ? null : `${to}, in ${((now() - started) / 1000).toFixed(1)} s`
  }

  /** Without the very stack that an image was built on, the same inputs are another key: it goes along, in layers that are there already. */
  async #sendStack(registry: RegistrySpec, signal: AbortSignal): Promise<void> {
    const { image } = this.#settings.stack
    const { engine, shelf } = this.#yard()
    const id = isHomemade(image) ? await shelf.stackId() : null
    if (id === null || this.#stacks.has(id)) return
    const to = stackIn(registry, image)
    await this.#named(to, () => push(image, to, { engine, auth: this.#auth(registry), signal }))
    this.#stacks.add(id)
  }

  async #named<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.#busy.add(name)
    try {
      return await work()
    } finally {
      this.#busy.delete(name)
    }
  }

  async #has(reference: string, auth: object): Promise<boolean> {
    try {
      await this.#yard().engine.ask((docker) => docker.getImage(reference).distribution({ authconfig: auth }))
      return true
    } catch (error) {
      if (isMissing(error)) return false
      throw error instanceof Refusal ? refused(reference, error.message, error) : error
    }
  }

  #auth(registry: RegistrySpec): object {
    return loginFor(registry, this.#settings.registries)
  }

  /** Where a build's log would be; the one of the build itself stays, if it is still there. */
  async #log(key: string, from: string, durationMs: number): Promise<void> {
    const text = `-----> No build: the image of these inputs is in the registry\n       ${from}, pulled in ${(durationMs / 1000).toFixed(1)}s\n`
    await writeFile(join(this.#yard().folder, `${key}.log`), text, { flag: 'wx', mode: 0o600 }).catch(() => {})
  }
}
