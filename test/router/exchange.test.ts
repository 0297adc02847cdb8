/** The moments that cannot be met from outside: a server closes a kept connection in the very tick in which it is used again. */

import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { Origins } from '../../src/router/embedded/origin.ts'
import { createProxy, defaultLimits } from '../../src/router/embedded/proxy.ts'
import { compile, type Table } from '../../src/router/embedded/table.ts'
import { parseModel } from '../../src/router/model.ts'
import { renderRoutes } from '../../src/router/traefik.ts'
import { keepAliveAgent, send, table } from '../support/router.ts'

const closing: Array<() => unknown> = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A proxy in this process, so that server and proxy share one event loop and the order of system calls is ours. */
async function setUp() {
  const server: { sockets: Socket[]; requests: string[]; beforeUse: (() => void) | null } = {
    sockets: [],
    requests: [],
    beforeUse: null,
  }
  const upstream = createServer((socket) => {
    server.sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (data: Buffer) => {
      server.requests.push(data.toString('latin1').slice(0, 4).trim())
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const { port } = upstream.address() as AddressInfo
  const origins = new Origins(1_000)
  const routes: Table = compile([parseModel(renderRoutes(table('hello', [{ host: '127.0.0.1', port }])))], origins)
  const proxy = createProxy(
    () => {
      // The table is asked for right before the server is chosen and the request is written.
      server.beforeUse?.()
      return routes
    },
    defaultLimits,
    () => {},
  )
  await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve))
  const agent = keepAliveAgent(1)
  closing.push(
    () => agent.destroy(),
    () => proxy.stop(0),
    () => {
      for (const socket of server.sockets) socket.destroy()
      upstream.close()
    },
  )
  const listen = { host: '127.0.0.1', port: (proxy.server.address() as AddressInfo).port }
  return {
    server,
    origins,
    ask: (method: string, body?: string) =>
      send(listen, 'hello.test', '/', { method, agent, ...(body === undefined ? {} : { body }) }),
  }
}

test.each([
  ['GET', undefined],
  ['POST', undefined],
  ['POST', 'with content'],
  ['PATCH', 'with content'],
])('%s %s: the server closes the kept connection just before it is used, and the request is not lost', async (method, body) => {
  const { server, ask } = await setUp()
  for (let round = 1; round <= 20; round++) {
    expect((await ask('GET')).status).toBe(200)
    server.requests = []
    // close(2) is called here and now: the FIN is on its way before the request is written.
    server.beforeUse = () => server.sockets.at(-1)?.destroy()
    expect((await ask(method, body)).status).toBe(200)
    server.beforeUse = null
    expect(server.requests).toEqual([method.slice(0, 4)])
    expect(server.sockets).toHaveLength(round + 1)
  }
})

test('in flight is counted from the choice of the server to the end of its response', async () => {
  const { server, origins, ask } = await setUp()
  expect((await ask('GET')).status).toBe(200)
  expect(origins.inFlight()).toEqual({})
  server.sockets.at(-1)?.removeAllListeners('data')
  const waiting = ask('GET')
  await new Promise<void>((resolve) => server.sockets.at(-1)?.once('data', () => resolve()))
  expect(Object.values(origins.inFlight())).toEqual([1])
  server.sockets.at(-1)?.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  expect((await waiting).status).toBe(200)
  expect(origins.inFlight()).toEqual({})
})
