/**
 * What the options of a route are made of, each as a question: asked when app.yaml is read, and once more before
 * anything is written to a route file. Pure.
 */
import { isIP } from 'node:net'

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
/** A lower-case DNS name, as part of a pattern. */
export const DNS_NAME = `${LABEL}(?:\\.${LABEL})*`
/** The same, or '*.' and one. */
export const ROUTE_HOST = new RegExp(`^(?:\\*\\.)?${DNS_NAME}$`)

/** Absolute, and nothing behind its path: the request's own path and query follow there. No `$`, which a replacement would take for a group. */
const REDIRECT = new RegExp(`^(https?)://(${DNS_NAME}(?::\\d{1,5})?)((?:/(?:[A-Za-z0-9._~!&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)*)/?$`)

/** Where a redirect leads, without a slash at its end; null: it is no such address. */
export function parseRedirect(written: string): { host: string; path: string; address: string } | null {
  const [, scheme, host = '', path = ''] = written.length > 1000 ? [] : (REDIRECT.exec(written) ?? [])
  const port = Number(/:(\d+)$/.exec(host)?.[1] ?? 1)
  if (scheme === undefined || port < 1 || port > 65_535 || /\/\.\.?(\/|$)/.test(path)) return null
  return { host, path, address: `${scheme}://${host}${path}` }
}

/** RFC 9110, 5.6.2: a token. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_|~-]{1,200}$/
/** RFC 9110, 7.6.1, and the fields that say where a message ends or whom it is for: those are the routers' own business. */
const UNTOUCHABLE = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Why this is no header that a route may set, or null. */
export function headerNameProblem(name: string): string | null {
  if (!TOKEN.test(name)) return 'expected the name of a header, such as X-Frame-Options'
  return UNTOUCHABLE.has(name.toLowerCase()) ? 'belongs to the connection; no route sets it' : null
}

/** Printable ASCII without a space at either end. '' takes the header away. Traefik runs its files as Go templates, hence no `{{`. */
export function isHeaderValue(value: string): boolean {
  return /^(?:[!-~](?:[ -~]{0,3998}[!-~])?)?$/.test(value) && !value.includes('{{')
}

/** An address, or a network in CIDR notation whose bits behind the prefix are zero. */
export function isNetwork(written: string): boolean {
  return networkProblem(written) === null
}

/** Why this is neither, or null. An IPv4 address inside of an IPv6 one is neither: it would match nobody. */
export function networkProblem(written: string): string | null {
  const [address = '', prefix, more] = written.split('/')
  const kind = address.includes('%') || (address.includes(':') && address.includes('.')) ? 0 : isIP(address)
  const bits = kind === 6 ? 128 : 32
  const length = prefix === undefined ? bits : /^(?:0|[1-9]\d{0,2})$/.test(prefix) ? Number(prefix) : -1
  if (kind === 0 || more !== undefined || length < 0 || length > bits) {
    return 'expected an address or a network, such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32'
  }
  const behind = numberOf(address, kind) & ((1n << BigInt(bits - length)) - 1n)
  return behind === 0n ? null : `expected a network without bits behind its prefix; for this address alone leave out /${length}`
}

function numberOf(address: string, kind: number): bigint {
  if (kind === 4) return address.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)
  const [left = [], right] = address.split('::').map((half) => (half === '' ? [] : half.split(':')))
  const filled = right ? [...left, ...Array(8 - left.length - right.length).fill('0'), ...right] : left
  return filled.reduce((sum, part) => (sum << 16n) | BigInt(`0x${part}`), 0n)
}

/** htpasswd's hashes that Traefik checks: bcrypt, Apache's MD5, SHA-1. The name is free but for what would end it, or a template. */
const USER =
  /^(?!.*\{\{)[!-9;-~]{1,200}:(?:\$2[aby]\$(?:0[4-9]|1\d)\$[./A-Za-z0-9]{53}|\$apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}|\{SHA\}[A-Za-z0-9+/]{27}=)$/

/** A line of htpasswd: a name, ':', a hash. */
export function isUser(line: string): boolean {
  return USER.test(line)
}
