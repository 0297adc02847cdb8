/** A git server that knows nothing but how to be asked for refs, by protocol v2 (gitprotocol-v2(5)): as many repositories as a test likes. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface LsRefs {
  /** http://127.0.0.1:<port>, without a slash at the end; every path that ends in .git is a repository, with one commit on main. */
  url: string
  /** What every repository's main stands at. */
  commit: string
  /** 'POST /7.git/git-upload-pack', oldest first. */
  requests: string[]
  /** Connections accepted so far. */
  connections(): number
  /** The most that were open at a time. */
  peak(): number
  [Symbol.asyncDispose](): Promise<void>
}

const packet = (text: string) => `${(Buffer.byteLength(text) + 5).toString(16).padStart(4, '0')}${text}\n`
const CAPABILITIES = ['version 2', 'agent=test', 'ls-refs=unborn', 'fetch=shallow', 'object-format=sha1']
const ADVERTISED = [`${packet('# service=git-upload-pack')}0000`, ...CAPABILITIES.map(packet), '0000'].join('')

/** `intercept` answers a request itself, or never, and says so. */
export async function serveRefs(
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean = () => false,
): Promise<LsRefs> {
  let [connections, open, peak] = [0, 0, 0]
  const server = createServer((request, response) => {
    served.requests.push(`${request.method} ${request.url}`)
    request.resume()
    if (intercept(request, response)) return
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' }).end(ADVERTISED)
      return
    }
    const { commit } = served
    const answer = `${packet(`${commit} HEAD symref-target:refs/heads/main`)}${packet(`${commit} refs/heads/main`)}0000`
    response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' }).end(answer)
  })
  server.on('connection', (socket) => {
    connections++
    peak = Math.max(peak, ++open)
    socket.once('close', () => open--)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const served: LsRefs = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    commit: 'a'.repeat(40),
    requests: [],
    connections: () => connections,
    peak: () => peak,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return served
}
