import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { failureAnswer } from './failure.ts'

/**
 * Answers with one JSON value a line, each sent at once, no faster than the client reads.
 *
 * A failure that comes before any waiting (an unknown app) has its HTTP status. The headers go out right after that, so
 * that a client which follows a silent stream knows it is heard; a later failure is the last line, `{"error": …}`.
 *
 * When `signal` ends (the client went away, the server closes) the answer ends, also where the iteration does not listen
 * to it; the iteration is ended too, unless it is `unstoppable`: then it is run to its end unheard.
 */
export async function sendLines(
  response: ServerResponse,
  items: AsyncIterable<unknown>,
  { signal, unstoppable = false }: { signal: AbortSignal; unstoppable?: boolean },
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]()
  const gone = aborted(signal)
  const take = () => {
    const next = iterator.next()
    next.catch(() => {}) // heard below, unless the client has gone by then
    return next
  }
  let next = take()
  try {
    await Promise.race([next, new Promise(setImmediate)])
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
    response.flushHeaders()
    for (;;) {
      const result = await Promise.race([next, gone])
      if (result === null || result.done) break
      next = take()
      if (!response.write(`${JSON.stringify(result.value)}\n`)) await Promise.race([once(response, 'drain'), gone])
    }
  } catch (error) {
    if (!signal.aborted) sendFailure(response, error)
  } finally {
    response.end()
    if (unstoppable) await finish(iterator, next)
    // Not awaited: a generator that is stuck in a wait of its own would hold this up for ever.
    else Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null)
    else signal.addEventListener('abort', () => resolve(null), { once: true })
  })
}

async function finish(iterator: AsyncIterator<unknown>, next: Promise<IteratorResult<unknown>>): Promise<void> {
  try {
    for (let result = await next; !result.done; ) result = await iterator.next()
  } catch {
    // Nobody is left to be told; what it was doing has its own record.
  }
}

function sendFailure(response: ServerResponse, error: unknown): void {
  const { status, body } = failureAnswer(error)
  if (!response.headersSent) response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
  response.write(`${JSON.stringify(body)}\n`)
}
