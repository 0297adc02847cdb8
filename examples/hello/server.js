import { createServer } from 'node:http'

const { PORT = '3000', RELEASE_VERSION = 'v0', SOURCE_VERSION = 'unknown' } = process.env

const server = createServer((request, response) => {
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  if (request.url === '/healthz') return response.end('ok\n')
  response.end(`Hello from ${RELEASE_VERSION}, commit ${SOURCE_VERSION.slice(0, 12)}\n`)
})

server.listen(Number(PORT), () => console.log(`hello listens on port ${PORT}`))

// Asked to stop: take no new connection, finish what is under way, end kept-alive connections as they become idle.
process.once('SIGTERM', () => {
  server.close(() => process.exit(0))
  setInterval(() => server.closeIdleConnections(), 50)
})
