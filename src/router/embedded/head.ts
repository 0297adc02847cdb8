/** A response's head (RFC 9112, 4 to 7): what of it concerns the client, and what only this connection. Pure. */
import type { Framing } from './body.ts'

export interface ResponseHead {
  status: number
  reason: string
  /** Name, value, name, value …: without hop-by-hop fields. */
  fields: string[]
  /** The server goes on with this connection after the response. */
  keepAlive: boolean
  /** What Keep-Alive: timeout= promises, in milliseconds. */
  idleMs: number | null
  /** The Upgrade field's value, for a 101. */
  upgrade: string
  /** The Trailer field's value: which trailers are announced. */
  trailer: string
  framing: Framing
}

/** Reads a head, without its last empty line. `toHead`: it answers a HEAD request. Throws an Error for what is none. */
export function parseHead(text: string, toHead: boolean): ResponseHead {
  const firstEnd = lineEnd(text, 0)
  const first = text.slice(0, firstEnd)
  const status = Number(first.slice(9, 12))
  const minor = first.charCodeAt(7) - 0x30
  if (!first.startsWith('HTTP/1.') || (minor !== 0 && minor !== 1) || first[8] !== ' ' || !(status >= 100 && status <= 999)) {
    throw new Error('the response does not begin with an HTTP/1 status line')
  }
  if (first.length > 12 && first[12] !== ' ') throw new Error('the status is not a number of three digits')
  const head: ResponseHead = {
    status,
    reason: first.slice(13),
    fields: [],
    keepAlive: minor === 1,
    idleMs: null,
    upgrade: '',
    trailer: '',
    framing: { kind: 'close' },
  }
  let length = ''
  let coding = ''
  let connection = ''
  let at = firstEnd + 2
  while (at < text.length) {
    const end = lineEnd(text, at)
    const colon = text.indexOf(':', at)
    // A name is at least one character, does not begin with a space (a folded line) and does not end with one (RFC 9112, 5.1).
    if (
      colon <= at ||
      colon > end ||
      text[at] === ' ' ||
      text[at] === '\t' ||
      text[colon - 1] === ' ' ||
      text[colon - 1] === '\t'
    )
      throw new Error('a line of the head is no field')
    const name = text.slice(at, colon)
    const value = text.slice(colon + 1, end).trim()
    at = end + 2
    switch (name.toLowerCase()) {
      case 'content-length':
        if (!/^\d{1,15}$/.test(value) || (length !== '' && length !== value)) throw new Error('Content-Length is not one number')
        if (length === '') head.fields.push(name, value)
        length = value
        break
      case 'transfer-encoding':
        coding = coding ? `${coding}, ${value}` : value
        break
      case 'connection':
        connection = connection ? `${connection}, ${value}` : value
        break
      case 'keep-alive':
        head.idleMs = idleOf(value)
        break
      case 'upgrade':
        head.upgrade = value
        break
      case 'trailer':
        head.trailer = value
        break
      // Hop by hop, as RFC 9110, 7.6.1 and its predecessors name them.
      case 'proxy-connection':
      case 'proxy-authenticate':
      case 'te':
        break
      default:
        head.fields.push(name, value)
    }
  }
  if (connection !== '') applyConnection(head, connection)
  head.framing = framingOf(head, length, coding, minor, toHead)
  return head
}

/** Where the line that begins at `at` ends. A bare line feed ends none: others might see a line there that we do not. */
function lineEnd(text: string, at: number): number {
  const feed = text.indexOf('\n', at)
  if (feed < 0) return text.length
  if (text[feed - 1] !== '\r') throw new Error('a line of the head does not end in CRLF')
  return feed - 1
}

/** Which content follows this head (RFC 9112, 6.3). */
function framingOf(head: ResponseHead, length: string, coding: string, minor: number, toHead: boolean): Framing {
  const none = toHead || head.status < 200 || head.status === 204 || head.status === 304
  if (coding !== '') {
    // Both is an attack or a fault; the coding wins, and the connection is not used again.
    if (length !== '') {
      drop(head.fields, new Set(['content-length']))
      head.keepAlive = false
    }
    if (coding.toLowerCase() !== 'chunked' || minor === 0) throw new Error('the only transfer coding known is chunked')
    return none ? { kind: 'none' } : { kind: 'chunked' }
  }
  if (none) return { kind: 'none' }
  if (length !== '') return { kind: 'length', length: Number(length) }
  head.keepAlive = false
  return { kind: 'close' }
}

/** "close", "keep-alive", and the names of fields that concern this connection only. */
function applyConnection(head: ResponseHead, connection: string): void {
  const options = connection.toLowerCase()
  if (options === 'keep-alive') {
    head.keepAlive = true
    return
  }
  const named = new Set(options.split(',').map((option) => option.trim()))
  if (named.has('close')) head.keepAlive = false
  else if (named.has('keep-alive')) head.keepAlive = true
  // What says where the content ends is never dropped on a server's word.
  named.delete('content-length')
  drop(head.fields, named)
}

function drop(fields: string[], names: Set<string>): void {
  for (let at = fields.length - 2; at >= 0; at -= 2) {
    if (names.has((fields[at] ?? '').toLowerCase())) fields.splice(at, 2)
  }
}

function idleOf(value: string): number | null {
  const seconds = /timeout\s*=\s*"?(\d{1,6})/i.exec(value)?.[1]
  return seconds === undefined ? null : Number(seconds) * 1000
}

/** Fields as Node takes early hints; null: nothing in them that it could pass on. */
export function hintsOf(fields: string[]): { link: string[] } | null {
  const link = fields.filter((_value, at) => at % 2 === 1 && fields[at - 1]?.toLowerCase() === 'link')
  return link.length > 0 ? { link } : null
}

/** Trailers that may be passed on (RFC 9110, 6.5.1), as pairs and with nothing in them that Node would refuse. */
export function trailerPairs(trailers: string[]): Array<[string, string]> {
  const pairs: Array<[string, string]> = []
  for (let at = 0; at < trailers.length; at += 2) {
    const name = trailers[at] ?? ''
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || /^(content-.*|transfer-encoding|trailer|set-cookie)$/i.test(name)) continue
    pairs.push([name, (trailers[at + 1] ?? '').replace(/[^\t\x20-\x7e\x80-\xff]/g, '')])
  }
  return pairs
}
