/**
 * `git http-backend` behind Node's http, in a process of its own: fork() it with the folder of repositories; it answers with its port.
 * `/<number>/` in front of a path is another repository with the same content, as many as are asked for. It never changes: the same
 * question has the same answer, so that what is measured beside it is not in want of a processor. `/dead/` never answers.
 */
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'

const root = process.argv[2]
/** By the whole question: { status, headers, body }. */
const answers = new Map()

const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', async () => {
    if (request.url.startsWith('/dead/')) return
    const body = Buffer.concat(chunks)
    const url = request.url.replace(/^\/\d+\//, '/')
    const answer = await (url === request.url ? backend(request, url, body) : remembered(request, url, body))
    response.writeHead(answer.status, answer.headers).end(answer.body)
  })
})

function remembered(request, url, body) {
  const key = [request.method, url, request.headers['git-protocol'], body.toString('latin1')].join('\n')
  const known = answers.get(key) ?? backend(request, url, body)
  answers.set(key, known)
  return known
}

function backend({ method, headers }, path, body) {
  const url = new URL(path, 'http://localhost')
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: method,
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: headers['content-type'] ?? '',
      CONTENT_LENGTH: String(body.length),
      ...(headers['content-encoding'] && { HTTP_CONTENT_ENCODING: headers['content-encoding'] }),
      GIT_PROTOCOL: headers['git-protocol'] ?? '',
      REMOTE_ADDR: '127.0.0.1',
      SERVER_PROTOCOL: 'HTTP/1.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  // git may know enough before it has read all of it.
  child.stdin.on('error', () => {})
  child.stdin.end(body)
  const chunks = []
  child.stdout.on('data', (chunk) => chunks.push(chunk))
  return new Promise((resolve) => {
    child.once('close', () => {
      const answer = Buffer.concat(chunks)
      const end = answer.indexOf('\r\n\r\n')
      const lines = answer.toString('latin1', 0, end).split('\r\n')
      const { Status = '200', ...rest } = Object.fromEntries(lines.map((line) => line.split(': ')))
      resolve({ status: Number.parseInt(Status, 10), headers: rest, body: answer.subarray(end + 4) })
    })
  })
}

server.listen(0, '127.0.0.1', () => process.send(server.address().port))
process.on('disconnect', () => process.exit(0))
