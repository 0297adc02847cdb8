// What a request is answered with: a file, another address, or that there is nothing.
import { encodePath, isHashed, segmentsOf, splitUrl } from './paths.mjs'
import { expand } from './pattern.mjs'
import { match } from './redirects.mjs'

/** Asked again each time; by its tag that costs no more than a word. */
const CHECKED = 'public, max-age=0, must-revalidate'
const FOR_EVER = 'public, max-age=31536000, immutable'

/** `{status, location}`, `{status, file, headers}` or `{status: 404}` for the address of a GET. In the order of the rules' strength. */
export async function answerTo(site, files, url) {
  const { path, query } = splitUrl(url)
  const segments = segmentsOf(path, site.isApp)
  if (segments === null) return notFound(site, files, '/')
  const plain = `/${segments.join('/')}`
  const slash = path.endsWith('/')
  const forced = await follow(site, files, (rule) => rule.force, plain, query)
  if (forced !== null) return forced
  const found = await lookUp(site, files, segments, slash)
  if (found?.location !== undefined) return { status: 301, location: found.location + query }
  if (found !== null) return page(site, 200, found, plain)
  const followed = await follow(site, files, (rule) => !rule.force, plain, query)
  if (followed !== null) return followed
  const route = site.routes.find(({ expression }) => expression.test(plain))
  const file = route === undefined ? null : await fileAt(site, files, `/${route.file}`)
  return file === null ? notFound(site, files, plain) : page(site, 200, file, plain)
}

/** The first rule that fits decides. */
async function follow(site, files, isMeant, plain, query) {
  for (const rule of site.redirects) {
    const captures = isMeant(rule) ? match(rule, plain, new URLSearchParams(query)) : null
    if (captures === null) continue
    const to = expand(rule.to, captures)
    if (rule.status !== 200 && rule.status !== 404) {
      // What was asked along with the path goes along, unless the rule says what to ask.
      const [bare, fragment] = to.split('#', 2)
      const asked = bare.includes('?') ? '' : query
      return { status: rule.status, location: `${bare}${asked}${fragment === undefined ? '' : `#${fragment}`}` }
    }
    const file = await fileAt(site, files, splitUrl(to).path)
    return file === null ? notFound(site, files, plain) : page(site, rule.status, file, plain)
  }
  return null
}

async function notFound(site, files, plain) {
  const file = await fileAt(site, files, `/${site.errorPage}`)
  return file === null ? { status: 404 } : page(site, 404, file, plain)
}

function page(site, status, found, plain) {
  const headers = { 'cache-control': status !== 200 ? 'no-store' : isHashed(found.segments) ? FOR_EVER : CHECKED }
  for (const rule of site.headers) if (rule.expression.test(plain)) Object.assign(headers, rule.headers)
  return { status, file: found.file, headers }
}

/** The file that a rule leads to: no redirects on the way. */
async function fileAt(site, files, path) {
  const segments = segmentsOf(path, site.isApp)
  const found = segments === null ? null : await lookUp(site, files, segments, null)
  return found?.file === undefined ? null : found
}

/** `{file, segments}` or `{location}`; `slash`: whether the path ends with one, null where that is of no importance. */
async function lookUp(site, files, segments, slash) {
  const found = await files.find(segments)
  if (found?.isFile) {
    if (slash === true) return null
    const clean = slash === null || site.cleanUrls !== true ? null : withoutHtml(segments)
    return clean === null ? { file: found, segments } : { location: clean }
  }
  if (found !== null) {
    const index = [...segments, 'index.html']
    const file = await files.find(index)
    if (file?.isFile) {
      // Without the slash, the page's relative links would lead beside the folder.
      return slash === false && segments.length > 0
        ? { location: encodePath(segments, { slash: true }) }
        : { file, segments: index }
    }
  }
  if (site.cleanUrls === false || segments.length === 0) return null
  const html = [...segments.slice(0, -1), `${segments.at(-1)}.html`]
  const file = await files.find(html)
  if (!file?.isFile) return null
  if (slash !== true) return { file, segments: html }
  return site.cleanUrls === true ? { location: encodePath(segments) } : null
}

/** The clean address of a page; null for what is none. */
function withoutHtml(segments) {
  const name = segments.at(-1)
  if (name === 'index.html') return encodePath(segments.slice(0, -1), { slash: true })
  return name.endsWith('.html') ? encodePath([...segments.slice(0, -1), name.slice(0, -5)]) : null
}
