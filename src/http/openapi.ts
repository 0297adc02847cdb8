import type { ApiRoute } from './route.ts'
import { failure, type JsonSchema, oneApp } from './schemas.ts'
import { API, FILE, RUN_PROTOCOL } from './wire.ts'

const named = (path: string) => `${API}${path}`.replace(/:(\w+)/g, '{$1}')

function parameters(schema: JsonSchema | undefined, place: 'path' | 'query'): object[] {
  return Object.entries(schema?.properties ?? {}).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || (schema?.required?.includes(name) ?? false),
    schema: property,
  }))
}

function operation(route: ApiRoute): object {
  const type = route.kind === 'stream' ? 'application/x-ndjson' : 'application/json'
  return {
    summary: route.summary,
    parameters: [...parameters(route.params, 'path'), ...parameters(route.query, 'query')],
    ...(route.kind === 'upload' && {
      requestBody: { required: true, content: { [FILE]: { schema: { type: 'string', format: 'binary' } } } },
    }),
    ...(route.body && { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    responses: {
      200: {
        description: route.kind === 'stream' ? 'One JSON value a line; a failure on the way is the last line' : 'Done',
        content: { [type]: { schema: route.answer } },
      },
      default: { description: 'A failure', content: { 'application/json': { schema: failure } } },
    },
  }
}

/** `run` is an upgraded connection, which OpenAPI can only describe in words. */
const RUN = {
  get: {
    summary: 'Runs a one-off command in the current release',
    description:
      `Needs the headers \`Connection: Upgrade\` and \`Upgrade: ${RUN_PROTOCOL}\`. After status 101 both sides speak frames: ` +
      'one type byte, four bytes of length (big endian), the payload. See src/http/frames.ts.',
    parameters: parameters(oneApp, 'path'),
    responses: { 101: { description: 'Frames follow' }, default: { description: 'A failure' } },
  },
}

/** The API's description for other programs, made from the same table and schemas that serve it. */
export function openapi(routes: readonly ApiRoute[], version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    const path = named(route.path)
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) }
  }
  paths[named('/apps/:app/run')] = RUN
  return {
    openapi: '3.1.0',
    info: { title: 'trimtab', version, description: 'Spoken over the unix socket in the state directory.' },
    paths,
  }
}
