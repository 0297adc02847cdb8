// The file _headers, as Netlify writes it (docs.netlify.com/routing/headers): a path, and below it, indented, its headers.
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { headerPattern } from './pattern.mjs'

/** They say how an answer is sent, which is the server's business. */
const OWN = new Set(
  'accept-ranges age allow connection content-encoding content-length content-range date keep-alive server trailer transfer-encoding upgrade'.split(
    ' ',
  ),
)
const LIMIT = 2000

/** `[{expression, headers: {name: value}}]`; `problem(line, message)` is told what is wrong. */
export function parseHeaders(text, problem) {
  const rules = []
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.trim().startsWith('#')) continue
    try {
      if (!/^\s/.test(line)) rules.push({ expression: pathOf(line.trim()), headers: {} })
      else {
        const [, name = '', value = ''] = /^([^:]*):(.*)$/.exec(line.trim()) ?? []
        const rule = rules.at(-1)
        if (rule === undefined) throw new Error('a header stands below the path it is for; there is none above it')
        addHeader(rule.headers, name.trim(), value.trim())
      }
    } catch (error) {
      problem(at + 1, error.message)
    }
    if (rules.length > LIMIT) {
      problem(at + 1, `there are more than ${LIMIT} paths`)
      break
    }
  }
  return rules
}

/** Several of one name are one with commas (RFC 9110, section 5.3). Throws what is wrong with it. */
export function addHeader(headers, name, value) {
  const key = name.toLowerCase()
  if (name === '' || value === '') throw new Error('expected "Name: value"')
  if (key === 'basic-auth') throw new Error('Basic-Auth is not available, and would tell every visitor the password')
  if (OWN.has(key)) throw new Error(`${name} is set by the server itself`)
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch {
    throw new Error(`${JSON.stringify(`${name}: ${value}`.slice(0, 80))} is no header`)
  }
  headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`
}

function pathOf(text) {
  if (!text.startsWith('/'))
    throw new Error(`expected a path that begins with a slash, or an indented header, not ${JSON.stringify(text.slice(0, 80))}`)
  return headerPattern(text)
}
