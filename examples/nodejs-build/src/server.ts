import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { marked } from 'marked'

const release: string = process.env.RELEASE_VERSION ?? 'no release'

createServer(async ({ url = '/' }, response) => {
  if (url === '/healthz') return response.end('ok\n')
  const name = url === '/' ? 'index' : url.slice(1)
  const page = /^[a-z]+$/.test(name) ? await readFile(`pages/${name}.md`, 'utf8').catch(() => null) : null
  response.writeHead(page === null ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' })
  response.end(await marked(page?.replace('{release}', release) ?? '# There is no such page'))
}).listen(process.env.PORT)
