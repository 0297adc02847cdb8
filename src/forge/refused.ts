/** What a forge answered in the negative, as one of our errors. Pure. */
import { TrimtabError } from '../errors.ts'
import { beginning, oneLine } from '../text.ts'
import type { HttpAnswer } from '../web/httpClient.ts'

export interface Asked {
  /** `host` or `host:port`. */
  host: string
  /** What was to be done, for "github.com refused to …". */
  what: string
  /** What a token needs for it. */
  needs: string
}

/** Longest that a forge is left alone because it said so. */
const LONGEST_MS = 24 * 3_600_000

/** The error for any status but 2xx. `said`: the forge's own words, '' where there are none. */
export function refused({ host, what, needs }: Asked, answer: HttpAnswer, said: string, now: number): TrimtabError {
  const { status } = answer
  const words = said === '' ? `HTTP ${status}` : `HTTP ${status}: ${said}`
  if (isBusy(answer, said)) {
    const limited = isLimit(answer, said)
    const busy = limited ? 'has had enough requests for now' : 'cannot answer just now'
    const retryAfterMs = waitOf(answer, now) ?? (limited ? 60_000 : undefined)
    return unreachable({ host, what, needs }, `it ${busy} (${words}).`, { retryAfterMs })
  }
  const next = [401, 403, 404].includes(status)
    ? ` Check the forge's token: it needs ${needs}.${status === 404 ? ' Forges also say so of what a token may not see.' : ''}`
    : ''
  return new TrimtabError('ForgeRefused', `${host} refused to ${what} (${words}).${next}`)
}

/** No refusal: asked again later, it may well say yes. */
export function isBusy(answer: HttpAnswer, said: string): boolean {
  const { status } = answer
  // GitLab, while another request for the same commit is under way.
  const isHeld = status === 409 && /in progress/i.test(said)
  return isLimit(answer, said) || isHeld || status === 408 || status >= 500
}

export function unreachable(
  { host, what }: Asked,
  why: string,
  options: { retryAfterMs?: number | undefined; cause?: unknown } = {},
): TrimtabError {
  return new TrimtabError('SourceUnreachable', `${host} could not be asked to ${what}: ${why}`, { retry: true, ...options })
}

/** It did answer, but not what its API's description says. */
export function strange({ host, what }: Asked, how: string): TrimtabError {
  const next = 'Is `api` of the forge the address of its API, and `kind` what it is?'
  return new TrimtabError('ForgeRefused', `${host} was asked to ${what}, and ${how}. ${next}`)
}

/**
 * GitHub says 403 for a limit as well, with X-RateLimit-Remaining: 0 for the primary one; of the secondary one there may be no more
 * than the words: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
function isLimit({ status, headers }: HttpAnswer, said: string): boolean {
  if (status !== 403) return status === 429
  return headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0' || /rate limit/i.test(said)
}

/** Milliseconds: Retry-After (RFC 9110, 10.2.3), X-RateLimit-Reset of GitHub or RateLimit-Reset of GitLab, both seconds of the epoch. */
function waitOf({ headers }: HttpAnswer, now: number): number | undefined {
  const after = headers['retry-after']
  if (after !== undefined) return /^\d{1,9}$/.test(after) ? bounded(Number(after) * 1000) : bounded(Date.parse(after) - now)
  const reset = headers['x-ratelimit-remaining'] === '0' ? headers['x-ratelimit-reset'] : headers['ratelimit-reset']
  return typeof reset === 'string' && /^\d{1,12}$/.test(reset) ? bounded(Number(reset) * 1000 - now) : undefined
}

function bounded(ms: number): number | undefined {
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 1000), LONGEST_MS) : undefined
}

/** The first line of what the forge says is wrong, in any of their forms, without anything of `secrets`. */
export function wordsOf(body: unknown, secrets: readonly string[]): string {
  let line = beginning(oneLine(firstLine(collect(body).join('; '))), 300)
  for (const secret of secrets) if (secret.length >= 4) line = line.replaceAll(secret, '***')
  return line
}

const firstLine = (text: string) => text.trimStart().split(/[\r\n]/, 1)[0] ?? ''

/**
 * GitHub: {message, errors: [{message} | {field, code}]}; Gitea: {message}; GitLab: {message: text | list | {field: [text]}} or
 * {error, error_description}; Bitbucket: {error: {message, detail}}.
 */
function collect(value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value]
  if (typeof value !== 'object' || value === null || depth > 4) return []
  if (Array.isArray(value)) return value.slice(0, 5).flatMap((one) => collect(one, depth + 1))
  const fields = value as Record<string, unknown>
  if (typeof fields.field === 'string' && typeof fields.code === 'string' && fields.message === undefined)
    return [`${fields.field} ${fields.code}`]
  const known = ['message', 'errors', 'error', 'error_description'].filter((key) => fields[key] !== undefined)
  if (known.length > 0) return known.flatMap((key) => collect(fields[key], depth + 1))
  if (depth === 0) return []
  return Object.entries(fields)
    .slice(0, 5)
    .flatMap(([key, one]) => collect(one, depth + 1).map((said) => `${key} ${said}`))
}
