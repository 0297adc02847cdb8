import { createServer } from 'node:http'

const { PORT = '3000', RELEASE_VERSION = 'v0' } = process.env

const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(`${JSON.stringify({ service: 'api', release: RELEASE_VERSION, path: request.url })}\n`)
})

server.listen(Number(PORT), () => console.log(`api listens on port ${PORT}`))

process.once('SIGTERM', () => {
  server.close(() => process.exit(0))
  setInterval(() => server.closeIdleConnections(), 50)
})
