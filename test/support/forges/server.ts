/** The part of a forge that is HTTP: what comes in is kept, what goes out is JSON; trouble on demand. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ForgeState } from './state.ts'

export interface Recorded {
  method: string
  /** With the query. */
  url: string
  headers: IncomingHttpHeaders
  body: unknown
}

export interface Asked extends Recorded {
  /** Below the API, decoded. */
  parts: string[]
  query: URLSearchParams
  /** The body, if it is a JSON object; else null. */
  fields: Record<string, unknown> | null
}

export interface Answer {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

/** Answers the request itself and says so. */
export type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean

export interface ForgeServer {
  /** http://127.0.0.1:<port> */
  origin: string
  /** Every request so far, oldest first; empty it at will. */
  requests: Recorded[]
  /** The next `count` requests are answered with this status. Default: 503. */
  fail(count: number, status?: number): void
  /** The next `count` requests are refused as this forge does where there were too many, with so many seconds to wait. */
  limit(count: number, seconds: number): void
  /** null: nobody intercepts. */
  intercept(by: Intercept | null): void
  /** The largest page it gives; a small one makes short lists long. */
  pageSize: number
  close(): Promise<void>
}

/** What each forge says for itself. */
export abstract class Api {
  readonly state: ForgeState
  server: ForgeServer | undefined
  /** Where it begins: '/api/v1'. */
  abstract readonly base: string

  constructor(owner: string, name: string) {
    this.state = new ForgeState(owner, name)
  }

  abstract answer(asked: Asked): Answer

  /** How it says that there were too many requests, and for how long. */
  abstract limited(seconds: number): Answer
}

export async function serveForge(api: Api): Promise<ForgeServer> {
  const { base } = api
  const trouble: Answer[] = []
  let interceptor: Intercept | null = null
  const requests: Recorded[] = []
  const server = createServer(async (request, response) => {
    const text = await textOf(request)
    const { method = '', url = '', headers } = request
    const asked: Recorded = { method, url, headers, body: parsed(text) ?? text }
    requests.push(asked)
    if (interceptor?.(request, response)) return
    const { pathname, searchParams: query } = new URL(url, 'http://forge')
    if (!pathname.startsWith(`${base}/`)) return send(response, { status: 404, body: 'not found' })
    const parts = pathname
      .slice(base.length + 1)
      .split('/')
      .map(decodeURIComponent)
    const given = parsed(text)
    const fields = typeof given === 'object' && given !== null && !Array.isArray(given) ? (given as Asked['fields']) : null
    send(response, trouble.shift() ?? api.answer({ ...asked, parts, query, fields }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  api.server = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    pageSize: 100,
    fail: (count, status = 503) => {
      for (let i = 0; i < count; i++) trouble.push({ status, body: { message: 'Service unavailable' } })
    },
    limit: (count, seconds) => {
      for (let i = 0; i < count; i++) trouble.push(api.limited(seconds))
    },
    intercept: (by) => {
      interceptor = by
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return api.server
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  const type = typeof body === 'string' ? 'text/html' : 'application/json; charset=utf-8'
  response.writeHead(status, { 'content-type': type, ...headers })
  response.end(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body))
}
