import { randomUUID } from 'node:crypto'
import { performServerHandshake, type ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { type Engine, Refusal, translated } from '../../../engine/engine.ts'
import { TrimtabError } from '../../../errors.ts'
import { field, textOf } from './protobuf.ts'

/** What BuildKit may ask of whoever has it build. */
export interface Answers {
  /** What is mounted under this id; null: there is no such secret. */
  secret(id: string): string | null
  /** For the registry of an image that a Dockerfile begins from; null: none. */
  credentials(host: string): { username: string; password: string } | null
}

export interface BuildKitSession {
  /** For the request that begins the build. */
  id: string
  end(): void
}

/** The methods that we have, by path (github.com/moby/buildkit, session/secrets/secrets.proto and session/auth/auth.proto). */
const METHODS: Record<string, (asked: Buffer, answers: Answers) => Buffer | null> = {
  '/moby.buildkit.secrets.v1.Secrets/GetSecret'(asked, answers) {
    const value = answers.secret(textOf(asked, 1))
    return value === null ? null : field(1, value)
  },
  '/moby.filesync.v1.Auth/Credentials'(asked, answers) {
    const found = answers.credentials(textOf(asked, 1))
    return found === null ? Buffer.alloc(0) : Buffer.concat([field(1, found.username), field(2, found.password)])
  },
  // 1: SERVING (github.com/grpc/grpc, health/v1/health.proto).
  '/grpc.health.v1.Health/Check': () => Buffer.from([1 << 3, 1]),
}

/** gRPC's own codes. */
const OK = '0'
const NOT_FOUND = '5'
const UNIMPLEMENTED = '12'

/**
 * The connection on which BuildKit, in the engine, asks for secrets while it builds: HTTP/2 and gRPC with us as the server, on a
 * request that was upgraded. So a secret passes through memory alone: there is no file of it, and no command that names it.
 */
export async function openSession(engine: Engine, answers: Answers): Promise<BuildKitSession> {
  const id = randomUUID()
  const socket = await upgraded(engine, id)
  const server = performServerHandshake(socket)
  server.on('error', () => {}) // the engine has gone; the build tells
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    void serve(stream, String(headers[':path']), answers)
  })
  return {
    id,
    end() {
      server.destroy()
      socket.destroy()
    },
  }
}

async function serve(stream: ServerHttp2Stream, path: string, answers: Answers): Promise<void> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of stream) chunks.push(chunk as Buffer)
  } catch {
    return // broken off
  }
  const method = METHODS[path]
  // A message of gRPC's: a byte that says whether it is compressed, four of length.
  const answer = method?.(Buffer.concat(chunks).subarray(5), answers) ?? null
  const status = answer !== null ? OK : method ? NOT_FOUND : UNIMPLEMENTED
  if (stream.destroyed) return
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }))
  if (answer === null) return void stream.end()
  const head = Buffer.alloc(5)
  head.writeUInt32BE(answer.length, 1)
  stream.end(Buffer.concat([head, answer]))
}

async function upgraded(engine: Engine, id: string): Promise<Duplex> {
  const request = {
    method: 'POST',
    path: '/session',
    hijack: true,
    headers: {
      Upgrade: 'h2c',
      'X-Docker-Expose-Session-Uuid': id,
      'X-Docker-Expose-Session-Name': 'trimtab',
      'X-Docker-Expose-Session-Grpc-Method': Object.keys(METHODS),
    },
    statusCodes: { 200: true },
  }
  try {
    return await new Promise<Duplex>((resolve, reject) => {
      engine.docker.modem.dial(request, (error, socket) => (error ? reject(error) : resolve(socket as Duplex)))
    })
  } catch (thrown) {
    const error = translated(thrown, engine.socket)
    if (!(error instanceof Refusal)) throw error
    const message = `This engine has no BuildKit, which secrets and RUN --mount need: ${error.message}`
    throw new TrimtabError('BuildFailed', message, { cause: error })
  }
}
