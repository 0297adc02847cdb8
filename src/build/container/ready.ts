import type { BuildContainer, Containers } from './containers.ts'
import { buildName, type ContainerWish, readyName } from './spec.ts'

type Wish = Omit<ContainerWish, 'platform' | 'network'>

interface Idle {
  wish: string
  container: Promise<BuildContainer | null>
  timer: NodeJS.Timeout
}

/** Who has not built for so long does without. */
const IDLE_MS = 30 * 60_000

/**
 * Containers that wait for the next build of the apps that built last. To start one takes most of the time that a small build
 * takes, and somebody who has just pushed a commit often pushes another. It is used once, as any other.
 */
export class Ready {
  readonly #containers: Containers
  readonly #platform: string
  readonly #limit: () => number
  /** By app, the oldest first. */
  readonly #idle = new Map<string, Idle>()
  #closed = false

  constructor(containers: Containers, platform: string, limit: () => number) {
    this.#containers = containers
    this.#platform = platform
    this.#limit = limit
  }

  /** A container for a build of this key: the one that waits, or a new one. */
  async take(wish: Wish, key: string): Promise<BuildContainer> {
    const name = buildName(this.#platform, key)
    const idle = this.#idle.get(wish.app)
    if (idle?.wish === JSON.stringify(wish)) {
      this.#idle.delete(wish.app)
      clearTimeout(idle.timer)
      const container = await idle.container
      if (container && !container.session.ended) {
        this.#containers.rename(container, name)
        return container
      }
      await container?.end()
    } else if (idle) await this.#drop(wish.app)
    return this.#containers.start(wish, name)
  }

  /** Has one wait for the next build. Whether that succeeds is of no importance. */
  async prepare(wish: Wish): Promise<void> {
    const former = this.#drop(wish.app)
    if (this.#closed) return former
    // At once, before anything is waited for: of two that prepare for an app the later one ends what the earlier one starts.
    const name = readyName(this.#platform, wish.app)
    const container = former.then(() => this.#containers.start(wish, name)).catch(() => null)
    const timer = setTimeout(() => void this.#drop(wish.app), IDLE_MS)
    timer.unref()
    this.#idle.set(wish.app, { wish: JSON.stringify(wish), container, timer })
    const tooMany = [...this.#idle.keys()].slice(0, -this.#limit())
    await Promise.all([container, ...tooMany.map((app) => this.#drop(app))])
  }

  /** No build of this app is to come. */
  async forget(app: string): Promise<void> {
    await this.#drop(app)
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#idle.keys()].map((app) => this.#drop(app)))
  }

  async #drop(app: string): Promise<void> {
    const idle = this.#idle.get(app)
    if (!idle) return
    this.#idle.delete(app)
    clearTimeout(idle.timer)
    const container = await idle.container
    await container?.end().catch(() => {})
  }
}
