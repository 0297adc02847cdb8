// The file _redirects, as Netlify writes it (docs.netlify.com/routing/redirects): from, [query=:name …], to, [status[!]].
import { redirectPattern } from './pattern.mjs'

const STATUSES = [200, 301, 302, 303, 307, 308, 404]
/** More than anybody writes by hand; each is tried for each request. */
const LIMIT = 2000

/** One rule for each line; `problem(line, message)` is told what is wrong. */
export function parseRedirects(text, problem) {
  const rules = text.split(/\r?\n/).flatMap((line, at) => {
    const words = line
      .replace(/(^|\s)#.*$/, '')
      .trim()
      .split(/\s+/)
    if (words[0] === '') return []
    try {
      return [redirect(words)]
    } catch (error) {
      problem(at + 1, error.message)
      return []
    }
  })
  if (rules.length > LIMIT) problem(LIMIT + 1, `there are ${rules.length} rules, and ${LIMIT} at most`)
  return rules
}

function redirect([from, ...words]) {
  if (/^https?:\/\//i.test(from)) throw new Error(`rules for one host (${from}) are not available; write a path`)
  if (!from.startsWith('/')) throw new Error(`expected a path that begins with a slash, not ${quoted(from)}`)
  const at = words.findIndex((word) => /^(\/|https?:\/\/)/i.test(word))
  if (at === -1) throw new Error('expected where to: a path or an address')
  const query = words.slice(0, at).map(parameter)
  const [to, last = '301', ...more] = words.slice(at)
  if (more.length > 0 || /^[A-Za-z]+=/.test(last)) {
    throw new Error(`conditions and other words after the status are not available: ${quoted([last, ...more].join(' '))}`)
  }
  const { status, force } = statusOf(last)
  return { ...rule(from, to, status), force, query }
}

/** A rule whose parts are checked against one another. Throws what is wrong with it. */
export function rule(from, to, status) {
  if (!STATUSES.includes(status)) throw new Error(`status ${status} is none of ${STATUSES.join(', ')}`)
  const isAddress = !to.startsWith('/')
  if (isAddress) checkAddress(to, status)
  // A path that begins with two slashes is another host to every browser; backslashes are slashes to them.
  else if (/^\/[/\\]/.test(to)) throw new Error(`${quoted(to)} would lead to another host; write its address with https://`)
  if (hasControl(to)) throw new Error(`${quoted(to)} holds characters that no address has`)
  const { expression, names } = redirectPattern(from)
  return { from, to, status, force: false, query: [], expression, names }
}

function checkAddress(to, status) {
  const [, host = ''] = /^https?:\/\/([^/?#]*)/i.exec(to) ?? []
  if (!isUrl(to)) throw new Error(`${quoted(to)} is no address`)
  if (/:[A-Za-z_]/.test(host)) throw new Error('a placeholder in the host would lead wherever a visitor says')
  if (status === 200 || status === 404) throw new Error(`status ${status} to another address is a proxy, which is not available`)
}

function isUrl(text) {
  try {
    return Boolean(new URL(text))
  } catch {
    return false
  }
}

function statusOf(word) {
  const [, digits, mark] = /^(\d{3})(!?)$/.exec(word) ?? []
  if (digits === undefined) throw new Error(`expected a status such as 301 or 200!, not ${quoted(word)}`)
  return { status: Number(digits), force: mark === '!' }
}

function parameter(word) {
  const [, name, value] = /^([^=\s]+)=(:?[^=\s]*)$/.exec(word) ?? []
  if (name === undefined) throw new Error(`expected where to: a path or an address, not ${quoted(word)}`)
  return { name, value }
}

/** What a rule makes of a request: the captures, or null. `path` is decoded. */
export function match(rule, path, query) {
  const found = rule.expression.exec(path)
  if (found === null) return null
  const captures = Object.fromEntries(rule.names.map((name, at) => [name, found[at + 1] ?? '']))
  for (const { name, value } of rule.query) {
    const given = query.get(name)
    if (given === null || (!value.startsWith(':') && value !== given)) return null
    if (value.startsWith(':')) captures[value.slice(1)] = given
  }
  return captures
}

function hasControl(text) {
  return [...text].some((character) => character < ' ' || character === '\x7f')
}

function quoted(text) {
  return JSON.stringify(text.slice(0, 80))
}
