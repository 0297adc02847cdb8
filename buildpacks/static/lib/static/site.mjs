// All that decides what is served: which folder, and the rules of static.json, _redirects and _headers.
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { readConfig } from './config.mjs'
import { parseHeaders } from './headers.mjs'
import { parseRedirects } from './redirects.mjs'

/** Where builds put what they make. */
export const OUTPUTS = ['dist', 'build', 'out', '_site']
const RULES_BYTES = 1024 * 1024

/** Problems are gathered, all of them: `{site, problems, notes}`; there is no site without a folder. */
export function loadSite(app) {
  const problems = []
  const notes = []
  const configFile = read(join(app, 'static.json'))
  const config = readConfig(
    configFile ?? '{}',
    (message) => problems.push(`static.json: ${message}`),
    (message) => notes.push(`static.json: ${message}`),
  )
  const root = chooseRoot(app, config.root, problems)
  if (root === null) return { site: null, problems, notes }
  const rules = (name, parse) => {
    const text = read(join(root, name))
    const file = relative(realpathSync(app), join(root, name))
    return text === null ? [] : parse(text, (line, message) => problems.push(`${file}:${line}: ${message}`))
  }
  const redirects = [...config.redirects, ...rules('_redirects', parseRedirects)]
  const headers = [...config.headers, ...rules('_headers', parseHeaders)]
  const { cleanUrls, errorPage, routes } = config
  return { site: { root, isApp: root === realpathSync(app), cleanUrls, errorPage, routes, redirects, headers }, problems, notes }
}

/** The folder that is served, with all links resolved; null and a problem where there is none, or it is not the app's. */
function chooseRoot(app, named, problems) {
  const wanted = resolve(app, named ?? guessRoot(app) ?? '')
  const name = named === undefined ? '' : `static.json: root ${named} `
  if (named === undefined && guessRoot(app) === undefined) {
    problems.push(
      `there is nothing to serve: no index.html here, in public/, or in ${OUTPUTS.map((one) => `${one}/`).join(', ')}`,
    )
    return null
  }
  if (!isDirectory(wanted)) {
    problems.push(`${name}is no folder of the app`)
    return null
  }
  const [own, root] = [realpathSync(app), realpathSync(wanted)]
  if (root === own || root.startsWith(own + sep)) return root
  problems.push(`${name || `${wanted} `}is outside of the app`)
  return null
}

/** What a build script made comes first: beside it, public/ and the folder itself hold what it was made of. */
function guessRoot(app) {
  const plain = ['public', '.']
  const folders = hasBuildScript(app) ? [...OUTPUTS, ...plain] : [...plain, ...OUTPUTS]
  return (
    folders.find((folder) => existsSync(join(app, folder, 'index.html'))) ??
    (existsSync(join(app, 'static.json')) ? '.' : undefined)
  )
}

export function hasBuildScript(app) {
  try {
    const { scripts } = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8'))
    return typeof (scripts?.build ?? scripts?.['heroku-postbuild']) === 'string'
  } catch {
    return false
  }
}

function isDirectory(path) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Null: there is no such file, or it is none that a person has written. */
function read(path) {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isFile() && stat.size <= RULES_BYTES ? readFileSync(path, 'utf8') : null
}
