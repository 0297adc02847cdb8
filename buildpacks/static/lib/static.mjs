// Serves a folder of files on PORT. Which one: `root` of static.json, else public/ if it holds an index.html, else the app's folder.
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readFileSync, realpathSync } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream'

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.htm': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.xml': 'application/xml; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.otf': 'font/otf',
  '.wasm': 'application/wasm',
  '.pdf': 'application/pdf',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
  '.zip': 'application/zip',
}
// What lies beside the pages where the app's folder itself is served, and is none of a visitor's business.
const PRIVATE = new Set(['Procfile', 'static.json', 'app.yaml', 'node_modules'])

const app = process.cwd()
const config = existsSync('static.json') ? JSON.parse(readFileSync('static.json', 'utf8')) : {}
const root = chooseRoot()

function chooseRoot() {
  const wanted = resolve(app, typeof config.root === 'string' ? config.root : existsSync('public/index.html') ? 'public' : '.')
  if (wanted !== app && !wanted.startsWith(app + sep)) throw new Error(`static.json: root ${config.root} is outside of the app`)
  return realpathSync(wanted)
}

/** The plain names of a request's path, or null for one that is not to be served. */
function segmentsOf(url) {
  let path
  try {
    path = decodeURIComponent(url.split(/[?#]/, 1)[0])
  } catch {
    return null
  }
  const segments = path.split('/').filter((segment) => segment !== '')
  const bad = segments.some((segment) => (segment.startsWith('.') && segment !== '.well-known') || /[\\\0]/.test(segment))
  return !path.startsWith('/') || bad || (root === app && PRIVATE.has(segments[0])) ? null : segments
}

/** The file of a path, with its facts; links may not lead out of the root. */
async function find(segments) {
  try {
    const path = await realpath(join(root, ...segments))
    if (path !== root && !path.startsWith(root + sep)) return null
    return { path, stat: await stat(path) }
  } catch {
    return null
  }
}

async function lookUp(url) {
  const segments = segmentsOf(url)
  if (segments === null) return null
  const found = await find(segments)
  if (found?.stat.isDirectory()) {
    const index = await find([...segments, 'index.html'])
    if (!index?.stat.isFile()) return null
    // Without the slash, the page's relative links would lead beside the folder. From segments: `//host` must not become an address.
    const query = url.includes('?') ? url.slice(url.indexOf('?')) : ''
    const folder = `/${segments.map((segment) => `${encodeURIComponent(segment)}/`).join('')}`
    return url.split('?', 1)[0].endsWith('/') ? index : { redirect: folder + query }
  }
  if (found?.stat.isFile() && !url.split('?', 1)[0].endsWith('/')) return found
  if (found === null && config.clean_urls === true && segments.length > 0) {
    const page = await find([...segments.slice(0, -1), `${segments.at(-1)}.html`])
    if (page?.stat.isFile()) return page
  }
  return null
}

/** RFC 9110 section 14: one range; several, or one that makes no sense, are answered with the whole. 'none': not satisfiable. */
function rangeOf(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (match === null || (match[1] === '' && match[2] === '')) return null
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1])
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  if (match[1] !== '' && match[2] !== '' && Number(match[2]) < start) return null
  return start >= size || (match[1] === '' && Number(match[2]) === 0) ? 'none' : { start, end }
}

function isUnchanged(headers, tag) {
  const match = headers['if-none-match']
  return match !== undefined && (match === '*' || match.split(',').some((one) => one.trim().replace(/^W\//, '') === tag))
}

// By content: exported trees all carry the same times, so a date would call another version the same. Hashed once a file.
const tags = new Map()

async function tagOf({ path, stat }) {
  const facts = `${stat.size} ${stat.mtimeMs} ${stat.ino}`
  const known = tags.get(path)
  if (known?.facts === facts) return known.tag
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  const tag = `"${hash.digest('base64url').slice(0, 27)}"`
  tags.set(path, { facts, tag })
  return tag
}

async function send(request, response, status, file, headers = {}) {
  const { size } = file.stat
  response.setHeader('content-type', TYPES[extname(file.path).toLowerCase()] ?? 'application/octet-stream')
  response.setHeader('x-content-type-options', 'nosniff')
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  let range = null
  if (status === 200) {
    const tag = await tagOf(file)
    response.setHeader('etag', tag)
    response.setHeader('accept-ranges', 'bytes')
    response.setHeader('cache-control', 'public, max-age=0, must-revalidate')
    if (isUnchanged(request.headers, tag)) return void response.writeHead(304).end()
    if ((request.headers['if-range'] ?? tag) === tag) range = rangeOf(request.headers.range, size)
    if (range === 'none') return void response.writeHead(416, { 'content-range': `bytes */${size}`, 'content-length': 0 }).end()
  }
  const { start, end } = range ?? { start: 0, end: size - 1 }
  if (range !== null) response.setHeader('content-range', `bytes ${start}-${end}/${size}`)
  response.writeHead(range === null ? status : 206, { 'content-length': size === 0 ? 0 : end - start + 1 })
  if (request.method === 'HEAD' || size === 0) return void response.end()
  pipeline(createReadStream(file.path, { start, end }), response, () => {})
}

function plain(request, response, status, text, headers = {}) {
  const body = `${text}\n`
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

async function answer(request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return plain(request, response, 405, 'Method not allowed', { allow: 'GET, HEAD' })
  const found = await lookUp(request.url)
  if (found?.redirect !== undefined) return plain(request, response, 301, 'Moved', { location: found.redirect })
  if (found !== null) return send(request, response, 200, found)
  const page = await find(segmentsOf(`/${config.error_page ?? '404.html'}`) ?? ['404.html'])
  if (page?.stat.isFile()) return send(request, response, 404, page, { 'cache-control': 'no-store' })
  plain(request, response, 404, 'Not found')
}

let leaving = false

const server = createServer((request, response) => {
  response.once('close', () => leaving && setImmediate(() => server.closeIdleConnections()))
  answer(request, response).catch(() => {
    if (response.headersSent) response.destroy()
    else plain(request, response, 500, 'Internal error')
  })
})
server.listen(Number(process.env.PORT ?? 3000), () => console.log(`serving ${root} on port ${server.address().port}`))

// What is under way is finished; kept-alive connections are closed as soon as they are idle.
process.once('SIGTERM', () => {
  leaving = true
  server.close(() => process.exit(0))
})
