/**
 * What a request asks for: the target of its request line and its Host field → what to match and what to send on. Pure.
 *
 * Paths are cleaned as Traefik v3 cleans them (its entry points' sanitizePath and normalizePath): unreserved characters are
 * decoded, "." and ".." are resolved, slashes are single. Otherwise "/shop/../admin" would be routed as one and served as another.
 */

export interface Target {
  /** In lower case, without port and trailing dot; '' where HTTP/1.0 names none. */
  host: string
  /** The same as it came: the Host field's value, or what an absolute target says in its place. */
  authority: string
  /** For matching: bytes as latin1, percent-encoding undone but for reserved characters. '*' for OPTIONS *. */
  path: string
  /** To send: the cleaned path as it was encoded. */
  sent: string
  /** '?' and what follows, or ''. */
  query: string
}

/** The target of a request; null: a bad request. `host` is the Host field's value, '' if there is none. */
export function parseTarget(url: string, host: string): Target | null {
  let rest = url
  let authority = host
  if (url.charCodeAt(0) !== 0x2f) {
    // RFC 9112, 3.2.2: a server accepts the absolute form, and its host wins over the Host field.
    const absolute = /^https?:\/\/([^/?#]+)([^#]*)$/i.exec(url)
    if (absolute) {
      authority = absolute[1] ?? ''
      rest = absolute[2] ?? ''
      if (rest[0] !== '/') rest = `/${rest}`
    } else if (url !== '*') return null
  }
  const canonical = canonicalHost(authority)
  // Traefik refuses a fragment too: the next server might see another path than the one matched here.
  if (canonical === null || rest.includes('#')) return null
  const mark = rest.indexOf('?')
  const path = mark < 0 ? rest : rest.slice(0, mark)
  const query = mark < 0 ? '' : rest.slice(mark)
  if (!path.includes('%') && !path.includes('//') && !path.includes('/.'))
    return { host: canonical, authority, path, sent: path, query }
  const sent = cleanPath(path)
  return sent === null ? null : { host: canonical, authority, path: decodeForMatching(sent), sent, query }
}

/** A Host field's value as rules compare it; null if it is not one. */
export function canonicalHost(value: string): string | null {
  const known = canonicalHosts.get(value)
  if (known !== undefined) return known
  const canonical = canonicalize(value)
  // Most requests are for few hosts; whoever sends many different ones only empties this.
  if (canonicalHosts.size >= 1_000) canonicalHosts.clear()
  if (canonical !== null) canonicalHosts.set(value, canonical)
  return canonical
}

const canonicalHosts = new Map<string, string>()

function canonicalize(value: string): string | null {
  if (value === '') return ''
  const found = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d*)?$/.exec(value)
  const host = found?.[1]?.toLowerCase()
  return host === undefined || host === '.' ? null : host.endsWith('.') ? host.slice(0, -1) : host
}

/** The port of a Host field's value, if it names one. */
export function portOf(host: string): string {
  const colon = host.lastIndexOf(':')
  // The last colon of "[::1]" is no port's.
  return colon < 0 || host.endsWith(']') ? '80' : host.slice(colon + 1) || '80'
}

function cleanPath(path: string): string | null {
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return null
  const normal = path.replace(/%[0-9A-Fa-f]{2}/g, (encoded) => {
    const char = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
    return /[A-Za-z0-9._~-]/.test(char) ? char : encoded.toUpperCase()
  })
  const kept: string[] = []
  const segments = normal.split('/')
  for (const segment of segments) {
    if (segment === '..') kept.pop()
    else if (segment !== '.' && segment !== '') kept.push(segment)
  }
  const last = segments.at(-1)
  const slash = kept.length > 0 && (last === '' || last === '.' || last === '..') ? '/' : ''
  return `/${kept.join('/')}${slash}`
}

/** RFC 3986's reserved characters and '%' stay encoded: decoding them would change what the path means. */
function decodeForMatching(path: string): string {
  return path.replace(/%[0-9A-F]{2}/g, (encoded) => {
    const char = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
    return ":/?#[]@!$&'()*+,;=%".includes(char) ? encoded : char
  })
}
