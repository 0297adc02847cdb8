/** One request over the unix socket, and its failures in words a person can act on. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { dirname } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { type FailureCode, TrimtabError } from '../errors.ts'
import { assertPrivate, isOutsideState, socketPath } from './socket.ts'
import { FILE } from './wire.ts'

/** Nobody listens on the socket of this state. */
export class NotRunning extends TrimtabError {
  constructor(state: string, cause: unknown) {
    super('NotFound', `trimtab is not running on this state (${state}): start it with \`trimtab up\`.`, { cause })
  }
}

export interface Call {
  method: 'GET' | 'POST' | 'DELETE'
  /** With its query, below the host. */
  path: string
  body?: unknown
  /** In place of a body: a file, as it is read. */
  file?: Readable
  headers?: Record<string, string>
  signal?: AbortSignal
}

export type Answer = { response: IncomingMessage; upgraded: { socket: Duplex; head: Buffer } | null }

/** Resolves with the answer's head: a good one, or an upgraded connection. Everything else is thrown as a TrimtabError. */
export async function call(state: string, { method, path, body, file, headers = {}, signal }: Call): Promise<Answer> {
  const socket = socketPath(state)
  if (isOutsideState(socket)) checkFolder(state, dirname(socket))
  const text = body === undefined ? undefined : JSON.stringify(body)
  const answer = await new Promise<Answer>((resolve, reject) => {
    const request = httpRequest({
      socketPath: socket,
      method,
      path,
      headers: {
        host: 'trimtab',
        ...(file && { 'content-type': FILE }),
        ...(text !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      // One connection a request: a command asks once, and a kept one would delay its end.
      agent: false,
      ...(signal && { signal }),
    })
    request.once('response', (response) => resolve({ response, upgraded: null }))
    request.once('upgrade', (response, socket, head) => resolve({ response, upgraded: { socket, head } }))
    request.once('error', (error) => reject(explain(state, socket, error)))
    if (file === undefined) return void request.end(text)
    file.once('error', (error) => {
      request.destroy()
      reject(new TrimtabError('Usage', `It cannot be read to its end: ${error.message}`, { cause: error }))
    })
    file.pipe(request)
  })
  const status = answer.response.statusCode ?? 0
  if (status < 400) return answer
  throw failureOf(await readText(answer.response), status)
}

export async function readText(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8')
  let text = ''
  for await (const chunk of response) text += chunk
  return text
}

function explain(state: string, socket: string, error: NodeJS.ErrnoException): Error {
  if (error.name === 'AbortError') return error
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR') return new NotRunning(state, error)
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new TrimtabError(
      'Usage',
      `${socket} belongs to another user: run this command as the user that runs \`trimtab up\`.`,
      {
        cause: error,
      },
    )
  }
  return new TrimtabError('Internal', `The connection to trimtab broke (${error.message}). Is \`trimtab up\` still running?`, {
    retry: true,
    cause: error,
  })
}

function checkFolder(state: string, folder: string): void {
  try {
    assertPrivate(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new NotRunning(state, error)
    throw error
  }
}

function failureOf(text: string, status: number): TrimtabError {
  return failureIn(parse(text)) ?? new TrimtabError('Internal', `trimtab answered with status ${status}.`)
}

/** The failure in an answer or a line of a stream, if it is one. */
export function failureIn(value: unknown): TrimtabError | null {
  const error = (value as { error?: { code?: unknown; message?: unknown } } | null)?.error
  if (typeof error?.code !== 'string' || typeof error.message !== 'string') return null
  return new TrimtabError(error.code as FailureCode, error.message)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
