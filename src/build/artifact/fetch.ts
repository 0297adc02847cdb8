import { readFileSync } from 'node:fs'
import { type IncomingMessage, request as plainly } from 'node:http'
import { type RequestOptions, request as securely } from 'node:https'
import { isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import { isLocal } from '../../config/nets.ts'
import type { ArtifactsSpec } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import { LocalAddress, lookupElsewhere } from './addresses.ts'

/** A server that says nothing for so long has gone. */
const SILENCE_MS = 60_000
const REDIRECTS = 5

export interface FetchOptions extends Pick<ArtifactsSpec, 'allow' | 'local' | 'sizeBytes'> {
  /** Path of a PEM file with certificate authorities that count besides the usual ones. */
  ca: string | undefined
  signal: AbortSignal
  /** A line for a person. */
  line: (text: string) => void
}

/**
 * The bytes at an address. Neither it nor what it redirects to may be of a kind, or at a place, that the operator has not allowed: an
 * address comes from a repository. Throws BuildFailed, worth another try where it is the network's or the server's doing.
 */
export async function* fetchBytes(address: string, options: FetchOptions): AsyncGenerator<Buffer> {
  let at = new URL(address)
  for (let redirects = 0; ; redirects += 1) {
    requireAllowed(at, options)
    const answer = await ask(at, options)
    const { statusCode = 0, headers } = answer
    if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
      answer.destroy()
      if (redirects === REDIRECTS) throw failed(at, `redirects more than ${REDIRECTS} times`)
      at = target(at, headers.location)
      options.line(`       Redirected to ${shownOf(at)}`)
      continue
    }
    if (statusCode !== 200) {
      answer.destroy()
      const passes = statusCode >= 500 || statusCode === 408 || statusCode === 429
      throw failed(at, `answers with status ${statusCode}`, { retry: passes })
    }
    yield* bodyOf(at, answer, options)
    return
  }
}

async function* bodyOf(at: URL, answer: IncomingMessage, { sizeBytes, signal }: FetchOptions): AsyncGenerator<Buffer> {
  try {
    if (Number(answer.headers['content-length'] ?? 0) > sizeBytes) throw tooLarge(sizeBytes)
    for await (const piece of answer) yield piece as Buffer
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof TrimtabError) throw error
    throw failed(at, 'ended before it was complete', { retry: true, cause: error })
  } finally {
    answer.destroy()
  }
}

function ask(at: URL, { local, ca, signal }: FetchOptions): Promise<IncomingMessage> {
  const options: RequestOptions = {
    headers: { 'user-agent': 'trimtab', accept: '*/*', 'accept-encoding': 'identity' },
    agent: false,
    signal,
    timeout: SILENCE_MS,
    ...(ca !== undefined && { ca: [...rootCertificates, readFileSync(ca, 'utf8')] }),
    ...(!local && { lookup: lookupElsewhere }),
  }
  return new Promise((resolve, reject) => {
    const asked = at.protocol === 'https:' ? securely(at, options, resolve) : plainly(at, options, resolve)
    asked.once('timeout', () => asked.destroy(new Error(`no word for ${SILENCE_MS / 1000} s`)))
    asked.once('error', (error) => {
      if (signal.aborted) reject(signal.reason)
      else if (error instanceof LocalAddress) reject(failed(at, `is not asked: ${error.message}`))
      else reject(failed(at, `cannot be reached (${error.message})`, { retry: true, cause: error }))
    })
    asked.end()
  })
}

/** Throws for what is not allowed. A name is looked at when it is looked up; an address that stands there is not. */
function requireAllowed(at: URL, { allow, local }: FetchOptions): void {
  const scheme = at.protocol.slice(0, -1)
  if (!allow.some((allowed) => allowed === scheme)) {
    throw failed(
      at,
      `is not asked: artifacts come over ${allow.join(' and ') || 'no network'} here, not over ${scheme} (platform.yaml: artifacts)`,
    )
  }
  const host = at.hostname.replace(/^\[|\]$/g, '')
  if (!local && isIP(host) !== 0 && isLocal(host)) throw failed(at, `is not asked: ${new LocalAddress(host).message}`)
}

function target(at: URL, location: string): URL {
  if (!URL.canParse(location, at.href)) throw failed(at, 'redirects to what is no address')
  const next = new URL(location, at)
  // Not to be sent on, and not to be shown.
  next.username = ''
  next.password = ''
  return next
}

/** Without what may be a key in it: many stores sign their addresses. */
function shownOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`
}

function failed(at: URL, why: string, options: { retry?: boolean; cause?: unknown } = {}): TrimtabError {
  return new TrimtabError('BuildFailed', `The artifact cannot be fetched: ${shownOf(at)} ${why}.`, options)
}

export function tooLarge(limit: number): TrimtabError {
  const message = `The artifact is larger than ${Math.floor(limit / 2 ** 20)} MB, the most that is taken here (platform.yaml: artifacts: {size: …}).`
  return new TrimtabError('BuildFailed', message)
}
