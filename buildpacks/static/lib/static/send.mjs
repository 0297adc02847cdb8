// Sending a file, or a word.
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { encodingOf, isUnchanged, rangeOf } from './conditions.mjs'
import { isCompressible, typeOf } from './types.mjs'

/** `headers`: in small letters; they win over those that are set here. */
export async function sendFile(files, request, response, { status, file, headers }) {
  const hash = await files.hash(file)
  const encodings = isCompressible(file.path) ? await files.encodings(file) : []
  // A part is one of the file as it is.
  const encoding = request.headers.range === undefined ? encodingOf(request.headers['accept-encoding'], encodings) : null
  const tag = encoding === null ? `"${hash}"` : `"${hash}-${encoding}"`
  const all = {
    'content-type': typeOf(file.path),
    'x-content-type-options': 'nosniff',
    ...(encodings.length > 0 && { vary: 'Accept-Encoding' }),
    ...(encoding !== null && { 'content-encoding': encoding }),
    ...(status === 200 && { etag: tag, 'last-modified': new Date(file.modified).toUTCString(), 'accept-ranges': 'bytes' }),
    ...headers,
  }
  if (status === 200 && isUnchanged(request.headers, tag, file.modified)) {
    const { 'content-type': _type, 'content-encoding': _encoding, ...rest } = all
    return void response.writeHead(304, rest).end()
  }
  const { path, size, body } = await files.copy(file, encoding)
  const range = status === 200 ? rangeOf(request.headers, size, tag, file.modified) : null
  if (range === 'none') {
    return void response.writeHead(416, { 'content-range': `bytes */${size}`, 'content-length': 0 }).end()
  }
  const { start, end } = range ?? { start: 0, end: size - 1 }
  if (range !== null) all['content-range'] = `bytes ${start}-${end}/${size}`
  response.writeHead(range === null ? status : 206, { ...all, 'content-length': end - start + 1 })
  if (request.method === 'HEAD' || size === 0) return void response.end()
  if (body !== undefined) return void response.end(range === null ? body : body.subarray(start, end + 1))
  pipeline(createReadStream(path, { start, end }), response, () => {})
}

export function sendText(request, response, status, text, headers = {}) {
  const body = `${text}\n`
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}
