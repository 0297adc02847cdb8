// What the checksum database has of a module's version, proven as the go command does it (go.dev/ref/mod#checksum-database):
// the record is in the tree (an inclusion proof, out of tiles), and the tree is signed with the database's key.
import { createHash, createPublicKey, verify } from 'node:crypto'
import { get, Missing, mirrors, Unreachable } from './proxy.mjs'

export class SumError extends Error {}

/** The key that is in every go command (cmd/go/internal/modfetch/key.go). */
const KEY = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8'
const KEYS = { 'sum.golang.org': KEY, 'sum.golang.google.cn': KEY }
/** Of an Ed25519 key in front of its bytes (RFC 8410). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()
const node = (left, right) => sha256(Buffer.from([1]), left, right)

/** `h1:…` as recorded; null where there is no database to ask. */
export function recordedHash(module, version) {
  const [word = '', address] = (process.env.GOSUMDB || 'sum.golang.org').trim().split(/\s+/)
  if (word === 'off') {
    process.stderr.write(' !     GOSUMDB is off: what was downloaded is not verified.\n')
    return null
  }
  // As in the go command: a folder of files may be all there is, where somebody tries out a toolchain of their own.
  if (/^file:[^,|]*$/.test(process.env.GOPROXY ?? '')) return null
  // A verifier key: name+hash+key (golang.org/x/mod/sumdb/note).
  const [, name, key] = /^([^+\s]+)\+[0-9a-f]{8}\+(\S+)$/.exec(KEYS[word] ?? word) ?? []
  if (key === undefined) throw new SumError(`GOSUMDB names a checksum database whose key is not known: ${word}.`)
  const database = opened(name, address ?? `https://${word.split('+')[0]}`)

  const answer = database(`lookup/${module}@${version}`).toString('utf8')
  const [, id, record, tree, size, hash] = /^(\d+)\n((?:.+\n)+)\n(go\.sum database tree\n(\d+)\n(\S+)\n)\n/.exec(answer) ?? []
  if (tree === undefined || !isSigned(answer, tree, name, key))
    throw new SumError(`The checksum database ${name} gave an answer that it has not signed.`)
  const root = rootWith(0, Number(size), Number(id), sha256(Buffer.from([0]), record), tiles(database, Number(size)))
  if (root.toString('base64') !== hash) throw new SumError(`The checksum database ${name} gave a record that is not in it.`)
  const line = record.split('\n').find((one) => one.startsWith(`${module} ${version} `))
  if (line === undefined)
    throw new SumError(`The checksum database ${name} answered about something else than ${module}@${version}.`)
  return line.split(' ')[2]
}

/** A server of GOPROXY that passes its questions on, or itself. */
function opened(name, address) {
  const through = mirrors().find((server) => {
    try {
      get(`${server}/sumdb/${name}/supported`)
      return true
    } catch (error) {
      if (error instanceof Missing || error instanceof Unreachable) return false
      throw error
    }
  })
  const base = through === undefined ? address.replace(/\/$/, '') : `${through}/sumdb/${name}`
  return (path) => get(`${base}/${path}`)
}

/** golang.org/x/mod/sumdb/note: `— name base64(four bytes of the key's hash, signature)`. */
function isSigned(answer, text, name, key) {
  const der = Buffer.concat([SPKI, Buffer.from(key, 'base64').subarray(1)])
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' })
  const lines = answer.slice(answer.indexOf(text) + text.length).split('\n')
  const signatures = lines.flatMap((line) => (line.startsWith(`— ${name} `) ? [line.split(' ')[2]] : []))
  return signatures.some((one) => verify(null, Buffer.from(text), publicKey, Buffer.from(one, 'base64').subarray(4)))
}

/** Hash of the records [from, to), of which one's hash is known and all others are the database's (RFC 6962, 2.1). */
function rootWith(from, to, id, leaf, stored) {
  const count = to - from
  const isInside = from <= id && id < to
  if (isInside && count === 1) return leaf
  const level = Math.log2(count)
  if (!isInside && Number.isInteger(level)) return stored(level, from / count)
  const half = 2 ** Math.ceil(level - 1)
  return node(rootWith(from, from + half, id, leaf, stored), rootWith(from + half, to, id, leaf, stored))
}

/** Stored hashes come 256 together, of every eighth level (research.swtch.com/tlog#tiling_a_log). */
function tiles(database, size) {
  const known = new Map()
  const read = (level, index) => {
    const width = Math.min(256, Math.floor(size / 256 ** level) - index * 256)
    const digits = String(index)
      .padStart(3 * Math.ceil(String(index).length / 3), '0')
      .match(/\d{3}/g)
    const path = `tile/8/${level}/${digits.map((three, at) => (at < digits.length - 1 ? `x${three}` : three)).join('/')}`
    if (!known.has(path)) known.set(path, database(width === 256 ? path : `${path}.p/${width}`))
    return known.get(path)
  }
  return (level, index) => {
    const within = 2 ** (level % 8)
    const first = index * within
    const tile = read(Math.floor(level / 8), Math.floor(first / 256))
    let hashes = Array.from({ length: within }, (_, at) =>
      tile.subarray(32 * ((first % 256) + at), 32 * ((first % 256) + at + 1)),
    )
    while (hashes.length > 1) hashes = hashes.flatMap((hash, at) => (at % 2 === 0 ? [node(hash, hashes[at + 1])] : []))
    return hashes[0]
  }
}
