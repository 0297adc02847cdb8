/** What a route of the API is made of: how it is described, and the three ways in which one answers. */
import type { Readable } from 'node:stream'
import type { Control } from '../ports.ts'
import type { JsonSchema } from './schemas.ts'

interface Description {
  method: 'GET' | 'POST' | 'DELETE'
  /** Below /api/v1, with `:name` for parameters. */
  path: string
  summary: string
  params?: JsonSchema
  query?: JsonSchema
  body?: JsonSchema
  /** Of the answer, or of each line of a stream. */
  answer: JsonSchema
}

/** Params, query and body, checked and merged. */
export type Input = Record<string, unknown>

export interface JsonRoute extends Description {
  kind: 'json'
  handle(control: Control, input: Input): Promise<unknown>
}

/** Answers one JSON value a line, as they come. `signal` ends when the client goes away or the server closes. */
export interface StreamRoute extends Description {
  kind: 'stream'
  /** Once begun it goes on to its end, with or without the client: half a `down` helps nobody. */
  unstoppable?: true
  stream(control: Control, input: Input, signal: AbortSignal): AsyncIterable<unknown>
}

/** Takes a file as its body, as it comes, and answers with JSON. */
export interface UploadRoute extends Description {
  kind: 'upload'
  upload(control: Control, input: Input, content: Readable): Promise<unknown>
}

export type ApiRoute = JsonRoute | StreamRoute | UploadRoute

/** The schemas above a handler are what makes its input type true. */
export function json<I>(route: Description & { handle: (control: Control, input: I) => Promise<unknown> }): ApiRoute {
  return { ...route, kind: 'json', handle: (control, input) => route.handle(control, input as I) }
}

export function stream<I>(
  route: Description & {
    unstoppable?: true
    stream: (control: Control, input: I, signal: AbortSignal) => AsyncIterable<unknown>
  },
): ApiRoute {
  return { ...route, kind: 'stream', stream: (control, input, signal) => route.stream(control, input as I, signal) }
}

export function upload<I>(
  route: Description & { upload: (control: Control, input: I, content: Readable) => Promise<unknown> },
): ApiRoute {
  return { ...route, kind: 'upload', upload: (control, input, content) => route.upload(control, input as I, content) }
}
