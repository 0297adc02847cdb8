/**
 * A client's request → what is sent to the server: the head as text, and how its content is framed. Pure.
 *
 * node:http's parser is strict and has refused most malformed messages before this; what is checked here again is what, read in two
 * ways by two parsers, would let one request hide in another (RFC 9112, 11.2).
 */
import { parseTarget, portOf, type Target } from './target.ts'

/** What is used of an IncomingMessage. */
export interface Incoming {
  method: string
  url: string
  httpVersion: string
  /** Name, value, name, value … */
  rawHeaders: string[]
}

export interface Request {
  method: string
  target: Target
  framing: 'none' | 'length' | 'chunked'
  /** The client waits for "100 Continue" before it sends the content. */
  expects: boolean
  /** The protocol that the client asks to change to; '' for none. */
  upgrade: string
  acceptsHtml: boolean
  /** Field lines to send on, each with its CRLF; not Host, nothing hop-by-hop, nothing that only we may say. */
  fields: string
}

/** Reads a request's head. A number is the status to refuse it with. */
export function readRequest(incoming: Incoming, longestUrl: number): Request | number {
  const raw = incoming.rawHeaders
  const request: Request = {
    method: incoming.method,
    target: nowhere,
    framing: 'none',
    expects: false,
    upgrade: '',
    acceptsHtml: false,
    fields: '',
  }
  if (incoming.url.length > longestUrl) return 414
  let hosts = 0
  let host = ''
  let length: string | null = null
  let coding: string | null = null
  let connection = ''
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? ''
    const value = raw[at + 1] ?? ''
    const known = name.toLowerCase()
    switch (known) {
      case 'host':
        hosts++
        host = value
        continue
      case 'connection':
        connection = connection ? `${connection},${value}` : value
        continue
      case 'content-length':
        if (length !== null || !/^\d{1,15}$/.test(value)) return 400
        length = value
        break
      case 'transfer-encoding':
        if (coding !== null) return 400
        coding = value
        continue
      case 'upgrade':
        request.upgrade = value
        continue
      case 'expect':
        request.expects = true
        break
      case 'accept':
        request.acceptsHtml = value.includes('text/html')
        break
      default:
        if (isOurs(known)) continue
    }
    request.fields += `${name}: ${value}\r\n`
  }
  const old = incoming.httpVersion === '1.0'
  if (hosts > 1 || (hosts === 0 && !old)) return 400
  if (coding !== null) {
    if (length !== null || old || coding.toLowerCase() !== 'chunked') return 400
    request.framing = 'chunked'
    request.fields += 'Transfer-Encoding: chunked\r\n'
  } else if (length !== null && length !== '0') request.framing = 'length'
  if (connection !== '') {
    const options = connection.toLowerCase()
    if (!options.includes('upgrade')) request.upgrade = ''
    if (options !== 'keep-alive' && options !== 'close') {
      const fields = withoutNamed(request.fields, options)
      if (fields === null) return 400
      request.fields = fields
    }
  } else request.upgrade = ''
  const target = parseTarget(incoming.url, host)
  if (!target) return 400
  request.target = target
  return request
}

const nowhere: Target = { host: '', authority: '', path: '', sent: '', query: '' }

/** The head to send for a request on one of its routes. `path`: what is left of it when prefixes are stripped. */
export function headFor(request: Request, path: string, prefix: string, client: string, server: string): string {
  const host = request.target.authority || server
  const upgrade = request.upgrade ? `Connection: Upgrade\r\nUpgrade: ${request.upgrade}\r\n` : ''
  const stripped = prefix ? `X-Forwarded-Prefix: ${prefix}\r\n` : ''
  return (
    `${request.method} ${path}${request.target.query} HTTP/1.1\r\nHost: ${host}\r\n${request.fields}${upgrade}${stripped}` +
    `X-Forwarded-For: ${client}\r\nX-Forwarded-Host: ${host}\r\nX-Forwarded-Port: ${portOf(host)}\r\nX-Forwarded-Proto: http\r\nX-Real-Ip: ${client}\r\n\r\n`
  )
}

/** Takes prefixes off a path, as Traefik's stripPrefix does: of each middleware the first that fits. */
export function stripPrefixes(target: Target, middlewares: string[][]): { path: string; prefix: string } {
  let path = target.sent
  let stripped = ''
  for (const prefixes of middlewares) {
    const prefix = prefixes.find((candidate) => path.startsWith(candidate))
    if (prefix === undefined) continue
    const rest = path.slice(prefix.length)
    path = rest[0] === '/' ? rest : `/${rest}`
    stripped = stripped ? `${stripped}, ${prefix}` : prefix
  }
  return { path, prefix: stripped }
}

/** Trailers of a request that may be sent on: nothing that frames, routes or forwards (RFC 9110, 6.5.1). */
export function trailerLines(raw: string[]): string {
  let lines = ''
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase()
    if (/^(host|content-.*|transfer-encoding|authorization|cookie|connection|upgrade|expect|trailer)$/.test(name) || isOurs(name))
      continue
    lines += `${raw[at]}: ${raw[at + 1]}\r\n`
  }
  return lines
}

/** Hop-by-hop fields, and those by which a client could pass for somebody else; also with '_' for '-', which CGI-like servers take for the same. */
function isOurs(name: string): boolean {
  switch (name.charCodeAt(0)) {
    case 0x78: // x
      return (
        name.startsWith('x-forwarded') ||
        name.startsWith('x_forwarded') ||
        name === 'x-real-ip' ||
        (name.includes('_') && isOurs(name.replaceAll('_', '-')))
      )
    case 0x6b: // k
      return name === 'keep-alive'
    case 0x70: // p: "Proxy" is httpoxy, CVE-2016-5385
      return name === 'proxy-connection' || name === 'proxy-authorization' || name === 'proxy'
    case 0x74: // t
      return name === 'te'
    case 0x66: // f
      return name === 'forwarded'
    case 0x68: // h
      return name === 'http2-settings'
    default:
      return false
  }
}

/** Field lines without those that Connection names (RFC 9110, 7.6.1). Null: it names one that a request cannot be without. */
function withoutNamed(fields: string, connection: string): string | null {
  const named = new Set(connection.split(',').map((option) => option.trim()))
  if (named.has('host') || named.has('content-length') || named.has('transfer-encoding')) return null
  return fields.replace(/[^\n]*\n/g, (line) => (named.has(line.slice(0, line.indexOf(':')).toLowerCase()) ? '' : line))
}
