/** Speaks to the router's API on its unix socket. */
import { request } from 'node:http'
import { TrimtabError } from '../../errors.ts'

export interface Answer {
  status: number
  etag: string
  text: string
}

/** Nobody listens there (any more). */
export class NobodyThere extends Error {}

const answerMs = 5_000

/** One request. Throws NobodyThere, or RouterUnavailable where somebody listens and does not answer. */
export function ask(socket: string, method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      // A connection that breaks off was to a router that is ending.
      const gone = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(error.code ?? '')
      const mute = `The router does not answer on ${socket}. trimtab asks again.`
      reject(
        gone
          ? new NobodyThere(`nobody listens on ${socket}`)
          : new TrimtabError('RouterUnavailable', mute, { retry: true, cause: error }),
      )
    }
    // A connection of its own: on a unix socket it costs less than finding out that a kept one is stale.
    const asked = request({ socketPath: socket, method, path, headers, agent: false, timeout: answerMs }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, etag: String(response.headers.etag ?? ''), text }))
      response.on('error', fail)
    })
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${answerMs} ms`)))
    asked.on('error', fail)
    asked.end()
  })
}
