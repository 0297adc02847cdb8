/** The router's API on its unix socket: what is in force, what is in flight, "look again", "stop". */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { RawData } from '../confirm.ts'
import { listed } from './describe.ts'

export interface ApiParts {
  /** Who this is, for /api/version. */
  about: object
  /** What is in force, and a mark that changes whenever it does. */
  inForce(): { mark: string; data: Required<RawData> }
  refused(): Record<string, string>
  inFlight(): Record<string, number>
  /** Resolves when what is on disk now is in force. */
  reload(file: string | null): Promise<void>
  stop(limitMs: number): void
}

const stopMs = 10_000
/** As in Traefik (pkg/api/criterion.go). */
const perPage = 100

export function createApi(parts: ApiParts): Server {
  return createServer({ keepAliveTimeout: 5_000 }, (request, response) => {
    route(parts, request, response).catch((error: unknown) => send(response, 500, { message: String(error) }))
  })
}

async function route(parts: ApiParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://router')
  request.resume()
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /api/version':
      return send(response, 200, parts.about)
    case 'GET /api/inflight':
      return send(response, 200, parts.inFlight())
    case 'GET /api/refused':
      return send(response, 200, parts.refused())
    case 'GET /api/rawdata': {
      const { mark, data } = parts.inForce()
      response.setHeader('ETag', mark)
      if (request.headers['if-none-match'] === mark) return void response.writeHead(304).end()
      return send(response, 200, data)
    }
    case 'GET /api/http/routers':
      return page(response, url, listed('routers', parts.inForce().data.routers))
    case 'GET /api/http/services':
      return page(response, url, listed('services', parts.inForce().data.services))
    case 'POST /reload':
      await parts.reload(url.searchParams.get('file'))
      return send(response, 200, { mark: parts.inForce().mark })
    case 'POST /stop': {
      const limit = Number(url.searchParams.get('limit') ?? stopMs)
      send(response, 202, { stopping: true })
      return parts.stop(Number.isFinite(limit) && limit >= 0 ? limit : stopMs)
    }
    default:
      return send(response, 404, { message: 'not found' })
  }
}

function page(response: ServerResponse, url: URL, items: object[]): void {
  const number = Number(url.searchParams.get('page') ?? 1)
  const size = Number(url.searchParams.get('per_page') ?? perPage)
  const from = (number - 1) * size
  if (!(number >= 1) || !(size >= 1) || (from > 0 && from >= items.length))
    return send(response, 400, { message: 'invalid request: page or per_page' })
  response.setHeader('X-Next-Page', from + size < items.length ? number + 1 : 1)
  send(response, 200, items.slice(from, from + size))
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}
