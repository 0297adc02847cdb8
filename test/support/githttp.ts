/** A real git server over http: Node in front, `git http-backend` (CGI) behind. */
import { spawn } from 'node:child_process'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface GitHttp {
  /** http://127.0.0.1:<port>, without a slash at the end; `<url>/<path below root>` is a repository. */
  url: string
  /** Every request so far, oldest first; empty it at will. */
  requests: Array<{ method: string; url: string; authorization: string | undefined }>
  /** Connections accepted so far. */
  connections(): number
  close(): Promise<void>
}

export interface GitHttpOptions {
  /** Basic credentials that are asked for. Absent: everybody may read. */
  auth?: { username: string; password: string }
  /** Answers a request itself and says so; false: git answers. */
  intercept?: (request: IncomingMessage, response: ServerResponse) => boolean
  /** Never speak protocol v2, as old servers. */
  old?: boolean
  port?: number
  /** https, with this key and certificate (PEM). */
  tls?: { key: string; cert: string }
}

/** Serves all repositories below the folder `root`, on loopback. */
export async function startGitHttp(root: string, options: GitHttpOptions = {}): Promise<GitHttp> {
  const requests: GitHttp['requests'] = []
  let connections = 0
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    requests.push({ method: request.method ?? '', url: request.url ?? '', authorization: request.headers.authorization })
    if (options.intercept?.(request, response)) return
    if (options.auth && request.headers.authorization !== basic(options.auth)) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
      return
    }
    backend(root, request, response, options.old ?? false)
  }
  const server = options.tls ? createSecureServer(options.tls, listener) : createServer(listener)
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function basic({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function backend(root: string, request: IncomingMessage, response: ServerResponse, old: boolean): void {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const header = (name: string) => String(request.headers[name] ?? '')
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: header('content-type'),
      ...(request.headers['content-length'] ? { CONTENT_LENGTH: header('content-length') } : {}),
      ...(request.headers['content-encoding'] ? { HTTP_CONTENT_ENCODING: header('content-encoding') } : {}),
      ...(old ? {} : { GIT_PROTOCOL: header('git-protocol') }),
      REMOTE_ADDR: '127.0.0.1',
      SERVER_PROTOCOL: 'HTTP/1.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.on('error', () => {})
  request.pipe(child.stdin)
  let head = Buffer.alloc(0)
  let answered = false
  child.stdout.on('data', (chunk: Buffer) => {
    if (answered) {
      response.write(chunk)
      return
    }
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    answered = true
    let status = 200
    for (const line of head.toString('latin1', 0, end).split('\r\n')) {
      const [name = '', value = ''] = line.split(/: (.*)/s)
      if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10)
      else response.setHeader(name, value)
    }
    response.writeHead(status)
    response.write(head.subarray(end + 4))
  })
  child.on('close', () => {
    if (!answered) response.writeHead(500)
    response.end()
  })
}
