/** Requests at /hooks as somebody makes them who means no good, or whose program is broken. The same seed makes the same requests. */
import { connect } from 'node:net'
import { hex, signers } from '../http/hooks/delivery.ts'

export interface Fuzzed {
  bytes: Buffer
  /** Nothing more comes although the head promises more. */
  isCut: boolean
}

const METHODS = ['GET', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'CONNECT', 'TRACE', 'PROPFIND', 'post', 'BREW', '', '\0']
const PATHS = [
  '',
  '/',
  '/hooks',
  '/hooks/',
  '/hooks//',
  '/hooks/../healthz',
  '/hooks/%2e%2e/x',
  '/hooks/%',
  '/hooks/%ff%fe',
  '/hooks/shop?x=1',
  '/hooks/shop/',
  '/hooks/SHOP',
  '/hooks/__proto__',
  '/hooks/constructor',
  '*',
  'http://x/hooks/shop',
  '/hooks/shop#f',
]
const TYPES = [
  'application/json',
  'application/json; charset=utf-16',
  'application/x-www-form-urlencoded',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/json\tx',
  '',
  ';;;',
]
const EVENTS = ['push', 'ping', 'pull_request', 'delete', 'Push Hook', 'repo:push', 'x'.repeat(3000), '\u00ff', '%00', '../..']
const NAMES = [
  'x-hub-signature',
  'x-hub-signature-256',
  'x-gitea-signature',
  'x-forgejo-signature',
  'x-gogs-signature',
  'x-gitlab-token',
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  'x-trimtab-signature-256',
  'x-github-event',
  'x-gitea-event',
  'x-gitlab-event',
  'x-event-key',
  'x-trimtab-event',
  'x-forwarded-for',
  'content-encoding',
  'expect',
  'upgrade',
  'connection',
  'transfer-encoding',
  'content-length',
  'trailer',
  'te',
  'cookie',
]

/** Mulberry32: small, and the same everywhere. */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export function fuzzed(random: () => number, secret: string, limit: number): Fuzzed {
  const one = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T
  const chance = (p: number) => random() < p
  const junk = (length: number) => Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)))
  if (chance(0.15)) return { bytes: broken(one, junk, random), isCut: true }

  const body = bodyOf(random, limit, junk)
  const text = body.toString('latin1')
  const lines = [
    `${chance(0.8) ? 'POST' : one(METHODS)} ${chance(0.8) ? '/hooks/shop' : one(PATHS)} HTTP/1.${chance(0.95) ? 1 : one([0, 7])}`,
  ]
  if (!chance(0.03)) lines.push('host: localhost')
  lines.push(`content-type: ${chance(0.7) ? 'application/json' : one(TYPES)}`)
  // Some of them are signed as they should be: whoever is let in may send junk as well.
  if (chance(0.4))
    for (const [name, value] of Object.entries(signers[one(Object.keys(signers))]?.(secret, text) ?? {}))
      lines.push(`${name}: ${value}`)
  if (chance(0.3)) lines.push(`x-trimtab-signature-256: sha256=${hex(secret, text)}`)
  if (chance(0.5)) lines.push(`${one(['x-github-event', 'x-gitea-event', 'x-gitlab-event', 'x-event-key'])}: ${one(EVENTS)}`)
  while (chance(0.2))
    lines.push(
      `${one(NAMES)}: ${
        chance(0.5)
          ? junk(20)
              .toString('latin1')
              .replace(/[\r\n\0]/g, '')
          : one(['', '0', '-1', '1e9', 'gzip', 'chunked', '100-continue', 'close', 'a'.repeat(5000), '1'.repeat(400)])
      }`,
    )
  const isCut = chance(0.1)
  if (chance(0.25)) {
    lines.push('transfer-encoding: chunked')
    const half = Math.floor(body.length / 2)
    const chunks = [body.subarray(0, half), body.subarray(half)].map((piece) =>
      Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
    )
    const end = chance(0.8) ? '0\r\n\r\n' : one(['', '0\r\n', 'zz\r\n', '-1\r\n\r\n', `${'f'.repeat(30)}\r\n`])
    return {
      bytes: Buffer.concat([head(lines), ...chunks.filter((chunk) => chunk.length > 5), Buffer.from(end)]),
      isCut: isCut || end !== '0\r\n\r\n',
    }
  }
  lines.push(
    `content-length: ${chance(0.9) ? body.length : one([body.length + 10, 2 ** 40, -1, 'x', `${body.length}, ${body.length}`])}`,
  )
  const bytes = Buffer.concat([head(lines), body])
  return { bytes: isCut ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes, isCut: true }
}

const head = (lines: string[]) => Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')

function bodyOf(random: () => number, limit: number, junk: (length: number) => Buffer): Buffer {
  const kind = Math.floor(random() * 8)
  if (kind === 0) return Buffer.alloc(0)
  if (kind === 1) return junk(Math.floor(random() * 300))
  if (kind === 2) return Buffer.alloc(limit + Math.floor(random() * 3) - 1, '[')
  if (kind === 3) return Buffer.from('{"a":'.repeat(Math.floor(random() * 500)))
  if (kind === 4) return Buffer.from(`{"ref":"refs/heads/${'x'.repeat(Math.floor(random() * 3000))}"}`)
  if (kind === 5) return Buffer.from('{"__proto__":{"polluted":true},"constructor":{"prototype":{}},"ref":null}')
  if (kind === 6) return Buffer.from(`payload=${'%'.repeat(Math.floor(random() * 500))}`)
  return Buffer.from('{"ref":"refs/heads/main","repository":{"clone_url":"file:///etc/passwd"}}')
}

/** Hardly HTTP. */
function broken(one: <T>(of: readonly T[]) => T, junk: (length: number) => Buffer, random: () => number): Buffer {
  const post = 'POST /hooks/shop HTTP/1.1\r\n'
  return Buffer.from(
    one<() => Buffer | string>([
      () => junk(Math.floor(random() * 500)),
      () => `${post}host: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`,
      () => `${post}${'x-a: 1\r\n'.repeat(3_000)}\r\n`,
      () => `${post}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nPOST /x HTTP/1.1\r\n\r\n`,
      () => `${post}content-length: 5\r\ncontent-length: 6\r\n\r\nhello!`,
      () => `${post}: no name\r\n\r\n`,
      () => `${post}host: x\r\n folded: yes\r\n\r\n`,
      () => post.slice(0, Math.floor(random() * post.length)),
      () => `${post}host: x\n\n`,
      () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      () => '',
      () => `POST /hooks/${'a'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
      () => `${post}host: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n`,
    ])(),
  )
}

/** Sends it over a connection of its own, and ends that; gives the statuses that were answered. */
export function fire(port: number, { bytes }: Fuzzed): Promise<number[]> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let heard = ''
    socket.setEncoding('latin1').on('data', (piece: string) => {
      heard += piece
    })
    socket.on('error', () => {})
    socket.once('close', () => resolve([...heard.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status))))
    socket.end(bytes)
  })
}
