/**
 * Tokens of installations of GitHub Apps (docs.github.com, "Generating an installation access token for a GitHub App"): each for one
 * repository and for reading alone, kept in memory until shortly before its end.
 */
import { readFileSync } from 'node:fs'
import { githubApiOf } from '../config/sources.ts'
import type { TrimtabError } from '../errors.ts'
import { type HttpAnswer, type HttpClient, type HttpLimits, question } from '../web/httpClient.ts'
import type { Address, GithubApp } from './address.ts'
import { unreachable } from './gitError.ts'
import { appJwt } from './jwt.ts'
import { keyProblem } from './keyFile.ts'

/** In milliseconds: a fetch that begins with a token is to end with it. */
const MARGIN_MS = 5 * 60_000

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

  /** Throws SourceUnreachable (retry), which says what GitHub said and what to do, and never shows a token. */
  async token(remote: Address, app: GithubApp): Promise<string> {
    const key = keyOf(remote, app)
    const known = this.#tokens.get(key)
    if (known && known.until - MARGIN_MS > this.#now()) return known.token
    const asked = this.#asked.get(key) ?? this.#make(remote, app).finally(() => this.#asked.delete(key))
    this.#asked.set(key, asked)
    const made = await asked
    this.#tokens.set(key, made)
    return made.token
  }

  forget(remote: Address, app: GithubApp): void {
    const key = keyOf(remote, app)
    this.#tokens.delete(key)
    this.#installations.delete(key)
  }

  async #make(remote: Address, app: GithubApp): Promise<Token> {
    const { owner, name } = repositoryOf(remote)
    const id = app.installation ?? (await this.#installation(remote, app, owner, name))
    const body = JSON.stringify({ repositories: [name], permissions: { contents: 'read' } })
    const answer = await this.#ask(remote, app, 'POST', `/app/installations/${id}/access_tokens`, body)
    if (answer.status !== 201) throw refusal(remote, app, answer, `the installation ${id}`)
    const { token, expires_at } = read(answer) as { token?: unknown; expires_at?: unknown }
    const until = typeof expires_at === 'string' ? Date.parse(expires_at) : Number.NaN
    if (typeof token !== 'string' || !/^[\x21-\x7e]{1,4096}$/.test(token) || Number.isNaN(until))
      throw unreachable(remote, 'GitHub’s answer holds no token.')
    return { token, until }
  }

  async #installation(remote: Address, app: GithubApp, owner: string, name: string): Promise<string> {
    const known = this.#installations.get(keyOf(remote, app))
    if (known !== undefined) return known
    const path = `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}/installation`
    const answer = await this.#ask(remote, app, 'GET', path)
    if (answer.status !== 200) throw refusal(remote, app, answer, `an installation on ${owner}/${name}`)
    const { id } = read(answer) as { id?: unknown }
    if (typeof id !== 'number') throw unreachable(remote, 'GitHub’s answer names no installation.')
    this.#installations.set(keyOf(remote, app), String(id))
    return String(id)
  }

  async #ask(remote: Address, app: GithubApp, method: 'GET' | 'POST', path: string, body = ''): Promise<HttpAnswer> {
    const api = app.api ?? githubApiOf(remote.url)
    const headers = {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${this.#jwt(remote, app)}`,
      'user-agent': 'trimtab',
      'x-github-api-version': '2022-11-28',
      ...(body !== '' && { 'content-type': 'application/json' }),
    }
    try {
      return await this.#http.ask(question(method, `${api.replace(/\/+$/, '')}${path}`, headers, body), this.#limits)
    } catch (thrown) {
      throw unreachable(
        remote,
        `GitHub's API at ${new URL(api).host} cannot be asked for a token: ${(thrown as Error).message}`,
        thrown,
      )
    }
  }

  #jwt(remote: Address, { id, key }: GithubApp): string {
    const problem = keyProblem(key)
    if (problem !== null) throw unreachable(remote, problem)
    try {
      return appJwt(id, readFileSync(key), this.#now())
    } catch {
      // The cause is not kept: it may show a part of the file.
      throw unreachable(remote, `${key} is no private key of a GitHub App (an RSA key in PEM, as GitHub gives it for download).`)
    }
  }
}

function keyOf(remote: Address, app: GithubApp): string {
  return JSON.stringify([remote.url, app])
}

function repositoryOf(remote: Address): { owner: string; name: string } {
  const [owner, name] = new URL(remote.url).pathname.split('/').filter((part) => part !== '')
  if (owner === undefined || name === undefined)
    throw unreachable(remote, 'a GitHub App needs an address with an owner and a repository.')
  return { owner: decodeURIComponent(owner), name: decodeURIComponent(name).replace(/\.git$/, '') }
}

function refusal(remote: Address, app: GithubApp, answer: HttpAnswer, wanted: string): TrimtabError {
  const { message } = read(answer) as { message?: unknown }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: an answer of a stranger's is shown on a terminal
  const said = typeof message === 'string' ? ` (${message.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, 200)})` : ''
  const next: Record<number, string> = {
    401: "Check the App's id, its private key, and this machine's clock.",
    403: 'Is the installation suspended?',
    404: `Install the App on the repository (its settings, "Install App"), or check \`repo\`.`,
    422: 'The App needs the permission "Contents: read", and its installation has to include the repository.',
  }
  const what = `GitHub gives the App ${app.id} no token for ${wanted}: HTTP ${answer.status}${said}.`
  return unreachable(remote, `${what} ${next[answer.status] ?? ''}`.trim())
}

function read(answer: HttpAnswer): object {
  try {
    const value: unknown = JSON.parse(answer.body.toString())
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
