/** A real embedded router in a process of its own, servers behind it, and raw clients in front. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Listen, Route, RouteTable } from '../../src/domain.ts'
import type { Router } from '../../src/ports.ts'
import { createEmbeddedRouter, type EmbeddedRouterOptions } from '../../src/router/embedded/index.ts'
import { placeOf, readRecord } from '../../src/router/embedded/place.ts'
import { routerEntry } from './router-build.ts'

export interface RunningRouter {
  router: Router
  state: string
  listen: Listen
  pid(): number
  log(): string
  close(): Promise<void>
}

/** A router that serves, on a free port and in a state directory of its own. */
export async function startRouter(options: Partial<EmbeddedRouterOptions> = {}): Promise<RunningRouter> {
  const state = options.state ?? mkdtempSync(join(tmpdir(), 'trimtab-router-'))
  const listen = options.listen ?? { host: '127.0.0.1', port: await freePort() }
  const router = createEmbeddedRouter({ entry: routerEntry(), ...options, state, listen })
  await router.ensure().catch((error: unknown) => {
    if (!options.state) rmSync(state, { recursive: true, force: true })
    throw error
  })
  const pid = () => readRecord(placeOf(state))?.pid ?? 0
  return {
    router,
    state,
    listen,
    pid,
    log: () => readFileSync(placeOf(state).log, 'utf8'),
    async close() {
      const last = pid()
      await router.stop().catch(() => {})
      try {
        if (last) process.kill(last, 'SIGKILL')
      } catch {
        // It has ended, as it should.
      }
      rmSync(state, { recursive: true, force: true })
    },
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export interface Upstream {
  address: Listen
  server: Server
  /** Open connections to it. */
  connections: Set<Socket>
  /** Requests it has begun to handle. */
  seen: number
  close(): Promise<void>
}

/** An HTTP server as an app would be one. */
export async function startUpstream(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<Upstream> {
  const connections = new Set<Socket>()
  const server = createServer((incoming, response) => {
    upstream.seen++
    handler(incoming, response)
  })
  server.on('connection', (socket) => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const upstream: Upstream = {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    server,
    connections,
    seen: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
        for (const socket of connections) socket.destroy()
      }),
  }
  return upstream
}

/** A server of bare bytes: each connection is the test's to answer. */
export async function startBareUpstream(
  onConnection: (socket: Socket) => void,
): Promise<{ address: Listen; sockets: Socket[]; close(): Promise<void> }> {
  const sockets: Socket[] = []
  const server = createTcpServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of sockets) socket.destroy()
      server.close(() => resolve())
    })
  return { address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port }, sockets, close }
}

/** A table of one app with the same servers behind every route. */
export function table(app: string, servers: Listen[], ...routes: Array<Partial<Route>>): RouteTable {
  const filled = routes.length > 0 ? routes : [{}]
  return {
    app,
    routes: filled.map((route) => ({ host: `${app}.test`, path: '/', stripPrefix: false, process: 'web', ...route, servers })),
  }
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  rawHeaders: string[]
  trailers: NodeJS.Dict<string>
  body: string
}

/** One request through the router. */
export function send(
  listen: Listen,
  host: string,
  path = '/',
  options: RequestOptions & { body?: string | Buffer } = {},
): Promise<Answer> {
  const { body, ...rest } = options
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: listen.host, port: listen.port, path, agent: false, ...rest, headers: { host, ...rest.headers } },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            trailers: response.trailers,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        )
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** Sends bytes as they are and returns everything that comes back until the connection is closed. */
export function sendRaw(listen: Listen, bytes: string, halfClose = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(listen.port, listen.host)
    let answer = ''
    socket.on('data', (data: Buffer) => {
      answer += data.toString('latin1')
    })
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? undefined : reject(error),
    )
    socket.on('close', () => resolve(answer))
    socket.write(bytes, 'latin1')
    if (halfClose) socket.end()
  })
}

/** Resolves as soon as it is so. */
export async function until(condition: () => boolean | Promise<boolean>, what = 'the condition'): Promise<void> {
  const end = Date.now() + 15_000
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export function keepAliveAgent(connections = 20): Agent {
  return new Agent({ keepAlive: true, maxSockets: connections })
}
