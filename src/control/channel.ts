/** What is pushed in comes out of an async loop, in order, until it is closed or the signal aborts. */
export class Channel<T> implements AsyncIterable<T> {
  private readonly waiting: T[] = []
  private wake: (() => void) | null = null
  private closed = false

  constructor(signal: AbortSignal) {
    if (signal.aborted) this.closed = true
    signal.addEventListener('abort', () => this.close(), { once: true })
  }

  push(value: T): void {
    if (this.closed) return
    this.waiting.push(value)
    this.wake?.()
  }

  close(): void {
    this.closed = true
    this.wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      while (this.waiting.length > 0) yield this.waiting.shift() as T
      if (this.closed) return
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
  }
}
