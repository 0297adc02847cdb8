// Unpacks a module's zip file and gives its h1 hash (go.dev/ref/mod#zip-files, golang.org/x/mod/sumdb/dirhash).
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { SumError } from './sumdb.mjs'

const sha256 = (data) => createHash('sha256').update(data)

/** Tests and what they read are a quarter of it, and never needed to compile an app. */
const UNNEEDED = /_test\.go$|(^|\/)testdata\//
/** A module's zip file keeps no modes: what the go command makes executable too. */
const PROGRAM = /^(bin|pkg\/tool)\//

/** All names begin with `prefix`, which is left away in `dir`. */
export function unpack(zip, prefix, dir) {
  const data = readFileSync(zip)
  const lines = []
  const folders = new Set()
  for (const { name, content } of entries(data)) {
    const path = name.slice(prefix.length)
    if (!name.startsWith(prefix) || !/^[^\\\0:]+$/.test(path) || path.split('/').some((part) => ['', '.', '..'].includes(part)))
      throw new SumError(`The downloaded Go has a file in it that does not belong there: ${JSON.stringify(name.slice(0, 200))}.`)
    lines.push([name, `${sha256(content).digest('hex')}  ${name}\n`])
    if (UNNEEDED.test(path)) continue
    const to = join(dir, path)
    if (!folders.has(dirname(to))) mkdirSync(dirname(to), { recursive: true })
    folders.add(dirname(to))
    writeFileSync(to, content, { mode: PROGRAM.test(path) ? 0o755 : 0o644 })
  }
  lines.sort(([a], [b]) => (a < b ? -1 : 1))
  return `h1:${sha256(lines.map(([, line]) => line).join('')).digest('base64')}`
}

/** By the directory at its end (pkware.com, APPNOTE.TXT 4.3). A module's zip file has at most 500 MB, so that the wide forms never occur. */
function* entries(data) {
  const end = data.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  if (end < 0) throw new SumError('The downloaded Go is not whole: it is no zip file.')
  let at = data.readUInt32LE(end + 16)
  for (let left = data.readUInt16LE(end + 10); left > 0; left--) {
    const [method, packed, size] = [data.readUInt16LE(at + 10), data.readUInt32LE(at + 20), data.readUInt32LE(at + 24)]
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => data.readUInt16LE(at + offset))
    const local = data.readUInt32LE(at + 42)
    const start = local + 30 + data.readUInt16LE(local + 26) + data.readUInt16LE(local + 28)
    const raw = data.subarray(start, start + packed)
    const content = method === 0 ? raw : inflateRawSync(raw, { maxOutputLength: Math.max(size, 1) })
    yield { name: data.toString('utf8', at + 46, at + 46 + nameLength), content }
    at += 46 + nameLength + extra + comment
  }
}
