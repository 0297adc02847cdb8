/**
 * The queue: which app is looked at when. One pass at a time for an app, a few apps at a time, and what arrives during a pass
 * is one more pass after it. A pass that fails is tried again later, and hurts nobody else's.
 */
import { asTrimtabError, type TrimtabError } from './errors.ts'

export interface Controller {
  /** Look again at this app, soon. Carries no data, and costs nothing to call too often. */
  trigger(app: string): void
  /** What the last pass over this app threw; null: it went well. */
  trouble(app: string): TrimtabError | null
  /** Ends when no pass is running. None is started any more. */
  close(): Promise<void>
}

interface Slot {
  state: 'idle' | 'queued' | 'running'
  /** Triggered while running. */
  dirty: boolean
  timer: NodeJS.Timeout | null
  failures: number
  /** Passes in a row that asked for another at once. */
  streak: number
  trouble: TrimtabError | null
}

const AT_ONCE = 8
const LONGEST_MS = 60_000
const LONGEST_TIMER_MS = 2 ** 31 - 1
/** A rollout takes some twenty passes; one that asks for more, without a pause, goes in circles, and is slowed down. */
const STREAK = 500

/** `pass` gives the milliseconds after which to look again (0: at once), or null. `failed` hears of every pass that threw. */
export function createController(
  pass: (app: string) => Promise<number | null>,
  failed: (app: string, error: TrimtabError, inMs: number) => void,
  jitter: () => number = Math.random,
): Controller {
  const slots = new Map<string, Slot>()
  const queue: string[] = []
  let running = 0
  let closed = false
  /** Whoever waits for the end: `down` and Ctrl-C may both. */
  const closing: Array<() => void> = []

  const slotOf = (app: string): Slot => {
    const known = slots.get(app)
    if (known) return known
    const slot: Slot = { state: 'idle', dirty: false, timer: null, failures: 0, streak: 0, trouble: null }
    slots.set(app, slot)
    return slot
  }

  const enqueue = (app: string) => {
    const slot = slotOf(app)
    if (slot.timer) clearTimeout(slot.timer)
    slot.timer = null
    if (slot.state === 'running') slot.dirty = true
    if (slot.state !== 'idle' || closed) return
    slot.state = 'queued'
    queue.push(app)
    next()
  }

  const later = (app: string, ms: number) => {
    const slot = slotOf(app)
    if (closed) return
    if (ms <= 0) return enqueue(app)
    // What is further off than a timer can be (24 days) is looked at before: a look too many does no harm.
    slot.timer = setTimeout(() => enqueue(app), Math.min(ms, LONGEST_TIMER_MS))
  }

  const next = () => {
    while (running < AT_ONCE && !closed) {
      const app = queue.shift()
      if (app === undefined) return
      void run(app)
    }
  }

  const run = async (app: string) => {
    const slot = slotOf(app)
    slot.state = 'running'
    slot.dirty = false
    running++
    let again: number | null
    try {
      again = await pass(app)
      slot.failures = 0
      slot.trouble = null
      slot.streak = again === 0 ? slot.streak + 1 : 0
      if (slot.streak > STREAK) again = 1_000
    } catch (thrown) {
      slot.trouble = asTrimtabError(thrown)
      again = Math.min(LONGEST_MS, 250 * 2 ** Math.min(slot.failures++, 12)) * (0.75 + jitter() / 2)
      failed(app, slot.trouble, again)
    }
    running--
    slot.state = 'idle'
    if (slot.dirty && slot.failures === 0 && slot.streak <= STREAK) enqueue(app)
    else if (again !== null) later(app, again)
    next()
    if (running === 0) for (const ended of closing) ended()
  }

  return {
    trigger: enqueue,
    trouble: (app) => slots.get(app)?.trouble ?? null,
    close() {
      closed = true
      queue.length = 0
      for (const slot of slots.values()) if (slot.timer) clearTimeout(slot.timer)
      if (running === 0) return Promise.resolve()
      return new Promise((resolve) => void closing.push(resolve))
    },
  }
}
