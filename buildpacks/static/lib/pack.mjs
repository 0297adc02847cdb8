// Compressing what is worth it, once and as well as it can be done, instead of for each request.
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync } from 'node:fs'
import { copyFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { ENDINGS } from './static/files.mjs'
import { isHidden, isPrivate } from './static/paths.mjs'
import { isCompressible } from './static/types.mjs'

/** Below, the headers outweigh it; above, a build would take too long. */
const LEAST = 1024
const MOST = 8 * 1024 * 1024
/** At its best brotli takes a second for half a megabyte. */
const BEST = 256 * 1024
const AT_ONCE = 4

const COMPRESS = {
  br: (content) =>
    promisify(brotliCompress)(content, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: content.length > BEST ? 9 : 11,
        [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
      },
    }),
  gzip: (content) => promisify(gzip)(content, { level: 9 }),
}

/**
 * Writes `HASH.br` and `HASH.gz` of the site's files into a folder, by the hash of their content: a file that the running app
 * changes has another, and no copy that is out of date. What an earlier build has made comes from the cache, which ends up with
 * just what this one uses.
 */
export async function pack(site, into, cache) {
  const paths = await compressible(site)
  mkdirSync(into, { recursive: true })
  mkdirSync(cache, { recursive: true })
  const known = new Set(await readdir(cache))
  const used = new Set()
  const counts = { count: 0, reused: 0 }
  const next = async () => {
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) await packOne(path)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, next))
  await Promise.all(
    [...known].filter((name) => !used.has(name)).map((name) => rm(join(cache, name), { recursive: true, force: true })),
  )
  return counts

  async function packOne(path) {
    const content = await readFile(path)
    const hash = createHash('sha256').update(content).digest('base64url').slice(0, 27)
    const names = Object.entries(ENDINGS).map(([encoding, ending]) => ({ encoding, name: hash + ending }))
    if (names.some(({ name }) => used.has(name))) return
    for (const { name } of names) used.add(name)
    counts.count++
    if (names.every(({ name }) => known.has(name))) counts.reused++
    for (const { encoding, name } of names) {
      if (!known.has(name)) await keep(name, await COMPRESS[encoding](content))
      // Not worth it: an empty file in the cache, and none in the app.
      const copy = join(cache, name)
      if (lstatSync(copy).size > 0) await copyFile(copy, join(into, name))
    }

    async function keep(name, packed) {
      const part = join(cache, `${name}.part`)
      await writeFile(part, packed.length < content.length * 0.9 ? packed : '')
      await rename(part, join(cache, name))
    }
  }
}

/** Files that somebody may ask for; links are not followed, what they lead to is found where it lies. */
async function compressible({ root, isApp }, segments = []) {
  const entries = await readdir(join(root, ...segments), { withFileTypes: true })
  const found = await Promise.all(
    entries.map(async (entry) => {
      if (isHidden(entry.name) || (segments.length === 0 && isPrivate(entry.name, isApp))) return []
      if (entry.isDirectory()) return compressible({ root, isApp }, [...segments, entry.name])
      const path = join(root, ...segments, entry.name)
      if (!entry.isFile() || !isCompressible(entry.name)) return []
      const { size } = lstatSync(path)
      return size >= LEAST && size <= MOST ? [path] : []
    }),
  )
  return found.flat()
}
