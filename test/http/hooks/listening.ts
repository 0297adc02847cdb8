/** The real server with /hooks on a real port, and nothing behind it but a list of what came in. */
import { mkdtemp, rm } from 'node:fs/promises'
import { type OutgoingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hookTarget } from '../../../src/config/hooks.ts'
import type { AppSpec, HooksSpec } from '../../../src/domain.ts'
import { createServer } from '../../../src/http/server.ts'
import { socketPath } from '../../../src/http/socket.ts'
import { MemoryControl } from '../../support/memory-control.ts'

export const SECRET = "what the forge's webhook is signed with"

export interface Answer {
  status: number
  headers: NodeJS.Dict<string | string[]>
  body: Record<string, unknown>
  ms: number
}

export interface Sent {
  method?: string
  path?: string
  headers?: OutgoingHttpHeaders
  body?: string | Buffer
  /** The address that it comes from. */
  from?: string
}

export const shop: AppSpec = {
  name: 'shop',
  repo: 'https://git.example.com/acme/shop.git',
  path: '',
  webhook: { secret: SECRET },
}

export async function listening(apps: AppSpec[] = [shop], more: Partial<HooksSpec> = {}) {
  const state = await mkdtemp(join(tmpdir(), 'trimtab-hooks-'))
  const platform = { apps, fleets: [], hooks: { bytes: 2 ** 20, perMinute: 100_000, ...more } as HooksSpec }
  const received: string[] = []
  const refused: string[] = []
  const server = await createServer({
    control: new MemoryControl(),
    socketPath: socketPath(state),
    listen: { host: '127.0.0.1', port: 0 },
    hooks: {
      find: (name) => hookTarget(platform, name),
      limits: () => platform.hooks,
      received: ({ apps: those }, { kind, from, name }) =>
        void received.push(`${kind} (${name} from ${from}) for ${those.map((app) => app.name).join(', ')}`),
      refused: (name, why) => void refused.push(`${name}: ${why}`),
    },
  })
  const port = server.address?.port ?? 0
  return {
    port,
    platform,
    received,
    refused,
    send: (sent: Sent) => send(port, sent),
    async close() {
      await server.close()
      await rm(state, { recursive: true, force: true })
    },
  }
}

export type Listening = Awaited<ReturnType<typeof listening>>

function send(port: number, { method = 'POST', path = '/hooks/shop', headers = {}, body, from }: Sent): Promise<Answer> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      method,
      path,
      headers,
      agent: false,
      ...(from !== undefined && { localAddress: from }),
    }
    const sent = request(options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece) => {
        text += piece
      })
      response.on('end', () => {
        const ms = performance.now() - began
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text === '' ? {} : JSON.parse(text), ms })
      })
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
