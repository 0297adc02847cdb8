// Paths as _redirects, _headers and static.json write them, made into regular expressions over the decoded path of a request.

/** `/news/:year/*` of _redirects: a placeholder is one segment, a splat all that is left, or nothing. A slash at the end is the same without. */
export function redirectPattern(from) {
  const names = []
  const parts = segments(from).map((part, at, all) => {
    if (part === '*') {
      if (at < all.length - 1) throw new Error('* is only understood at the end of the path')
      names.push('splat')
      return '(?:/(.*))?'
    }
    if (part.includes('*')) throw new Error('* stands for everything after a slash, and nothing may be beside it')
    if (!part.startsWith(':')) return `/${literal(part)}`
    names.push(placeholder(part, names))
    return '/([^/]+)'
  })
  return { expression: new RegExp(`^${parts.join('')}/?$`), names }
}

/** `/*`, `/assets/*`, `/*.js`, `/blog/:slug` of _headers: a star is any run of characters. */
export function headerPattern(path) {
  const parts = segments(path).map((part) => (/^:\w+$/.test(part) ? '/[^/]+' : `/${part.split('*').map(literal).join('.*')}`))
  return new RegExp(`^${parts.join('')}/?$`)
}

/** `/**`, `/assets/*`: Heroku's static.json, in which two stars cross slashes and one does not. */
export function globPattern(path) {
  const text = path.split(/(\*\*|\*)/).map((part) => (part === '**' ? '.*' : part === '*' ? '[^/]*' : literal(part)))
  return new RegExp(`^${text.join('')}$`)
}

/** Puts what was captured into `/blog/:slug`, or into an address; encoded, so that it stays a part of the path. */
export function expand(to, captures) {
  return to.replace(/:(\w+)/g, (all, name) => {
    const value = captures[name]
    return value === undefined ? all : value.split('/').filter(Boolean).map(encodeURIComponent).join('/')
  })
}

function segments(path) {
  return path.split('/').filter((part) => part !== '')
}

function placeholder(part, names) {
  const name = part.slice(1)
  if (!/^\w+$/.test(name)) throw new Error(`${part} is no placeholder: letters, digits and _ are`)
  if (names.includes(name)) throw new Error(`${part} is there twice`)
  return name
}

function literal(text) {
  let plain = text
  try {
    plain = decodeURIComponent(text)
  } catch {
    // Written as it is meant.
  }
  return plain.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
