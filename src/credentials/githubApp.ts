/**
 * Tokens of installations of GitHub Apps (docs.github.com, "Generating an installation access token for a GitHub App"): each for one
 * repository, kept in memory until shortly before its end.
 */
import { readFileSync } from 'node:fs'
import type { GithubApp } from '../domain.ts'
import { beginning, oneLine } from '../text.ts'
import { type HttpAnswer, type HttpClient, type HttpLimits, question } from '../web/httpClient.ts'
import { appJwt } from './jwt.ts'
import { keyProblem } from './keyFile.ts'

/** In milliseconds: a fetch that begins with a token is to end with it. */
const MARGIN_MS = 5 * 60_000

/** What a token is to open. */
export interface Wish {
  app: GithubApp
  /** Address of GitHub's API. */
  api: string
  owner: string
  /** Of the repository. */
  name: string
  /** To read its contents, or all that the App was granted there. */
  may: 'read' | 'all'
}

/** Says what GitHub said, or why it could not be asked, and what to do; never shows a token, or anything of a key. */
export class NoToken extends Error {
  /** GitHub's refusal; null: there is no answer that could be read. */
  readonly answer: HttpAnswer | null

  constructor(message: string, { answer, cause }: { answer?: HttpAnswer; cause?: unknown } = {}) {
    super(message, { cause })
    this.answer = answer ?? null
  }
}

interface Token {
  token: string
  until: number
}

export class GithubApps {
  readonly #http: HttpClient
  readonly #limits: HttpLimits
  readonly #now: () => number
  readonly #tokens = new Map<string, Token>()
  /** Asked for, and not there yet. */
  readonly #asked = new Map<string, Promise<Token>>()
  /** By App and repository. */
  readonly #installations = new Map<string, string>()

  constructor(http: HttpClient, { connectMs, askMs }: { connectMs: number; askMs: number }, now: () => number) {
    this.#http = http
    this.#limits = { connectMs, totalMs: askMs, size: 1 << 20 }
    this.#now = now
  }

  /** Throws NoToken. */
  async token(wish: Wish): Promise<string> {
    const key = JSON.stringify(wish)
    const known = this.#tokens.get(key)
    if (known && known.until - MARGIN_MS > this.#now()) return known.token
    const asked = this.#asked.get(key) ?? this.#make(wish).finally(() => this.#asked.delete(key))
    this.#asked.set(key, asked)
    const made = await asked
    this.#tokens.set(key, made)
    return made.token
  }

  /** The next one is made anew. */
  forget(wish: Wish): void {
    this.#tokens.delete(JSON.stringify(wish))
    this.#installations.delete(placeOf(wish))
  }

  async #make(wish: Wish): Promise<Token> {
    const remembered = this.#installations.get(placeOf(wish))
    let id = wish.app.installation ?? remembered ?? (await this.#installation(wish))
    let answer = await this.#askToken(wish, id)
    // Installed again, it has another number.
    if (answer.status === 404 && id === remembered) {
      id = await this.#installation(wish)
      answer = await this.#askToken(wish, id)
    }
    if (answer.status !== 201) throw refusal(wish, answer, `the installation ${id}`)
    const { token, expires_at } = read(answer) as { token?: unknown; expires_at?: unknown }
    const until = typeof expires_at === 'string' ? Date.parse(expires_at) : Number.NaN
    if (typeof token !== 'string' || !/^[\x21-\x7e]{1,4096}$/.test(token) || Number.isNaN(until))
      throw new NoToken('GitHub’s answer holds no token.')
    return { token, until }
  }

  #askToken(wish: Wish, installation: string): Promise<HttpAnswer> {
    const permissions = wish.may === 'read' ? { permissions: { contents: 'read' } } : {}
    const body = JSON.stringify({ repositories: [wish.name], ...permissions })
    return this.#ask(wish, 'POST', `/app/installations/${installation}/access_tokens`, body)
  }

  async #installation(wish: Wish): Promise<string> {
    const { owner, name } = wish
    const path = `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}/installation`
    const answer = await this.#ask(wish, 'GET', path)
    if (answer.status !== 200) throw refusal(wish, answer, `an installation on ${owner}/${name}`)
    const { id } = read(answer) as { id?: unknown }
    if (typeof id !== 'number') throw new NoToken('GitHub’s answer names no installation.')
    this.#installations.set(placeOf(wish), String(id))
    return String(id)
  }

  async #ask({ app, api }: Wish, method: 'GET' | 'POST', path: string, body = ''): Promise<HttpAnswer> {
    const headers = {
      ...githubHeaders(this.#jwt(app)),
      'user-agent': 'trimtab',
      ...(body !== '' && { 'content-type': 'application/json' }),
    }
    try {
      return await this.#http.ask(question(method, `${api.replace(/\/+$/, '')}${path}`, headers, body), this.#limits)
    } catch (thrown) {
      const why = (thrown as Error).message
      throw new NoToken(`GitHub's API at ${new URL(api).host} cannot be asked for a token: ${why}`, { cause: thrown })
    }
  }

  #jwt({ id, key }: GithubApp): string {
    const problem = keyProblem(key)
    if (problem !== null) throw new NoToken(problem)
    try {
      return appJwt(id, readFileSync(key), this.#now())
    } catch {
      // The cause is not kept: it may show a part of the file.
      throw new NoToken(`${key} is no private key of a GitHub App (an RSA key in PEM, as GitHub gives it for download).`)
    }
  }
}

/** What GitHub's API is asked with. https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#headers */
export function githubHeaders(token: string): Record<string, string> {
  return { accept: 'application/vnd.github+json', authorization: `Bearer ${token}`, 'x-github-api-version': '2022-11-28' }
}

const placeOf = ({ app, api, owner, name }: Wish) => JSON.stringify([app, api, owner, name])

function refusal({ app, may }: Wish, answer: HttpAnswer, wanted: string): NoToken {
  const { message } = read(answer) as { message?: unknown }
  const said = typeof message === 'string' ? ` (${beginning(oneLine(message), 200)})` : ''
  const permission = may === 'read' ? 'The App needs the permission "Contents: read", and its' : 'The'
  const next: Record<number, string> = {
    401: "Check the App's id, its private key, and this machine's clock.",
    403: 'Is the installation suspended?',
    404: `Install the App on the repository (its settings, "Install App"), or check \`repo\`.`,
    422: `${permission} installation has to include the repository.`,
  }
  const what = `GitHub gives the App ${app.id} no token for ${wanted}: HTTP ${answer.status}${said}.`
  return new NoToken(`${what} ${next[answer.status] ?? ''}`.trim(), { answer })
}

function read(answer: HttpAnswer): object {
  try {
    const value: unknown = JSON.parse(answer.body.toString())
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
