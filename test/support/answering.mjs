// An app for tests and benches: answers with who it is, and finishes what is under way when it is told to stop.
import { createServer } from 'node:http'

const { PORT, APP_NAME, RELEASE_VERSION, SOURCE_VERSION } = process.env
const TEXT = 'the first'

const server = createServer((request, response) => {
  const answer = () => response.end([APP_NAME, RELEASE_VERSION, SOURCE_VERSION, TEXT].join(' '))
  request.resume().on('end', () => (request.url === '/slow' ? setTimeout(answer, 150) : answer()))
})

server.listen(PORT)

process.once('SIGTERM', () => {
  server.close(() => process.exit(0))
  setInterval(() => server.closeIdleConnections(), 20)
})
