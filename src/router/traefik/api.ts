/** Asks Traefik's API. */
import { request } from 'node:http'
import { request as requestSecure } from 'node:https'
import { TrimtabError } from '../../errors.ts'

const ANSWER_MS = 5_000
/** An answer for ten thousand routes is some 10 MB. */
const LONGEST = 256 * 1024 * 1024

/** GET <base>/<path>, as text. Throws RouterUnavailable (retry) where it does not answer, or not so. */
export function askApi(base: string, path: string): Promise<string> {
  const url = new URL(`${base}/${path}`)
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown) => reject(away(`Traefik's API at ${url.origin} ${why}.`, cause))
    // A connection of its own: one that was kept may be to a Traefik that is ending.
    const ask = url.protocol === 'https:' ? requestSecure : request
    const asked = ask(url, { agent: false, timeout: ANSWER_MS }, (response) => {
      const parts: Buffer[] = []
      let size = 0
      response.on('data', (part: Buffer) => {
        parts.push(part)
        size += part.length
        if (size > LONGEST) asked.destroy(new Error('the answer does not end'))
      })
      response.on('error', (error) => fail(`breaks off (${error.message})`, error))
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(parts).toString('utf8'))
        else fail(`answers ${response.statusCode} to ${url.pathname.split('/').at(-1)}`)
      })
    })
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${ANSWER_MS} ms`)))
    asked.on('error', (error: NodeJS.ErrnoException) => fail(`does not answer (${error.code ?? error.message})`, error))
    asked.end()
  })
}

function away(message: string, cause: unknown): TrimtabError {
  return new TrimtabError('RouterUnavailable', message, { retry: true, cause })
}
