import { rm } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import type { Listen } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { Control } from '../ports.ts'
import { bindPrivately } from './bind.ts'
import { failureAnswer } from './failure.ts'
import { type Hooks, serveHooks } from './hooks/hooks.ts'
import { openapi } from './openapi.ts'
import type { ApiRoute, Input, UploadRoute } from './route.ts'
import { routes } from './routes.ts'
import { serveRun } from './run.ts'
import { sendLines } from './stream.ts'
import { API, FILE } from './wire.ts'

export interface HttpServer {
  /** Ends every open stream and connection. An answer that still comes (of `down`, say) is given two seconds. */
  close(): Promise<void>
  /** Where the public listener answers, with the port the system chose for 0; null without one. */
  readonly address: Listen | null
}

export interface ServerOptions {
  control: Control
  /** From socketPath(). A stale one is replaced: the caller holds the lock on the state. */
  socketPath: string
  /** The public listener; null: none. */
  listen: Listen | null
  /** What comes in at /hooks there. Absent: nothing is taken. */
  hooks?: Hooks
  log?: (line: string) => void
}

/** Serves the whole API on the unix socket, for this user only, and what needs no login on `listen`. Resolves when both answer. */
export async function createServer(options: ServerOptions): Promise<HttpServer> {
  const closing = new AbortController()
  const api = apiServer(options, closing.signal)
  const open = publicServer(options.hooks)
  try {
    // The public one last: whoever waits for its /healthz finds the API there.
    await bindPrivately(options.socketPath, (path) => api.listen({ path }))
    if (options.listen !== null) await listenOn(open, options.listen)
  } catch (error) {
    await Promise.all([api.close(), open.close()])
    await rm(options.socketPath, { force: true })
    throw error
  }
  return {
    address: addressOf(open),
    async close() {
      closing.abort()
      await Promise.all([closeWithin(api, 2000), closeWithin(open, 2000)])
      await rm(options.socketPath, { force: true })
    },
  }
}

function apiServer({ control, log = () => {} }: ServerOptions, closing: AbortSignal): FastifyInstance {
  // Who may connect to the socket may take as long as a large file does.
  const app = base(log, 0)
  // As it comes: the handler has the say about its size.
  app.addContentTypeParser(FILE, (_request, payload, done) => done(null, payload))
  for (const route of routes) serve(app, route, control, closing)
  const page = openapi(routes, control.version().version)
  app.get(`${API}/openapi.json`, async () => page)
  app.get('/healthz', async () => ({ status: 'ok' }))

  const upgraded = new Set<Duplex>()
  app.server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    void serveRun(control, request, socket, head)
  })
  closing.addEventListener('abort', () => {
    for (const socket of upgraded) socket.destroy()
  })
  return app
}

function publicServer(hooks: Hooks | undefined): FastifyInstance {
  const app = base(() => {}, 30_000)
  app.get('/healthz', async () => ({ status: 'ok' }))
  if (hooks) serveHooks(app, hooks)
  return app
}

/** `requestTimeout`: from a request's first byte to its last, 0 for ever; answers may take as long as they like. */
function base(log: (line: string) => void, requestTimeout: number): FastifyInstance {
  const app = Fastify({
    bodyLimit: 64 * 1024,
    requestTimeout,
    // The default drops unknown fields silently; here they are a mistake to be told.
    ajv: { customOptions: { removeAdditional: false, allowUnionTypes: true } },
  })
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = failureAnswer(error)
    // What is away is told to whoever asks, and has its own line where it is noticed.
    if (status === 500) log(`${request.method} ${request.routeOptions.url ?? ''}: ${body.error.message}`)
    return reply.code(status).send(body)
  })
  app.setNotFoundHandler((request, reply) => {
    const { status, body } = failureAnswer(new TrimtabError('NotFound', `Nothing at ${request.method} ${request.url}.`))
    return reply.code(status).send(body)
  })
  return app
}

function serve(app: FastifyInstance, route: ApiRoute, control: Control, closing: AbortSignal): void {
  const { params, query, body } = route
  const schema = { ...(params && { params }), ...(query && { querystring: query }), ...(body && { body }) }
  app.route({
    method: route.method,
    url: `${API}${route.path}`,
    schema,
    handler: async (request, reply) => {
      if (route.kind === 'upload') return uploaded(route, control, asInput(request.query), request)
      const input: Input = { ...asInput(request.params), ...asInput(request.query), ...asInput(request.body) }
      if (route.kind === 'json') return route.handle(control, input)
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      const { unstoppable = false } = route
      const signal = unstoppable ? gone.signal : AbortSignal.any([gone.signal, closing])
      const items = route.stream(control, input, signal)
      // From here on every answer, of a failure too, is sendLines' business.
      reply.hijack()
      await sendLines(reply.raw, items, { signal, unstoppable })
    },
  })
}

/** What is refused half-way is read to its end all the same: a client that is still sending would not hear why. */
async function uploaded(route: UploadRoute, control: Control, input: Input, { raw, body }: FastifyRequest): Promise<unknown> {
  if (body !== raw) throw new TrimtabError('Usage', `A file is sent as ${FILE}.`)
  try {
    return await route.upload(control, input, raw)
  } catch (error) {
    raw.resume()
    throw error
  }
}

function asInput(part: unknown): Input {
  return typeof part === 'object' && part !== null ? { ...part } : {}
}

async function listenOn(app: FastifyInstance, { host, port }: Listen): Promise<void> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why = code === 'EADDRINUSE' ? 'another program has it' : String(error)
    throw new TrimtabError('ConfigInvalid', `Cannot listen on ${host}:${port}: ${why}. Set http.listen in platform.yaml.`, {
      cause: error,
    })
  }
}

function addressOf(app: FastifyInstance): Listen | null {
  const address = app.server.address()
  return address === null || typeof address === 'string' ? null : { host: address.address, port: address.port }
}

async function closeWithin(app: FastifyInstance, ms: number): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), ms)
  await app.close()
  clearTimeout(timer)
}
