/** One question to an instance: do you answer? */
import { type ClientRequest, request } from 'node:http'
import { connect } from 'node:net'
import type { Health, Listen } from '../domain.ts'

/**
 * Resolves true for a good answer within the health's timeout. With a path: GET must answer 2xx or 3xx. Without: any HTTP
 * answer will do, for only the app knows what its pages should say; an open port alone is no answer (a server may listen long
 * before its code is loaded, and a stopped process still has its backlog).
 */
export function probe(address: Listen, health: Health): Promise<boolean> {
  return new Promise((resolve) => {
    const { host, port } = address
    const socket = connect(port, host)
    let call: ClientRequest | undefined
    // One clock for the whole exchange: the socket's own timeout starts anew with every byte.
    const timer = setTimeout(() => settle(false), health.timeoutMs)
    const settle = (good: boolean) => {
      clearTimeout(timer)
      resolve(good)
      call?.destroy()
      socket.destroy()
    }
    socket.on('error', () => settle(false))
    // While an app starts nobody listens, and asking is a matter of finding that out cheaply.
    socket.once('connect', () => {
      call = request({
        createConnection: () => socket,
        method: health.path === undefined ? 'HEAD' : 'GET',
        path: health.path ?? '/',
        headers: { host: `${host}:${port}`, connection: 'close', 'user-agent': 'trimtab-probe' },
      })
      call.on('response', (response) => {
        const status = response.statusCode ?? 0
        response.resume()
        settle(health.path === undefined ? status > 0 : status >= 200 && status < 400)
      })
      call.on('error', () => settle(false))
      call.on('close', () => settle(false))
      call.end()
    })
  })
}
