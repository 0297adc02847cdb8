// Serves a folder of files on PORT: which, and by what rules, the app's static.json, _redirects and _headers say.
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { answerTo } from './static/answer.mjs'
import { Files } from './static/files.mjs'
import { sendFile, sendText } from './static/send.mjs'
import { loadSite } from './static/site.mjs'

const own = dirname(fileURLToPath(import.meta.url))
const { site, problems } = loadSite(dirname(own))
if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(1)
}
const files = new Files(site.root, join(own, 'packed'))

async function answer(request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return sendText(request, response, 405, 'Method not allowed', { allow: 'GET, HEAD' })
  const found = await answerTo(site, files, request.url)
  if (found.file !== undefined) return sendFile(files, request, response, found)
  if (found.location !== undefined) return sendText(request, response, found.status, 'Moved', { location: found.location })
  sendText(request, response, found.status, 'Not found')
}

let leaving = false

const server = createServer((request, response) => {
  response.once('close', () => leaving && setImmediate(() => server.closeIdleConnections?.()))
  answer(request, response).catch(() => {
    if (response.headersSent) response.destroy()
    else sendText(request, response, 500, 'Internal error')
  })
})
server.listen(Number(process.env.PORT ?? 5000), () => console.log(`serving ${site.root} on port ${server.address().port}`))

// What is under way is finished; kept-alive connections are closed as soon as they are idle.
process.once('SIGTERM', () => {
  leaving = true
  server.close(() => process.exit(0))
  server.closeIdleConnections?.()
})
