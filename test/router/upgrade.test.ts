import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import {
  type RunningRouter,
  send,
  sendRaw,
  startBareUpstream,
  startRouter,
  startUpstream,
  table,
  until,
} from '../support/router.ts'

let running: RunningRouter
const closing: Array<() => unknown> = []

beforeAll(async () => {
  running = await startRouter()
})
afterAll(() => running.close())
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  for (const app of await running.router.apps()) await running.router.remove(app)
})

async function chat() {
  const upstream = await startUpstream((_request, response) => response.end('plain'))
  const sockets = new WebSocketServer({ server: upstream.server })
  sockets.on('connection', (socket, request) => {
    socket.send(JSON.stringify({ url: request.url, headers: request.headers }))
    socket.on('message', (data, binary) => socket.send(data, { binary }))
  })
  closing.push(() => sockets.close(), upstream.close)
  return upstream
}

function open(path = '/', protocol?: string): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${running.listen.port}${path}`, protocol, { headers: { host: 'chat.test' } })
  socket.on('error', () => {})
  closing.push(() => socket.terminate())
  return socket
}

const message = async (socket: WebSocket) => String((await once(socket, 'message'))[0])

test('a WebSocket works through the router, counts as in flight, and goes on after its server has left the routes', async () => {
  const { router } = running
  const { address } = await chat()
  await router.write(table('chat', [address], { path: '/live', stripPrefix: true }))
  const socket = open('/live/room?a=1')
  const first = JSON.parse(await message(socket))
  expect(first).toMatchObject({
    url: '/room?a=1',
    headers: { host: 'chat.test', 'x-forwarded-for': '127.0.0.1', 'x-forwarded-prefix': '/live', upgrade: 'websocket' },
  })
  expect(await router.inFlight(address)).toBe(1)

  await router.write(table('chat', []))
  expect(await router.serves('chat', table('chat', []))).toBe(true)
  const large = 'x'.repeat(3_000_000)
  socket.send(large)
  expect(await message(socket)).toBe(large)
  expect(await router.inFlight(address)).toBe(1)
  socket.close()
  await once(socket, 'close')
  await until(async () => (await router.inFlight(address)) === 0)
})

test('each side that leaves takes the other with it', async () => {
  const { router } = running
  const { address, connections } = await chat()
  await router.write(table('chat', [address]))
  const one = open()
  await message(one)
  one.terminate()
  await until(() => connections.size === 0, 'the server to see its client leave')
  const two = open()
  await message(two)
  const closed = once(two, 'close')
  for (const connection of connections) connection.destroy()
  await closed
  await until(async () => (await router.inFlight(address)) === 0)
})

test('a refusal of the upgrade is an ordinary answer; no server is 503, none that listens 502', async () => {
  const { router, listen } = running
  const refusing = await startUpstream(() => {})
  refusing.server.on('upgrade', (_request, socket) =>
    socket.end('HTTP/1.1 401 Unauthorized\r\nX-Why: no\r\nContent-Length: 2\r\n\r\nno'),
  )
  closing.push(refusing.close)
  const refusal = async () => {
    const [, response] = await once(open(), 'unexpected-response')
    return response.statusCode
  }
  await router.write(table('chat', [refusing.address]))
  expect(await refusal()).toBe(401)
  expect(await router.inFlight(refusing.address)).toBe(0)
  await router.write(table('chat', []))
  expect(await refusal()).toBe(503)
  await refusing.close()
  await router.write(table('chat', [refusing.address]))
  expect(await refusal()).toBe(502)
  expect((await send(listen, 'chat.test')).status).toBe(502)
})

test('a client that leaves while its upgrade waits is noticed', async () => {
  const { router, listen } = running
  const silent = await startBareUpstream(() => {})
  closing.push(silent.close)
  await router.write(table('chat', [silent.address]))
  const socket = connect(listen.port, listen.host)
  socket.write('GET / HTTP/1.1\r\nHost: chat.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await until(async () => (await router.inFlight(silent.address)) === 1)
  socket.destroy()
  await until(async () => (await router.inFlight(silent.address)) === 0)
})

test('h2c is not passed on: the request is a plain one, with its content (Java sends these)', async () => {
  const { router, listen } = running
  const upstream = await startUpstream((request, response) => {
    let body = ''
    request.on('data', (data) => {
      body += data
    })
    request.on('end', () =>
      response.end(
        JSON.stringify({ upgrade: request.headers.upgrade ?? null, settings: request.headers['http2-settings'] ?? null, body }),
      ),
    )
  })
  closing.push(upstream.close)
  await router.write(table('chat', [upstream.address]))
  const head = (rest: string) =>
    `POST / HTTP/1.1\r\nHost: chat.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n${rest}`
  for (const rest of ['Content-Length: 5\r\n\r\nhello', 'Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n']) {
    expect(await sendRaw(listen, head(rest))).toContain('{"upgrade":null,"settings":null,"body":"hello"}')
  }
  expect(await sendRaw(listen, 'GET / HTTP/1.1\r\nHost: chat.test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')).toContain(
    '{"upgrade":null',
  )
})
