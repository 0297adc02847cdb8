/** The engine's event stream. It says nothing but "look again", and is taken up again whenever it breaks off. */
import type { Readable } from 'node:stream'
import type { Engine } from './engine.ts'

export interface EngineEvent {
  Type: string
  Action: string
  timeNano?: number
  Actor?: { ID?: string; Attributes?: Record<string, string> }
}

const FIRST_MS = 250
const LAST_MS = 5_000
/** A single event of a stranger's could be as long as it likes. */
const LONGEST = 1024 * 1024

/**
 * Calls `seen` for every event that passes the filter, and with null whenever something may have been missed: when the stream is
 * taken up, and when it breaks off. Gives the end of it.
 */
export function watchEvents(
  engine: Engine,
  filters: Record<string, string[]>,
  seen: (event: EngineEvent | null) => void,
): () => void {
  let closed = false
  let wait = FIRST_MS
  let stream: (Readable & { destroy(): void }) | null = null
  let timer: NodeJS.Timeout | null = null

  const open = async () => {
    timer = null
    try {
      const opened = (await engine.ask((docker, abortSignal) => {
        const options = { filters, abortSignal }
        return docker.getEvents(options)
      })) as Readable
      if (closed) return void opened.destroy()
      stream = opened
      wait = FIRST_MS
      seen(null)
      read(opened)
    } catch {
      again()
    }
  }

  const read = (from: Readable) => {
    let rest = ''
    from.setEncoding('utf8')
    from.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > LONGEST) rest = ''
      for (const line of lines) if (line.trim() !== '') tell(line)
    })
    from.on('error', () => {}) // 'close' follows
    from.once('close', () => {
      if (stream === from) stream = null
      if (closed) return
      seen(null)
      again()
    })
  }

  const tell = (line: string) => {
    try {
      seen(JSON.parse(line) as EngineEvent)
    } catch {
      seen(null)
    }
  }

  const again = () => {
    if (closed || timer) return
    timer = setTimeout(() => void open(), wait)
    timer.unref()
    wait = Math.min(wait * 2, LAST_MS)
  }

  void open()
  return () => {
    closed = true
    if (timer) clearTimeout(timer)
    stream?.destroy()
  }
}
