import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const { PORT = '3000', GREETING_FILE = 'rendered.txt', GREETING_STATUS = '200' } = process.env
const greeting = readFileSync(GREETING_FILE)

const server = createServer((request, response) => {
  response.writeHead(Number(GREETING_STATUS), { 'content-type': 'text/plain; charset=utf-8' })
  response.end(greeting)
})

server.listen(Number(PORT), () => console.log(`own-buildpack listens on port ${PORT}`))

process.once('SIGTERM', () => {
  server.close(() => process.exit(0))
  setInterval(() => server.closeIdleConnections(), 50)
})
