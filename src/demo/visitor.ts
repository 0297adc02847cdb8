/** Somebody who uses the app all the while: a request every few milliseconds, and every answer counted. */
import { Agent, get } from 'node:http'

const EVERY_MS = 5

export interface Visitor {
  /** Answers with status 200, and everything else. */
  counts(): { answered: number; lost: number }
  stop(): Promise<void>
}

export function visit(url: URL): Visitor {
  const agent = new Agent({ keepAlive: true })
  let answered = 0
  let lost = 0
  const open = new Set<Promise<void>>()
  const timer = setInterval(() => {
    const request = ask(url, agent).then(
      ({ status }) => void (status === 200 ? answered++ : lost++),
      () => void lost++,
    )
    open.add(request)
    void request.then(() => open.delete(request))
  }, EVERY_MS)
  return {
    counts: () => ({ answered, lost }),
    async stop() {
      clearInterval(timer)
      await Promise.all(open)
      agent.destroy()
    },
  }
}

/** One request through the router. The name is told in the header, so that no resolver has to know it. */
export function ask(url: URL, agent?: Agent): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: url.port,
      path: url.pathname,
      headers: { host: url.host },
      ...(agent && { agent }),
    }
    get(options, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      response.on('error', reject)
    }).on('error', reject)
  })
}
