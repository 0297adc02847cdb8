/** Questions to one forge's API, and nothing of what they mean: JSON there and back, bounded, with one kind of error. */
import type { z } from 'zod'
import { TrimtabError } from '../errors.ts'
import { packageVersion } from '../package.ts'
import { type HttpAnswer, type HttpClient, type HttpMethod, question, TOO_LARGE } from '../web/httpClient.ts'
import { type Asked, refused, strange, unreachable, wordsOf } from './refused.ts'
import type { Token } from './token.ts'

const LIMITS = { connectMs: 10_000, totalMs: 10_000, size: 5 * 1024 * 1024 }
const REDIRECTS = 3

export interface ApiOptions {
  /** Without a slash at the end. */
  base: string
  token: Token
  /** How the forge wants to be asked with it. */
  headers(token: string): Record<string, string>
  http: HttpClient
}

export interface Call {
  method?: HttpMethod
  /** Below the API's address, each part encoded; or a whole address at the same host. */
  path: string
  query?: Record<string, string | number>
  body?: unknown
  /** For errors: "github.com refused to <what>". */
  what: string
  /** For errors: what the token needs. */
  needs: string
}

export class Api {
  readonly host: string
  readonly #options: ApiOptions
  readonly #agent = `trimtab/${packageVersion()}`
  /** What was sent, in either form, and must not come back in an error. */
  #secrets: string[] = []

  constructor(options: ApiOptions) {
    this.#options = options
    this.host = new URL(options.base).host
  }

  /** What is there, checked; `schema` describes what is used of it. Errors: ForgeRefused, SourceUnreachable (retry). */
  async get<T>(call: Call, schema: z.ZodType<T>): Promise<T> {
    return (await this.read(call, schema)).value
  }

  /** As get(), with the headers of the answer. */
  async read<T>(call: Call, schema: z.ZodType<T>): Promise<{ value: T; headers: HttpAnswer['headers'] }> {
    return this.#checked(call, await this.send(call), schema)
  }

  /** This address, which came out of an answer, if it is one of this very API. Throws ForgeRefused. */
  below(address: string, call: Call): string {
    const { base } = this.#options
    // Compared as URLs: what would be asked is what was looked at.
    const url = URL.canParse(address) ? new URL(address).href : ''
    if (url.startsWith(`${new URL(base).href.replace(/\/$/, '')}/`)) return url
    throw strange(this.#asked(call), 'goes on at another place, which is not followed')
  }

  #checked<T>(call: Call, answer: HttpAnswer, schema: z.ZodType<T>): { value: T; headers: HttpAnswer['headers'] } {
    const { success, data, error } = schema.safeParse(json(answer.body))
    if (success) return { value: data, headers: answer.headers }
    const [issue] = error.issues
    const where = issue && issue.path.length > 0 ? ` (${issue.path.join('.')}: ${issue.message})` : ''
    throw strange(this.#asked(call), `answered in a form that is not understood${where}`)
  }

  /** Asks, and gives the answer if it is a yes. */
  async send(call: Call): Promise<HttpAnswer> {
    return this.#granted(call, await this.#follow(call))
  }

  #granted(call: Call, answer: HttpAnswer): HttpAnswer {
    if (answer.status >= 200 && answer.status < 300) return answer
    throw refused(this.#asked(call), answer, wordsOf(json(answer.body), this.#secrets), Date.now())
  }

  /** A name that is no longer the repository's leads on to the same API; nothing leads anywhere else, for the token would go along. */
  async #follow(call: Call): Promise<HttpAnswer> {
    const method = call.method ?? 'GET'
    let url = this.#url(call)
    for (let left = REDIRECTS; ; left--) {
      const answer = await this.#ask(call, method, url)
      if (answer.status < 300 || answer.status >= 400 || answer.status === 304) return answer
      const { location = '' } = answer.headers
      const next = URL.canParse(location, url) ? new URL(location, url) : null
      const isSame = next !== null && next.origin === new URL(url).origin
      // What is to be changed may only be sent on as it is, which 301 and 302 do not say: RFC 9110, 15.4
      if (!isSame || left === 0 || (method !== 'GET' && answer.status < 307))
        throw strange(
          this.#asked(call),
          `led on ${isSame ? 'again and again' : 'to another place'} (HTTP ${answer.status}), which is not followed`,
        )
      url = next.href
    }
  }

  #url({ path, query = {} }: Call): string {
    const { base } = this.#options
    const url = new URL(path.startsWith('/') ? base + path : path)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value))
    return url.href
  }

  /** A token that was taken back is no reason to give up, where another one can be had. */
  async #ask(call: Call, method: HttpMethod, url: string): Promise<HttpAnswer> {
    const answer = await this.#askOnce(call, method, url)
    return answer.status === 401 && this.#options.token.refused() ? this.#askOnce(call, method, url) : answer
  }

  async #askOnce(call: Call, method: HttpMethod, url: string): Promise<HttpAnswer> {
    const { http, token: tokens } = this.#options
    const token = await tokens.get(this.#asked(call))
    const headers = this.#options.headers(token)
    this.#secrets = [token, (headers.authorization ?? '').replace(/^\w+ /, '')]
    const body = call.body === undefined ? '' : JSON.stringify(call.body)
    const typed = body === '' ? {} : { 'content-type': 'application/json' }
    try {
      return await http.ask(question(method, url, { 'user-agent': this.#agent, ...headers, ...typed }, body), LIMITS)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      // A token with a line break in it: Node names the header, and not what is in it.
      if (code === 'ERR_INVALID_CHAR')
        throw new TrimtabError('ForgeRefused', `The token for ${this.host} holds a character that none may.`)
      throw unreachable(this.#asked(call), message, { cause: code === TOO_LARGE ? error : undefined })
    }
  }

  #asked({ what, needs }: Call): Asked {
    return { host: this.host, what, needs }
  }
}

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
