/** The output of an app's instances: the last lines of each, and what comes. */
import { type FSWatcher, watch } from 'node:fs'
import { join } from 'node:path'
import type { Instance } from '../../domain.ts'
import type { LogLine } from '../../ports.ts'
import { createReader, type Reader } from './follow.ts'
import type { Places } from './places.ts'
import { logFiles, type Rotator } from './rotate.ts'
import { readTail } from './tail.ts'

export interface LogsOptions {
  process?: string
  lines: number
  follow: boolean
  signal: AbortSignal
}

export interface LogSources {
  places: Places
  rotator: Rotator
  keep: number
  /** The app's instances now, oldest first, with the place in the log file where the output of each begins. */
  instances(app: string): Array<{ instance: Instance; from: number }>
  /** Calls back when an instance of any app was started; gives the end of it. One that lives shorter than a poll is not missed. */
  onStart(started: () => void): () => void
}

/** New output is noticed by a watch on the directory; where there is none to be had, and for new instances, by this. */
const POLL_MS = 300

export async function* readLogs(sources: LogSources, app: string, options: LogsOptions): AsyncGenerator<LogLine> {
  const { places, rotator, keep, instances } = sources
  const readers = new Map<string, Reader>()
  const wanted = () => instances(app).filter(({ instance }) => !options.process || instance.process === options.process)

  for (const { instance } of wanted()) {
    const log = places.log(app, instance.name)
    const { lines, offset } = readTail(logFiles(log, keep), options.lines, { whole: options.follow })
    readers.set(instance.name, createReader(log, offset, rotator, keep))
    for (const line of lines) yield { at: null, instance: instance.name, line }
  }
  if (!options.follow) return

  const bell = createBell(join(places.logs, app), options.signal)
  const deaf = sources.onStart(bell.ring)
  try {
    while (!options.signal.aborted) {
      let isMore = false
      const running = new Set<string>()
      for (const { instance, from } of wanted()) {
        const { name, state } = instance
        if (state !== 'exited') running.add(name)
        if (!readers.has(name)) readers.set(name, createReader(places.log(app, name), from, rotator, keep))
      }
      // The same name started anew goes on in the same file; a removed instance may still have lines to be read.
      for (const [name, reader] of readers) {
        const { lines, more } = reader.read()
        isMore ||= more
        const at = Date.now()
        const last = more || running.has(name) ? [] : reader.rest()
        for (const line of [...lines, ...last]) {
          yield { at, instance: name, line }
          if (options.signal.aborted) return
        }
      }
      if (!isMore) await bell.wait(POLL_MS)
    }
  } finally {
    deaf()
    bell.close()
  }
}

interface Bell {
  ring(): void
  /** Resolves when it rings (also if it did since the last wait), or after this time. */
  wait(ms: number): Promise<void>
  close(): void
}

/** Rings when something is written in the directory, and on abort. */
function createBell(dir: string, signal: AbortSignal): Bell {
  let isRung = false
  let wake = () => {}
  let watcher: FSWatcher | null = null
  const ring = () => {
    isRung = true
    wake()
  }

  function listen(): void {
    try {
      watcher ??= watch(dir, { persistent: false }, ring).on('error', () => watcher?.close())
    } catch {
      // Not there yet, or no watch to be had: the poll is enough.
    }
  }

  signal.addEventListener('abort', ring)
  return {
    ring,
    async wait(ms) {
      listen()
      if (!isRung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      isRung = false
    },
    close() {
      watcher?.close()
      signal.removeEventListener('abort', ring)
    },
  }
}
