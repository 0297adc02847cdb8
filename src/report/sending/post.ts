/** One POST to somebody who is to be told, and what its answer means. */
import { TrimtabError } from '../../errors.ts'
import { type HttpAnswer, type HttpClient, question } from '../../web/httpClient.ts'

const LIMITS = { connectMs: 10_000, totalMs: 10_000, size: 64 * 1024 }

export interface Letter {
  /** May itself be a secret, as Slack's are: only the host is ever told. */
  url: string
  host: string
  headers: Record<string, string>
  body: string
}

/** Throws SourceUnreachable (retry) where a later try may succeed, ForgeRefused where it will not. Redirects are not followed. */
export async function post(http: HttpClient, { url, host, headers, body }: Letter, now: number): Promise<void> {
  let answer: HttpAnswer
  try {
    answer = await http.ask(question('POST', url, { ...headers, 'user-agent': 'trimtab', connection: 'close' }, body), LIMITS)
  } catch (error) {
    throw new TrimtabError('SourceUnreachable', `${host} cannot be reached: ${(error as Error).message}`, {
      retry: true,
      cause: error,
    })
  }
  const { status } = answer
  if (status >= 200 && status < 300) return
  const message = `${host} answered ${status}.`
  if (status >= 500 || status === 408 || status === 425 || status === 429) {
    const retryAfterMs = retryAfter(answer.headers['retry-after'], now)
    throw new TrimtabError('SourceUnreachable', message, { retry: true, retryAfterMs })
  }
  throw new TrimtabError('ForgeRefused', `${message} ${meaning(status)}`)
}

function meaning(status: number): string {
  if (status >= 300 && status < 400) return 'Redirects are not followed: set the new address.'
  if (status === 401 || status === 403) return 'It does not accept who asks.'
  if (status === 404 || status === 410) return 'There is nothing (any more) at this address.'
  return 'It does not take the message.'
}

/** RFC 9110, section 10.2.3: seconds, or a date. In ms. */
export function retryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
