/**
 * Ending containers: the stop signal, and SIGKILL when the time is up. The engine is told both at once, so that it sees to it also
 * when trimtab is gone; what is finer than its whole seconds is seen to here.
 */
import type { Stop } from '../../domain.ts'
import { type Engine, Refusal } from '../../engine/engine.ts'
import { signalName } from '../signals.ts'
import { seconds } from './container.ts'

export interface Stops {
  /** Tells it to end, in the background. Told again, only an earlier end counts: the signal is sent once. */
  tell(id: string, stop: Stop, usual: string): void
  /** It has ended. */
  ended(id: string): void
  close(): void
}

interface Telling {
  /** By performance.now(). */
  deadline: number
  timer: NodeJS.Timeout
}

/** setTimeout takes no more than a signed 32-bit number of milliseconds. */
const LONGEST_MS = 2 ** 31 - 1
/** For the engine's own work, beyond the time that the app was given. */
const SLACK_MS = 30_000

/** `over`: something has come of it, look again. */
export function createStops(engine: Engine, over: () => void): Stops {
  const tellings = new Map<string, Telling>()
  const closing = new AbortController()

  async function send(id: string, stop: Stop, usual: string): Promise<void> {
    const { signal: abortSignal } = closing
    const container = engine.docker.getContainer(id)
    const signal = signalName(stop.signal)
    try {
      // The engine's stop knows only the signal that the container was made with.
      if (signal === signalName(usual)) {
        await engine.ask(() => container.stop({ t: seconds(stop), abortSignal }), Math.min(stop.timeoutMs + SLACK_MS, LONGEST_MS))
        forget(id)
      } else await engine.ask(() => container.kill({ signal, abortSignal }))
    } catch (error) {
      // Not reached: it is told again by whoever sees that it runs still. Answered: it has ended, or is gone.
      if (error instanceof Refusal || !closing.signal.aborted) forget(id)
    }
    over()
  }

  async function kill(id: string): Promise<void> {
    await engine.ask((docker) => docker.getContainer(id).kill({ signal: 'SIGKILL' })).catch(() => {})
    forget(id)
    over()
  }

  function arm(id: string, ms: number): Telling {
    const timer = setTimeout(() => void kill(id), ms).unref()
    return { deadline: performance.now() + ms, timer }
  }

  function forget(id: string): void {
    clearTimeout(tellings.get(id)?.timer)
    tellings.delete(id)
  }

  return {
    tell(id, stop, usual) {
      if (closing.signal.aborted) return
      const timeoutMs = Math.min(Math.max(0, stop.timeoutMs), LONGEST_MS)
      const before = tellings.get(id)
      if (before) {
        if (before.deadline <= performance.now() + timeoutMs) return
        clearTimeout(before.timer)
        Object.assign(before, arm(id, timeoutMs))
        return
      }
      tellings.set(id, arm(id, timeoutMs))
      void send(id, { ...stop, timeoutMs }, usual)
    },
    ended: forget,
    close() {
      closing.abort()
      for (const { timer } of tellings.values()) clearTimeout(timer)
    },
  }
}
