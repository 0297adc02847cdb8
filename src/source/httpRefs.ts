/**
 * Asks a git host over http(s) for refs: by protocol v2 with one POST that names the refs it wants, else with the GET that every
 * git server answers. What the server can do is asked once and remembered, and so is its last answer: 304, or the same bytes, means
 * the same refs.
 */
import {
  type HttpAnswer,
  type HttpClient,
  type HttpLimits,
  type HttpQuestion,
  isAway,
  question,
  TOO_LARGE,
} from '../web/httpClient.ts'
import { basic, type Remote } from './address.ts'
import { addHead, readAnswer, SERVICE } from './advertisement.ts'
import { unreachable } from './gitError.ts'
import { HostFault } from './hostFault.ts'
import { conditional, expectOk, redirected } from './httpAnswers.ts'
import { lsRefs, readRefs } from './lsRefs.ts'
import type { Refs, Wanted } from './refs.ts'

/** A question as it is sent next time, and its last answer. */
interface Asked {
  question: HttpQuestion
  body?: Buffer
}

/** How a poll asks: its questions, and what their answers come to. */
interface Poll {
  asked: Asked[]
  read(bodies: Buffer[]): Refs
  refs?: Refs
  authorization: string | undefined
}

export class HttpRefs {
  readonly #client: HttpClient
  readonly #limits: HttpLimits
  /** By address: where the repository was found after redirects. */
  readonly #bases = new Map<string, string>()
  /** By what is asked: so that the next poll is one request and little else. */
  readonly #polls = new Map<string, Poll>()

  constructor(client: HttpClient, limits: { connectMs: number; askMs: number }) {
    this.#client = client
    this.#limits = { connectMs: limits.connectMs, totalMs: limits.askMs, size: 64 << 20 }
  }

  /** Errors: SourceUnreachable, as HostFault where it is not this repository's alone, and RepositoryGone. */
  async ask(remote: Remote, wanted: Wanted): Promise<Refs> {
    const key = JSON.stringify([remote.url, wanted, remote.identity])
    const known = this.#polls.get(key)
    // Tokens that live for an hour change under the same key.
    if (known && known.authorization === authorizationOf(remote)) {
      try {
        return await this.#poll(remote, known, known.asked)
      } catch (thrown) {
        if (!(thrown instanceof HostFault)) this.#polls.delete(key)
        else if (!wasCut(thrown)) throw thrown
        // Whatever else it was (a connection closed meanwhile, another server, no access), asking from the start tells.
      }
    }
    const poll = await this.#discover(remote, wanted)
    const unanswered = poll.asked.filter(({ body }) => body === undefined)
    const refs = await this.#poll(remote, poll, unanswered)
    this.#polls.set(key, poll)
    return refs
  }

  /** Where the repository was found after redirects on its own host. */
  resolved(remote: Remote): Remote {
    const url = this.#bases.get(remote.url) ?? remote.url
    return { ...remote, url, protocol: url.startsWith('https:') ? 'https' : 'http' }
  }

  async #poll(remote: Remote, poll: Poll, questions: Asked[]): Promise<Refs> {
    for (const asked of questions) {
      const answer = await this.#send(remote, asked.question)
      if (answer.status === 304 && asked.body) continue
      expectOk(remote, answer)
      asked.question = conditional(asked.question, answer)
      if (asked.body?.equals(answer.body)) continue
      asked.body = answer.body
      delete poll.refs
    }
    poll.refs ??= poll.read(poll.asked.map(({ body = Buffer.alloc(0) }) => body))
    return poll.refs
  }

  async #discover(remote: Remote, wanted: Wanted): Promise<Poll> {
    const authorization = authorizationOf(remote)
    const headers = headersOf(authorization)
    let base = remote.url
    for (let hops = 0; hops < 5; hops++) {
      const first = question('GET', `${base}/info/refs?service=${SERVICE}`, headers)
      const answer = await this.#send(remote, first)
      if (answer.status >= 300 && answer.status < 400 && answer.headers.location) {
        base = redirected(remote, base, answer.headers.location)
        continue
      }
      expectOk(remote, answer)
      const server = readAnswer(remote, answer)
      this.#bases.set(remote.url, base)
      if (server.version === 2) {
        const typed = { ...headers, 'content-type': `application/x-${SERVICE}-request` }
        const asked = [{ question: question('POST', `${base}/${SERVICE}`, typed, lsRefs(server.capabilities, wanted)) }]
        return { asked, authorization, read: ([body = NOTHING]) => readRefs(remote, body) }
      }
      // What it can do may change with the next answer, and is then found out anew.
      const again = (body: Buffer) => {
        const next = readAnswer(remote, { ...answer, body })
        if (next.version !== server.version) throw unreachable(remote, 'it has become another server.')
        return next.refs
      }
      const asked: Asked[] = [{ question: conditional(first, answer), body: answer.body }]
      if (server.version === 0) return { asked, authorization, read: ([body = NOTHING]) => again(body) }
      asked.push({ question: question('GET', `${base}/HEAD`, headers) })
      return { asked, authorization, read: ([body = NOTHING, head = NOTHING]) => addHead(again(body), head.toString()) }
    }
    throw unreachable(remote, 'it redirects in a circle.')
  }

  async #send(remote: Remote, ask: HttpQuestion): Promise<HttpAnswer> {
    try {
      return await this.#client.ask(ask, this.#limits)
    } catch (thrown) {
      const { message, code } = thrown as NodeJS.ErrnoException
      // About this answer, not about the connection.
      if (code === undefined || code === TOO_LARGE) throw unreachable(remote, message, thrown)
      throw new HostFault(remote, message, { isSure: isAway(thrown), cause: thrown })
    }
  }
}

const NOTHING = Buffer.alloc(0)

function authorizationOf({ credentials }: Remote): string | undefined {
  return credentials ? basic(credentials) : undefined
}

function headersOf(authorization: string | undefined): Record<string, string> {
  const headers = { accept: '*/*', 'user-agent': 'git/2 (trimtab)', 'git-protocol': 'version=2' }
  return authorization === undefined ? headers : { ...headers, authorization }
}

/** A connection that was kept may have been closed by the other side just then. */
function wasCut({ cause }: HostFault): boolean {
  return /^(ECONNRESET|EPIPE)$/.test((cause as NodeJS.ErrnoException | undefined)?.code ?? '')
}
