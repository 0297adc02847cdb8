import { createServer } from 'node:http'

const { PORT = '3000', RELEASE_VERSION = 'v0', SOURCE_VERSION = 'unknown' } = process.env

const server = createServer((request, response) => {
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.end(`web of ${RELEASE_VERSION}, commit ${SOURCE_VERSION.slice(0, 12)}; the worker's ticks are in its log\n`)
})

server.listen(Number(PORT), () => console.log(`web listens on port ${PORT}`))

process.once('SIGTERM', () => {
  server.close(() => process.exit(0))
  setInterval(() => server.closeIdleConnections(), 50)
})
