// The path of a request: what it names, and what nobody is shown.

/** What lies beside the pages where the app's folder itself is served, and is none of a visitor's business. */
const PRIVATE = new Set(
  'Procfile app.yaml node_modules package-lock.json package.json pnpm-lock.yaml static.json yarn.lock'.split(' '),
)
const RULES = new Set(['_headers', '_redirects'])

/** `/docs/?a=b` → its path, still encoded, and its query with the question mark, or nothing. */
export function splitUrl(url) {
  const [whole] = url.split('#', 1)
  const at = whole.indexOf('?')
  return at === -1 ? { path: whole, query: '' } : { path: whole.slice(0, at), query: whole.slice(at) }
}

/** The plain names of a path, or null for one that is not to be served. */
export function segmentsOf(encoded, isApp) {
  let path
  try {
    path = decodeURIComponent(encoded)
  } catch {
    return null
  }
  const segments = path.split('/').filter((segment) => segment !== '')
  const bad = segments.some((segment) => isHidden(segment) || segment.includes('\\') || segment.includes('\0'))
  return !path.startsWith('/') || bad || isPrivate(segments[0], isApp) ? null : segments
}

/** Hidden files are not served; of what begins with a dot only /.well-known is meant for others (RFC 8615). */
export function isHidden(name) {
  return name.startsWith('.') && name !== '.well-known'
}

/** `first`: of the names of a path. */
export function isPrivate(first, isApp) {
  return RULES.has(first) || (isApp && PRIVATE.has(first))
}

/** As an address has it. From names: so `//host` never becomes one. */
export function encodePath(segments, { slash = false } = {}) {
  return `/${segments.map(encodeURIComponent).join('/')}${slash && segments.length > 0 ? '/' : ''}`
}

const BUNDLED = new Set(['assets', 'static', '_app', '_astro', '_next', '_nuxt'])

/**
 * Whether the file's name changes with its content: in a folder that bundlers write to, and with a hash of eight or more characters
 * before its ending, as in assets/index-DiwrgTda.js or static/js/main.8f3e1a2b.js. A date, a size or a word is no hash.
 */
export function isHashed(segments) {
  const [, hash = ''] = /[.-]([A-Za-z0-9_-]{8,64})(?:\.chunk|\.module)?\.[a-z0-9]+(?:\.map)?$/.exec(segments.at(-1) ?? '') ?? []
  const tail = hash.length > 8 && !/^[0-9a-f]+$/.test(hash) ? hash.slice(-8) : hash
  const isMixed = /[a-z]/.test(tail) && (/[0-9]/.test(tail) || /.[A-Z]/.test(tail))
  return segments.slice(0, -1).some((name) => BUNDLED.has(name)) && isMixed && !/^\d+x\d+$/.test(tail)
}
