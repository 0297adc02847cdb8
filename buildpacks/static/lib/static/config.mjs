// static.json, as Heroku's static buildpack reads it: root, clean_urls, error_page, routes, redirects, headers.
import { addHeader } from './headers.mjs'
import { globPattern } from './pattern.mjs'
import { rule } from './redirects.mjs'

const KNOWN = ['root', 'clean_urls', 'error_page', 'routes', 'redirects', 'headers']
/** Who relies on these must not be served without. */
const MISSING = { basic_auth: 'a password', basic_auth_list: 'a password', proxies: 'a proxy' }

/** `problem(message)` is told what is wrong, `note(message)` what is passed over. */
export function readConfig(text, problem, note) {
  const config = { root: undefined, cleanUrls: undefined, errorPage: '404.html', routes: [], redirects: [], headers: [] }
  let json
  try {
    json = JSON.parse(text)
  } catch (error) {
    problem(`is not valid JSON: ${error.message}`)
    return config
  }
  if (!isMap(json)) {
    problem('holds no object')
    return config
  }
  const guard = (key, act) => {
    try {
      act()
    } catch (error) {
      problem(`${key}: ${error.message}`)
    }
  }
  for (const key of Object.keys(json)) {
    if (MISSING[key] !== undefined) problem(`${key}: ${MISSING[key]} is not available`)
    else if (!KNOWN.includes(key)) note(`${key} is passed over; known are ${KNOWN.join(', ')}`)
  }
  if (json.root !== undefined) guard('root', () => (config.root = plain(json.root)))
  if (json.error_page !== undefined) guard('error_page', () => (config.errorPage = plain(json.error_page)))
  if (json.clean_urls !== undefined) {
    if (typeof json.clean_urls === 'boolean') config.cleanUrls = json.clean_urls
    else problem('clean_urls: expected true or false')
  }
  for (const [path, file] of pairs(json, 'routes', problem)) {
    guard(`routes ${path}`, () => config.routes.push({ expression: globPattern(path), file: plain(file) }))
  }
  for (const [path, value] of pairs(json, 'redirects', problem)) {
    guard(`redirects ${path}`, () => {
      const { url, status = 301 } = isMap(value) ? value : { url: value }
      const to = plain(url)
      if (!/^(\/|https?:\/\/)/i.test(to)) throw new Error('url: expected a path or an address')
      if (status < 300) throw new Error(`status ${status} is none of a redirect`)
      config.redirects.push({ ...rule(path, to, status), force: true })
    })
  }
  for (const [path, headers] of pairs(json, 'headers', problem)) {
    const own = { expression: globPattern(path), headers: {} }
    if (!isMap(headers)) problem(`headers ${path}: expected names and values`)
    else
      for (const [name, value] of Object.entries(headers))
        guard(`headers ${path}`, () => addHeader(own.headers, name, plain(value)))
    config.headers.push(own)
  }
  return config
}

function pairs(json, key, problem) {
  if (json[key] === undefined) return []
  if (isMap(json[key])) return Object.entries(json[key])
  problem(`${key}: expected an object`)
  return []
}

function plain(value) {
  if (typeof value !== 'string' || value === '') throw new Error('expected text')
  return value
}

function isMap(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
