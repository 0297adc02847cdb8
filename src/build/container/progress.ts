import type { Readable } from 'node:stream'

/** One message of the engine's while it pulls, builds or imports. */
export interface Progress {
  id?: string
  status?: string
  /** Output of a build. */
  stream?: string
  progressDetail?: { current?: number }
  error?: string
  errorDetail?: { code?: number; message?: string }
  /** Of BuildKit's: text. */
  aux?: { ID?: string; Digest?: string } | string
}

/** What the engine says went wrong, in the middle of an answer that began well. */
export class Complaint extends Error {
  /** Exit code of the step of a build that failed. */
  readonly code: number | undefined

  constructor(message: string, code?: number) {
    super(message)
    this.name = 'Complaint'
    this.code = code
  }
}

/** No message of the engine's is longer than this; the output of a build comes in pieces. */
const LONGEST = 16 * 1024 * 1024

/** Passes on each message until the work has ended. Throws a Complaint where the engine reports an error. Aborted: the work is given up. */
export async function follow(
  answer: NodeJS.ReadableStream,
  seen: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  const stream = answer as Readable
  const stop = () => stream.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    signal.throwIfAborted()
    let rest = ''
    for await (const text of stream.setEncoding('utf8')) {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > LONGEST) throw new Complaint('the engine says more at once than can be understood')
      for (const line of lines) if (line.trim() !== '') take(JSON.parse(line) as Progress, seen)
    }
    if (rest.trim() !== '') take(JSON.parse(rest) as Progress, seen)
  } finally {
    signal.removeEventListener('abort', stop)
    stream.destroy()
  }
  signal.throwIfAborted()
}

function take(progress: Progress, seen: (progress: Progress) => void): void {
  const { error, errorDetail } = progress
  if (error !== undefined) throw new Complaint(errorDetail?.message ?? error, errorDetail?.code)
  seen(progress)
}
