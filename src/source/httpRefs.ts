/**
 * Asks a git host over http(s) for refs, by git's protocol v2 (gitprotocol-v2(5)): one POST that names the refs it wants.
 * What the server can do is asked once and remembered.
 */
import { TrimtabError } from '../errors.ts'
import { type HttpAnswer, type HttpClient, type HttpLimits, type HttpQuestion, question } from '../web/httpClient.ts'
import { basic, type Remote } from './address.ts'
import { authHint, gone, unreachable } from './gitError.ts'
import { DELIM, FLUSH, packet, packets } from './pktLine.ts'
import { addRef, noRefs, type Refs, type Wanted } from './refs.ts'

/** What discovery found. `refs`: the answer itself, from a server that speaks only v0 or v1. */
type Server =
  | { base: string; version: 2; capabilities: Map<string, string> }
  | { base: string; version: 0; refs: Refs }
  | { base: string; version: 'dumb' }

const SERVICE = 'git-upload-pack'

/** A question as it is sent, and the last answer: to the same bytes belong the same refs. */
interface Prepared {
  question: HttpQuestion
  answer?: { body: Buffer; refs: Refs }
}

export class HttpRefs {
  readonly #client: HttpClient
  readonly #limits: HttpLimits
  /** By address: where the repository was found after redirects. */
  readonly #bases = new Map<string, string>()
  /** By what is asked: questions that were answered before, so that the next poll is one request and little else. */
  readonly #prepared = new Map<string, Prepared>()

  constructor(client: HttpClient, limits: { connectMs: number; askMs: number }) {
    this.#client = client
    this.#limits = { connectMs: limits.connectMs, totalMs: limits.askMs, size: 64 << 20 }
  }

  /** null: a server without git's own protocol; git itself has to be asked. Errors: SourceUnreachable, RepositoryGone. */
  async ask(remote: Remote, wanted: Wanted): Promise<Refs | null> {
    const key = JSON.stringify([remote.url, wanted, remote.credentials])
    const known = this.#prepared.get(key)
    if (known) {
      const refs = await this.#listRefs(remote, known).catch((thrown: Error) => {
        if ((thrown.cause as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT') throw thrown
        return null
      })
      if (refs) return refs
      // Whatever it was (a connection closed meanwhile, another server, no access), asking from the start tells.
      this.#prepared.delete(key)
    }
    const server = await this.#discover(remote)
    this.#bases.set(remote.url, server.base)
    if (server.version === 'dumb') return null
    if (server.version === 0) return server.refs
    const prepared = { question: lsRefs(remote, server, wanted) }
    const refs = await this.#listRefs(remote, prepared)
    this.#prepared.set(key, prepared)
    return refs
  }

  /** Where the repository was found after redirects on its own host. */
  resolved(remote: Remote): Remote {
    const url = this.#bases.get(remote.url) ?? remote.url
    return { ...remote, url, protocol: url.startsWith('https:') ? 'https' : 'http' }
  }

  async #discover(remote: Remote): Promise<Server> {
    let base = remote.url
    for (let hops = 0; hops < 5; hops++) {
      const answer = await this.#send(remote, question('GET', `${base}/info/refs?service=${SERVICE}`, headersFor(remote)))
      if (answer.status >= 300 && answer.status < 400 && answer.headers.location) {
        base = redirected(remote, base, answer.headers.location)
        continue
      }
      expectOk(remote, answer)
      if (answer.headers['content-type'] !== `application/x-${SERVICE}-advertisement`) return expectDumb(remote, base, answer)
      return readAdvertisement(remote, base, answer.body)
    }
    throw unreachable(remote, 'it redirects in a circle.')
  }

  async #listRefs(remote: Remote, prepared: Prepared): Promise<Refs> {
    const answer = await this.#send(remote, prepared.question)
    expectOk(remote, answer)
    if (prepared.answer?.body.equals(answer.body)) return prepared.answer.refs
    const refs = noRefs()
    for (const text of lines(remote, answer.body)) {
      const [id = '', name = '', ...attributes] = text.split(' ')
      const target = attributes.find((each) => each.startsWith('symref-target:'))?.slice('symref-target:'.length)
      addRef(refs, name, id === 'unborn' ? null : id, target)
    }
    prepared.answer = { body: answer.body, refs }
    return refs
  }

  async #send(remote: Remote, ask: HttpQuestion): Promise<HttpAnswer> {
    try {
      return await this.#client.ask(ask, this.#limits)
    } catch (thrown) {
      throw unreachable(remote, (thrown as Error).message, thrown)
    }
  }
}

