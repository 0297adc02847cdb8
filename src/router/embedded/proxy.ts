/** The public side: accepts clients, guards against what is no honest request, and starts an exchange for each. */
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Content } from './content.ts'
import { Exchange, type ExchangeSettings } from './exchange.ts'
import { answer, rawPage } from './pages.ts'
import { type Request, readRequest } from './request.ts'
import type { Table } from './table.ts'
import { upgradeOf } from './upgrade.ts'

export interface Limits {
  headBytes: number
  urlBytes: number
  /** From a connection's first byte to the end of a request's head. */
  headMs: number
  contentIdleMs: number
  /** Until a connection to a server is made. */
  connectMs: number
  /** How long a client's connection is kept between two requests. Traefik keeps it for 180 s too. */
  keepAliveMs: number
}

export const defaultLimits: Limits = {
  headBytes: 32 * 1024,
  urlBytes: 16 * 1024,
  headMs: 15_000,
  contentIdleMs: 60_000,
  connectMs: 5_000,
  keepAliveMs: 180_000,
}

export interface Proxy {
  server: Server
  /** Stops accepting; resolves when nothing is in flight, or after `limitMs`, when what is left is cut off. */
  stop(limitMs: number): Promise<void>
}

/** `table()`: what is in force now; null while the routes could not be read even once. */
export function createProxy(table: () => Table | null, limits: Limits, log: (topic: string, message: string) => void): Proxy {
  const settings: ExchangeSettings = { contentIdleMs: limits.contentIdleMs, log }
  const addresses = new WeakMap<object, string>()
  const upgraded = new Set<Socket>()
  let stopping = false

  const server = createServer({
    maxHeaderSize: limits.headBytes,
    headersTimeout: limits.headMs,
    // No limit on the whole: uploads may be long. Silence within one is limited by the exchange.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(5_000, limits.headMs),
    insecureHTTPParser: false,
    requireHostHeader: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  })
  // Node drops fields above this number without a word; maxHeaderSize bounds them already.
  server.maxHeadersCount = 0

  const handle = (incoming: IncomingMessage, response: ServerResponse, upgrade: Socket | null, head: Buffer): void => {
    response.on('error', () => {})
    if (stopping) response.shouldKeepAlive = false
    const request = readRequest(incoming as IncomingMessage & { method: string; url: string }, limits.urlBytes)
    if (typeof request === 'number') return answer(response, plain, request, true)
    const routes = table()
    if (!routes) return answer(response, request, 503, false)
    const entry = routes.find(request.target.host, request.target.path)
    if (!entry) return answer(response, request, 404, false)
    const client = addressOf(incoming.socket)
    const { content, upgrading } = upgrade
      ? upgradeOf(request, incoming, response, upgrade, head, upgraded)
      : { content: incoming, upgrading: null }
    const parts = { incoming, content: new Content(request, incoming, content), response, client, upgrading }
    new Exchange(settings, request, entry, parts).start()
  }

  const addressOf = (socket: Socket): string => {
    const known = addresses.get(socket)
    if (known !== undefined) return known
    const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '').replace(/%.*$/, '')
    addresses.set(socket, address)
    return address
  }

  server.on('request', (incoming, response) => handle(incoming, response, null, none))
  // Node would answer "100 Continue" by itself; here the app is asked.
  server.on('checkContinue', (incoming, response) => handle(incoming, response, null, none))
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const client = socket as Socket
    client.on('error', () => {})
    const response = new ServerResponse(incoming)
    response.assignSocket(client)
    response.shouldKeepAlive = false
    response.on('finish', () => client.destroySoon())
    handle(incoming, response, client, head)
  })
  server.on('connect', (_incoming, socket) => void socket.end(rawPage(405)))
  server.on('clientError', (error: NodeJS.ErrnoException & { bytesParsed?: number }, socket) => {
    const client = socket as Socket & { _httpMessage?: ServerResponse | null }
    // A connection that was opened and never used, and one that was reset: there is nobody to tell.
    const silent = error.code === 'ECONNRESET' || client.bytesRead === 0 || !client.writable
    // An answer that has begun must not be continued with another.
    if (silent || client._httpMessage?.headersSent) client.destroy()
    else client.end(rawPage(statusOf(error.code)), () => client.destroy())
  })

  const stop = async (limitMs: number): Promise<void> => {
    stopping = true
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeIdleConnections()
    const idle = setInterval(() => server.closeIdleConnections(), 50)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs)
    })
    const tunnels = Promise.all([...upgraded].map((socket) => new Promise((resolve) => socket.once('close', resolve))))
    await Promise.race([Promise.all([closed, tunnels]), late])
    clearInterval(idle)
    clearTimeout(timer)
    for (const socket of upgraded) socket.destroy()
    server.closeAllConnections()
  }

  return { server, stop }
}

const none = Buffer.alloc(0)
const plain: Pick<Request, 'acceptsHtml'> = { acceptsHtml: false }

function statusOf(code: string | undefined): number {
  if (code === 'HPE_HEADER_OVERFLOW') return 431
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408
  return 400
}
