/** Lines from several sources for one reader. A source that is faster than the reader waits. */

export interface Queue<T> extends AsyncIterable<T> {
  /** Resolves when there is room for more; false: nobody reads any more. */
  push(item: T): Promise<boolean>
}

const FULL = 1_000

export function createQueue<T>(signal: AbortSignal): Queue<T> {
  const items: T[] = []
  let wakeReader = () => {}
  let wakeSources: Array<() => void> = []
  let ended = signal.aborted

  const end = () => {
    ended = true
    wakeReader()
    drained()
  }
  const drained = () => {
    const waiting = wakeSources
    wakeSources = []
    for (const wake of waiting) wake()
  }
  signal.addEventListener('abort', end, { once: true })

  return {
    async push(item) {
      while (items.length >= FULL && !ended) await new Promise<void>((resolve) => void wakeSources.push(resolve))
      if (ended) return false
      items.push(item)
      wakeReader()
      return true
    },
    async *[Symbol.asyncIterator]() {
      try {
        while (!ended) {
          const item = items.shift()
          if (item === undefined) {
            await new Promise<void>((resolve) => {
              wakeReader = resolve
            })
            continue
          }
          if (items.length === FULL - 1) drained()
          yield item
        }
      } finally {
        signal.removeEventListener('abort', end)
        end()
      }
    },
  }
}
