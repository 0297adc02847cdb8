/** What answers over http mean besides their content: refusals, redirects, and what may be asked conditionally next time. Pure. */
import type { HttpAnswer, HttpQuestion } from '../web/httpClient.ts'
import type { Address, Remote } from './address.ts'
import { authHint, gone, unreachable } from './gitError.ts'
import { HostFault, retryAfter } from './hostFault.ts'

/** Errors: SourceUnreachable, which is the host's fault for 429 and 5xx, and RepositoryGone. */
export function expectOk(remote: Address, answer: HttpAnswer): void {
  const { status } = answer
  if (status === 200) return
  const says = `the server answers HTTP ${status}.`
  if (status === 401 || status === 403)
    throw unreachable(remote, `the server refuses access (HTTP ${status}). ${authHint(remote)}`)
  if (status === 404 || status === 410) throw gone(remote, says)
  // RFC 6585, 4 and RFC 9110, 15.6.4: these two come with how long to wait.
  const waitMs = status === 429 || status === 503 ? retryAfter(answer.headers['retry-after'], Date.now()) : null
  if (status === 429 || status >= 500) throw new HostFault(remote, says, { isSure: status === 429 || waitMs !== null, waitMs })
  throw unreachable(remote, says)
}

/** Where a redirect of `base`/info/refs leads: the same host only, and never from https to http, because the credentials go along. */
export function redirected(remote: Remote, base: string, location: string): string {
  const from = new URL(`${base}/info/refs`)
  const to = new URL(location, from)
  const suffix = '/info/refs'
  const elsewhere = to.hostname !== from.hostname || (from.protocol === 'https:' && to.protocol !== 'https:')
  const base2 = `${to.origin}${to.pathname.slice(0, -suffix.length)}`
  if (elsewhere || !to.pathname.endsWith(suffix) || !/^https?:$/.test(to.protocol)) {
    throw unreachable(
      remote,
      `it redirects to ${elsewhere ? base2 : to.origin + to.pathname}, which is not followed. If that is right, set \`repo\` to it.`,
    )
  }
  return base2
}

/** Two changes within it may bear the same time, and so the same tag: nginx makes tags of time and size, and files of refs keep their size. */
const TOO_FRESH_MS = 2_000

/** The same question, as it is asked from now on: the server need not answer again what it has answered (RFC 9110, 13.1). */
export function conditional(question: HttpQuestion, { headers }: HttpAnswer): HttpQuestion {
  if (question.options.method !== 'GET') return question
  const { 'if-none-match': _, 'if-modified-since': __, ...plain } = question.options.headers
  const modified = headers['last-modified']
  const isFresh = modified !== undefined && !(Date.parse(headers.date ?? '') - Date.parse(modified) >= TOO_FRESH_MS)
  const condition = {
    ...(headers.etag !== undefined && { 'if-none-match': headers.etag }),
    ...(modified !== undefined && { 'if-modified-since': modified }),
  }
  return { ...question, options: { ...question.options, headers: { ...plain, ...(isFresh ? {} : condition) } } }
}