/** gitprotocol-v2(5), "ls-refs". `unborn`, where the server knows it, also tells what an empty repository's HEAD names. */
function lsRefs(remote: Remote, { base, capabilities }: Extract<Server, { version: 2 }>, wanted: Wanted): HttpQuestion {
  const format = capabilities.get('object-format')
  const branch = wanted === 'all' ? ['refs/heads/'] : wanted.branch === undefined ? [] : [`refs/heads/${wanted.branch}`]
  const body = [
    packet('command=ls-refs'),
    ...(format ? [packet(`object-format=${format}`)] : []),
    DELIM,
    packet('symrefs'),
    ...(capabilities.get('ls-refs')?.split(' ').includes('unborn') ? [packet('unborn')] : []),
    ...['HEAD', ...branch].map((prefix) => packet(`ref-prefix ${prefix}`)),
    FLUSH,
  ].join('')
  return question(
    'POST',
    `${base}/${SERVICE}`,
    { ...headersFor(remote), 'content-type': `application/x-${SERVICE}-request` },
    body,
  )
}

function headersFor(remote: Remote): Record<string, string> {
  const headers: Record<string, string> = { accept: '*/*', 'user-agent': 'git/2 (trimtab)', 'git-protocol': 'version=2' }
  if (remote.credentials) headers.authorization = basic(remote.credentials)
  return headers
}

function expectOk(remote: Remote, answer: HttpAnswer): void {
  const { status } = answer
  if (status === 200) return
  if (status === 401 || status === 403)
    throw unreachable(remote, `the server refuses access (HTTP ${status}). ${authHint(remote)}`)
  if (status === 404 || status === 410) throw gone(remote, `the server answers HTTP ${status}.`)
  throw unreachable(remote, `the server answers HTTP ${status}.`)
}

/** A folder of files, as `git update-server-info` leaves it. A login page, say, is not to be taken for an empty repository. */
function expectDumb(remote: Remote, base: string, answer: HttpAnswer): Server {
  if (/^(?:[0-9a-f]{40,64}\t\S+\n)+$/.test(answer.body.toString('latin1'))) return { base, version: 'dumb' }
  throw unreachable(
    remote,
    `what answers there is no git server (its answer is of type ${answer.headers['content-type'] ?? 'unknown'}).`,
  )
}

/** The same host only, and never from https to http: the credentials go along. */
function redirected(remote: Remote, base: string, location: string): string {
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

function readAdvertisement(remote: Remote, base: string, body: Buffer): Server {
  const all = lines(remote, body)
  if (all[0] === `# service=${SERVICE}`) all.shift()
  if (all[0] === 'version 2') {
    const capabilities = new Map(all.slice(1).map((each) => [each.split('=')[0] ?? '', each.slice(each.indexOf('=') + 1)]))
    return { base, version: 2, capabilities }
  }
  if (all[0] === 'version 1') all.shift()
  const refs = noRefs()
  const offered = all[0]?.split('\0')[1]?.split(' ') ?? []
  for (const each of all) {
    const [id = '', name = ''] = (each.split('\0')[0] ?? '').split(' ')
    if (name !== 'capabilities^{}') addRef(refs, name, id)
  }
  const head = offered.find((each) => each.startsWith('symref=HEAD:'))
  if (head) addRef(refs, 'HEAD', null, head.slice('symref=HEAD:'.length))
  return { base, version: 0, refs }
}

/** The text of each packet. An answer that does not end with a flush is not a whole one, and so never an empty one. */
function lines(remote: Remote, body: Buffer): string[] {
  const texts: string[] = []
  let last = ''
  try {
    for (const each of packets(body)) {
      last = each.kind
      if (each.kind === 'data') texts.push(each.text)
    }
    if (last !== 'flush' && !texts.some((text) => text.startsWith('ERR '))) throw new RangeError('cut off')
  } catch (thrown) {
    throw unreachable(remote, `its answer is not git's (${(thrown as Error).message}).`, thrown)
  }
  const error = texts.find((text) => text.startsWith('ERR '))?.slice(4)
  if (error === undefined) return texts
  if (/not found|does not exist/i.test(error)) throw gone(remote, `the server says: ${error}.`)
  throw new TrimtabError('SourceUnreachable', `${remote.url}: the server says: ${error}`, { retry: true })
}
