import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  freePort,
  keepAliveAgent,
  type RunningRouter,
  send,
  sendRaw,
  startBareUpstream,
  startRouter,
  startUpstream,
  table,
  type Upstream,
  until,
} from '../support/router.ts'

let running: RunningRouter
const closing: Array<() => Promise<unknown>> = []

beforeAll(async () => {
  running = await startRouter({ limits: { contentIdleMs: 400, headMs: 400, connectMs: 400 } })
})
afterAll(() => running.close())
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  for (const app of await running.router.apps()) await running.router.remove(app)
})

async function upstream(handler: Parameters<typeof startUpstream>[0]): Promise<Upstream> {
  const started = await startUpstream(handler)
  closing.push(started.close)
  return started
}

async function bare(onConnection: (socket: Socket) => void) {
  const started = await startBareUpstream(onConnection)
  closing.push(started.close)
  return started
}

const echo = () =>
  upstream((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      response.end(
        JSON.stringify({
          method: request.method,
          url: request.url,
          headers: request.headers,
          raw: request.rawHeaders,
          body,
          trailers: request.trailers,
        }),
      )
    })
  })

/** Connections are kept by the router between the requests of one test, so a bare upstream answers by request, not by connection. */
const whenRequested = (socket: Socket, answer: (head: string) => void) => {
  let seen = ''
  socket.on('data', (data: Buffer) => {
    seen += data.toString('latin1')
    if (!seen.includes('\r\n\r\n')) return
    const head = seen
    seen = ''
    answer(head)
  })
}

describe('routing', () => {
  test('by host, whatever its case, port and trailing dot; the longer path wins', async () => {
    const named = async (name: string) => (await upstream((_request, response) => response.end(name))).address
    const { router, listen } = running
    const [root, api, deep] = [await named('root'), await named('api'), await named('deep')]
    await router.write({
      app: 'hello',
      routes: [
        { host: 'hello.test', path: '/', stripPrefix: false, process: 'web', servers: [root] },
        { host: 'hello.test', path: '/api', stripPrefix: false, process: 'api', servers: [api] },
        { host: 'hello.test', path: '/api/deep', stripPrefix: false, process: 'deep', servers: [deep] },
      ],
    })
    const ask = async (host: string, path: string) => (await send(listen, host, path)).body
    expect(await ask('hello.test', '/')).toBe('root')
    expect(await ask('HELLO.Test', '/x')).toBe('root')
    expect(await ask('hello.test:8080', '/api')).toBe('api')
    expect(await ask('hello.test.', '/api/x')).toBe('api')
    expect(await ask('hello.test', '/api/deep/er?q=1')).toBe('deep')
    // Not by going round about.
    expect(await ask('hello.test', '/api/../')).toBe('root')
    expect(await ask('hello.test', '//api//deep')).toBe('deep')
    expect(await ask('hello.test', '/%61pi')).toBe('api')
    expect((await send(listen, 'other.test', '/')).status).toBe(404)
    expect(await sendRaw(listen, 'GET http://hello.test/api HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n')).toMatch(
      /\r\n\r\napi$/,
    )
  })

  test('takes prefixes off and says so', async () => {
    const { router, listen } = running
    const { address } = await echo()
    await router.write(table('shop', [address], { path: '/shop', stripPrefix: true }))
    const ask = async (path: string) => JSON.parse((await send(listen, 'shop.test', path)).body)
    expect(await ask('/shop/cart?a=/shop')).toMatchObject({ url: '/cart?a=/shop', headers: { 'x-forwarded-prefix': '/shop' } })
    expect(await ask('/shop?a=1')).toMatchObject({ url: '/?a=1' })
    expect((await send(listen, 'shop.test', '/')).status).toBe(404)
  })

  test('goes round the servers; weights count', async () => {
    const { router, listen, state } = running
    const seen = [0, 0, 0]
    const counted = await Promise.all(
      [0, 1, 2].map((index) =>
        upstream((_request, response) => {
          seen[index] = (seen[index] ?? 0) + 1
          response.end()
        }),
      ),
    )
    await router.write(
      table(
        'round',
        counted.map((one) => one.address),
      ),
    )
    for (let at = 0; at < 9; at++) await send(listen, 'round.test')
    expect(seen).toEqual([3, 3, 3])
    const { writeFile } = await import('node:fs/promises')
    const servers = counted.map((one, index) => `{url: "http://127.0.0.1:${one.address.port}", weight: ${index + 1}}`)
    await writeFile(
      `${state}/routes/by-hand.yml`,
      `http: {routers: {r: {rule: "Host(\`weighted.test\`)", service: s}}, services: {s: {loadBalancer: {servers: [${servers.join(', ')}]}}}}`,
    )
    await until(async () => (await send(listen, 'weighted.test')).status === 200)
    seen.fill(0)
    for (let at = 0; at < 12; at++) await send(listen, 'weighted.test')
    expect(seen).toEqual([2, 4, 6])
    const { rm } = await import('node:fs/promises')
    await rm(`${state}/routes/by-hand.yml`)
    await until(async () => (await send(listen, 'weighted.test')).status === 404)
  })
})

describe('what is sent on', () => {
  test('says who asked, and does not believe the client', async () => {
    const { router, listen } = running
    const { address } = await echo()
    await router.write(table('hello', [address]))
    const headers = {
      'X-Forwarded-For': '6.6.6.6',
      X_Forwarded_For: '6.6.6.6',
      'X-Forwarded-Proto': 'https',
      'X-Real-IP': '6.6.6.6',
      Forwarded: 'for=6.6.6.6',
      Proxy: 'http://evil',
      Connection: 'keep-alive, X-Secret',
      'X-Secret': 'of this hop',
      'Keep-Alive': 'timeout=1',
      TE: 'trailers',
      'X-Kept': 'yes',
    }
    const { headers: got } = JSON.parse((await send(listen, 'hello.test:8080', '/', { headers })).body)
    expect(got).toEqual({
      host: 'hello.test:8080',
      'x-kept': 'yes',
      'x-forwarded-for': '127.0.0.1',
      'x-real-ip': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'hello.test:8080',
      'x-forwarded-port': '8080',
    })
  })

  test('an absolute target replaces the Host field, for the app too', async () => {
    const { router, listen } = running
    const { address } = await echo()
    await router.write(table('hello', [address]))
    const answer = await sendRaw(listen, 'GET http://hello.test:81/a HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n')
    const got = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))
    expect(got).toMatchObject({ url: '/a', headers: { host: 'hello.test:81', 'x-forwarded-host': 'hello.test:81' } })
  })

  test('keeps repeated fields apart, in both directions', async () => {
    const { router, listen } = running
    const { address } = await upstream((request, response) => {
      response.writeHead(200, [
        'Set-Cookie',
        'a=1',
        'Set-Cookie',
        'b=2',
        'X-Raw',
        String(request.rawHeaders.filter((value) => value === 'X-Two').length),
      ])
      response.end()
    })
    await router.write(table('hello', [address]))
    const answer = await send(listen, 'hello.test', '/', { headers: { 'X-Two': ['1', '2'] } })
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    expect(answer.headers['x-raw']).toBe('2')
  })

  test('content of every kind: length, chunked, none; trailers both ways', async () => {
    const { router, listen } = running
    const { address } = await echo()
    await router.write(table('hello', [address]))
    const post = (options: object) => send(listen, 'hello.test', '/', { method: 'POST', ...options })
    expect(JSON.parse((await post({ body: 'with a length' })).body)).toMatchObject({
      body: 'with a length',
      headers: { 'content-length': '13' },
    })
    const large = 'x'.repeat(300_000)
    expect(JSON.parse((await post({ body: large })).body).body).toBe(large)
    const chunked = await sendRaw(
      listen,
      'POST / HTTP/1.1\r\nHost: hello.test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n3;ext=1\r\ndef\r\n0\r\nX-Sum: 6\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n',
    )
    const got = JSON.parse(chunked.slice(chunked.indexOf('\r\n\r\n') + 4))
    expect(got).toMatchObject({ body: 'abcdef', trailers: { 'x-sum': '6' } })
    expect(got.trailers).not.toHaveProperty('x-forwarded-for')
    expect(JSON.parse((await post({})).body)).toMatchObject({ method: 'POST', body: '' })

    const trailing = await upstream((_request, response) => {
      response.writeHead(200, { Trailer: 'X-Sum' })
      response.write('abc')
      response.addTrailers({ 'X-Sum': '3' })
      response.end()
    })
    await router.write(table('hello', [trailing.address]))
    expect(await send(listen, 'hello.test')).toMatchObject({ body: 'abc', trailers: { 'x-sum': '3' } })
    // A client of HTTP/1.0 knows neither chunks nor trailers.
    expect(await sendRaw(listen, 'GET / HTTP/1.0\r\nHost: hello.test\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nabc$/,
    )
  })

  test('HEAD, 204, 304 and an answer that ends with its connection', async () => {
    const { router, listen } = running
    const { address } = await bare((socket) =>
      whenRequested(socket, (head) => {
        if (head.startsWith('HEAD')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n')
        else if (head.includes('/204')) socket.write('HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n')
        else if (head.includes('/304')) socket.write('HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 5\r\n\r\n')
        else socket.end('HTTP/1.0 200 Fine\r\nContent-Type: text/plain\r\n\r\nuntil the end')
      }),
    )
    await router.write(table('hello', [address]))
    const agent = keepAliveAgent(1)
    closing.push(async () => agent.destroy())
    expect(await send(listen, 'hello.test', '/', { agent, method: 'HEAD' })).toMatchObject({
      status: 200,
      headers: { 'content-length': '1000' },
      body: '',
    })
    expect(await send(listen, 'hello.test', '/204', { agent })).toMatchObject({ status: 204, headers: { 'x-a': '1' } })
    expect(await send(listen, 'hello.test', '/304', { agent })).toMatchObject({ status: 304, headers: { etag: '"1"' } })
    expect(await send(listen, 'hello.test', '/', { agent })).toMatchObject({ status: 200, body: 'until the end' })
  })

  test('100-continue is asked of the app; early hints pass', async () => {
    const { router, listen } = running
    const asked = await upstream((request, response) => {
      request.resume()
      request.on('end', () => response.end('taken'))
    })
    asked.server.on('checkContinue', (request, response) => {
      if (request.url === '/no') return response.writeHead(417).end('no')
      response.writeContinue()
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      request.resume()
      request.on('end', () => response.end('taken'))
    })
    await router.write(table('hello', [asked.address]))
    const head = (path: string) =>
      `POST ${path} HTTP/1.1\r\nHost: hello.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`
    // A refusal comes instead of "continue", and the connection is closed: nobody knows whether the content still comes.
    expect(await sendRaw(listen, head('/no'))).toMatch(/^HTTP\/1\.1 417 [\s\S]*Connection: close\r\n[\s\S]*no\r\n/)
    const socket = connect(listen.port, listen.host)
    closing.push(async () => socket.destroy())
    let got = ''
    socket.on('data', (data: Buffer) => {
      got += data.toString('latin1')
    })
    socket.write(head('/yes'))
    await until(() => got.includes('100 Continue') && got.includes('103 Early Hints'))
    expect(got).not.toContain('200 OK')
    socket.write('12345')
    await until(() => got.endsWith('taken'))
  })
})

describe('streams', () => {
  test('server-sent events come one by one, at once', async () => {
    const { router, listen } = running
    let events: (text: string) => void = () => {}
    const { address } = await upstream((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.flushHeaders()
      events = (text) => response.write(`data: ${text}\n\n`)
    })
    await router.write(table('hello', [address]))
    const socket = connect(listen.port, listen.host)
    closing.push(async () => socket.destroy())
    let got = ''
    socket.on('data', (data: Buffer) => {
      got += data.toString('utf8')
    })
    socket.write('GET / HTTP/1.1\r\nHost: hello.test\r\n\r\n')
    await until(() => got.includes('text/event-stream'), 'the head before any event')
    for (const word of ['one', 'two', 'three']) {
      events(word)
      await until(() => got.includes(`data: ${word}`))
    }
    expect(await running.router.inFlight(address)).toBe(1)
    socket.destroy()
    await until(async () => (await running.router.inFlight(address)) === 0)
  })

  test('a slow reader holds back the server, a slow server the writer', async () => {
    const { router, listen } = running
    const total = 64 * 1024 * 1024
    let produced = 0
    const { address } = await upstream((request, response) => {
      if (request.method === 'POST') return // takes nothing
      const chunk = Buffer.alloc(64 * 1024)
      const more = () => {
        while (produced < total) {
          produced += chunk.length
          if (!response.write(chunk)) return void response.once('drain', more)
        }
        response.end()
      }
      more()
    })
    await router.write(table('hello', [address]))
    const reader = connect(listen.port, listen.host)
    closing.push(async () => reader.destroy())
    reader.pause()
    reader.write('GET / HTTP/1.1\r\nHost: hello.test\r\nConnection: close\r\n\r\n')
    // Stands still once everybody's buffers are full.
    let last = -1
    await until(async () => {
      const still = produced > 0 && produced === last
      last = produced
      if (!still) await new Promise((resolve) => setTimeout(resolve, 150))
      return still
    })
    expect(produced).toBeLessThan(total / 2)
    let received = 0
    reader.on('data', (data: Buffer) => {
      received += data.length
    })
    reader.resume()
    await once(reader, 'close')
    expect(received).toBeGreaterThan(total)

    const writer = connect(listen.port, listen.host)
    closing.push(async () => writer.destroy())
    writer.write(`POST / HTTP/1.1\r\nHost: hello.test\r\nContent-Length: ${total}\r\n\r\n`)
    let written = 0
    const chunk = Buffer.alloc(64 * 1024)
    while (
      writer.write(chunk) ||
      (await Promise.race([once(writer, 'drain').then(() => true), new Promise((r) => setTimeout(r, 300))]))
    ) {
      written += chunk.length
      if (written >= total) break
    }
    expect(written).toBeLessThan(total / 2)
  })

  test('request and response at the same time', async () => {
    const { router, listen } = running
    const { address } = await upstream((request, response) => {
      response.writeHead(200)
      request.on('data', (chunk: Buffer) => response.write(chunk.toString('utf8').toUpperCase()))
      request.on('end', () => response.end('!'))
    })
    await router.write(table('hello', [address]))
    const socket = connect(listen.port, listen.host)
    let got = ''
    socket.on('data', (data: Buffer) => {
      got += data.toString('latin1')
    })
    socket.write('POST / HTTP/1.1\r\nHost: hello.test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n')
    socket.write('3\r\nabc\r\n')
    await until(() => got.includes('ABC'))
    socket.write('3\r\ndef\r\n0\r\n\r\n')
    await once(socket, 'close')
    expect(got).toContain('DEF')
  })
})

describe('when somebody leaves', () => {
  test('a client that leaves ends its request at the server', async () => {
    const { router, listen } = running
    let left = 0
    const { address, connections } = await upstream((request) => {
      request.socket.on('close', () => left++)
    })
    await router.write(table('hello', [address]))
    const socket = connect(listen.port, listen.host)
    socket.write('GET / HTTP/1.1\r\nHost: hello.test\r\n\r\n')
    await until(() => connections.size === 1)
    await until(async () => (await router.inFlight(address)) === 1)
    socket.destroy()
    await until(() => left === 1)
    await until(async () => (await router.inFlight(address)) === 0)
  })

  test('a response that breaks off is never passed off as whole', async () => {
    const { router, listen } = running
    const { address } = await bare((socket) =>
      whenRequested(socket, (head) => {
        socket.write(
          head.includes('/chunked')
            ? 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'
            : 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
        )
        setImmediate(() => socket.destroy())
      }),
    )
    await router.write(table('hello', [address]))
    await expect(send(listen, 'hello.test', '/length')).rejects.toThrow()
    await expect(send(listen, 'hello.test', '/chunked')).rejects.toThrow()
  })

  test('its own pages: 404, 502, 503, plain or HTML, with nothing of what is behind', async () => {
    const { router, listen } = running
    const port = await freePort()
    await router.write(table('gone', [{ host: '127.0.0.1', port }]))
    await router.write(table('none', []))
    const missing = await send(listen, 'missing.test')
    expect(missing).toMatchObject({
      status: 404,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    })
    const gone = await send(listen, 'gone.test', '/', { headers: { accept: 'text/html' } })
    expect(gone).toMatchObject({ status: 502, headers: { 'content-type': 'text/html; charset=utf-8' } })
    expect(gone.body).not.toMatch(/127\.0\.0\.1|ECONN|node/i)
    expect(gone.body).not.toContain(String(port))
    expect(await send(listen, 'none.test')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    expect(await send(listen, 'none.test', '/', { method: 'HEAD' })).toMatchObject({ status: 503, body: '' })
    expect(await send(listen, 'gone.test', '/', { method: 'POST', body: 'x'.repeat(200_000) })).toMatchObject({ status: 502 })
  })

  test.runIf(process.platform === 'linux')('a server that lets nobody in is a 504, or another server is asked', async () => {
    const { router, listen } = running
    // Stopped, and its queue of connections is full: Linux then leaves a connection attempt without an answer.
    const script =
      "const s = require('net').createServer(); s.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => { console.log(s.address().port); process.kill(process.pid, 'SIGSTOP') })"
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    closing.push(async () => child.kill('SIGKILL'))
    const port = Number(String((await once(child.stdout, 'data'))[0]))
    const filling = [0, 1, 2, 3].map(() => connect(port, '127.0.0.1').on('error', () => {}))
    closing.push(async () => filling.map((socket) => socket.destroy()))
    const stuck = { host: '127.0.0.1', port }
    await until(() => filling.filter((socket) => !socket.connecting).length >= 2, 'the queue to be full')
    await router.write(table('hello', [stuck]))
    expect((await send(listen, 'hello.test')).status).toBe(504)
    const { address } = await echo()
    await router.write(table('hello', [stuck, address]))
    expect((await send(listen, 'hello.test', '/', { method: 'POST', body: 'abc' })).status).toBe(200)
    expect((await send(listen, 'hello.test', '/', { method: 'POST', body: 'abc' })).status).toBe(200)
  })

  test('what is no HTTP is a 502', async () => {
    const { router, listen } = running
    const answers = [
      'SSH-2.0-OpenSSH\r\n\r\n',
      'HTTP/1.1 200 OK\r\nA B: c\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
      'HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n',
      `HTTP/1.1 200 OK\r\nX-Large: ${'x'.repeat(70_000)}\r\n\r\n`,
      'HTTP/2 200\r\n\r\n',
    ]
    let next = ''
    const { address } = await bare((socket) => whenRequested(socket, () => socket.write(next)))
    await router.write(table('hello', [address]))
    for (const answer of answers) {
      next = answer
      expect((await send(listen, 'hello.test')).status, answer.slice(0, 60)).toBe(502)
    }
    expect(await router.inFlight(address)).toBe(0)
  })

  test('an app cannot reach into the next response on a shared connection', async () => {
    const { router, listen } = running
    let connections = 0
    const { address } = await bare((socket) => {
      connections++
      whenRequested(socket, () =>
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'),
      )
    })
    await router.write(table('hello', [address]))
    for (let at = 0; at < 3; at++) expect((await send(listen, 'hello.test')).body).toBe('ok')
    expect(connections).toBe(3)
  })
})

describe('another attempt', () => {
  test('where nobody listens, another server gets the request, with its content', async () => {
    const { router, listen } = running
    const { address } = await echo()
    await router.write(table('hello', [{ host: '127.0.0.1', port: await freePort() }, address]))
    for (let at = 0; at < 6; at++) {
      expect((await send(listen, 'hello.test')).status).toBe(200)
      expect(JSON.parse((await send(listen, 'hello.test', '/', { method: 'POST', body: 'abc' })).body).body).toBe('abc')
    }
  })

  test('a kept connection that the server has closed costs no request', async () => {
    const { router, listen } = running
    // Answers once on each connection, promises to keep it, and closes it without a word when the next request comes.
    let refusedKept = 0
    const { address } = await bare((socket) => {
      let answered = false
      whenRequested(socket, () => {
        if (answered) {
          refusedKept++
          return void socket.destroy()
        }
        answered = true
        socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=60\r\nContent-Length: 2\r\n\r\nok')
      })
    })
    await router.write(table('hello', [address]))
    for (let at = 0; at < 6; at++) expect((await send(listen, 'hello.test')).status).toBe(200)
    expect(refusedKept).toBeGreaterThan(0)
  })

  test('a request that may have had an effect is not sent twice', async () => {
    const { router, listen } = running
    let orders = 0
    const closesOn = await upstream((request, response) => {
      if (request.method === 'GET') return void response.end()
      request.resume()
      request.on('end', () => {
        orders++
        request.socket.destroy()
      })
    })
    await router.write(table('hello', [closesOn.address]))
    // On a new connection, and on a kept one.
    expect((await send(listen, 'hello.test', '/', { method: 'POST', body: 'order' })).status).toBe(502)
    await send(listen, 'hello.test')
    expect((await send(listen, 'hello.test', '/', { method: 'POST', body: 'order' })).status).toBe(502)
    expect(orders).toBe(2)
    // Not even where the server resets the connection.
    const resets = await upstream((request, response) => {
      if (request.method === 'GET') return void response.end()
      request.resume()
      request.on('end', () => {
        orders++
        request.socket.resetAndDestroy()
      })
    })
    await router.write(table('hello', [resets.address]))
    await send(listen, 'hello.test')
    expect((await send(listen, 'hello.test', '/', { method: 'POST', body: 'order' })).status).toBe(502)
    expect(orders).toBe(3)
  })

  test('a request that breaks servers is not carried through all of them', async () => {
    const { router, listen } = running
    const broken = await Promise.all([0, 1, 2, 3].map(() => upstream((request) => void request.socket.destroy())))
    await router.write(
      table(
        'hello',
        broken.map((one) => one.address),
      ),
    )
    expect((await send(listen, 'hello.test')).status).toBe(502)
    expect(broken.reduce((sum, one) => sum + one.seen, 0)).toBe(2)
  })
})

describe('hostile clients', () => {
  const refused: Array<[name: string, bytes: string]> = [
    [
      'length and coding',
      'POST / HTTP/1.1\r\nHost: hello.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: hello.test\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345'],
    ['a length that is none', 'POST / HTTP/1.1\r\nHost: hello.test\r\nContent-Length: +5\r\n\r\n12345'],
    ['another coding', 'POST / HTTP/1.1\r\nHost: hello.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    [
      'coding twice',
      'POST / HTTP/1.1\r\nHost: hello.test\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n',
    ],
    ['a coding with a tail', 'POST / HTTP/1.1\r\nHost: hello.test\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
    ['a space before the colon', 'POST / HTTP/1.1\r\nHost: hello.test\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n'],
    ['coding in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: hello.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: hello.test\r\nHost: other.test\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['a host that is none', 'GET / HTTP/1.1\r\nHost: hello.test/evil\r\n\r\n'],
    ['a host with a user', 'GET / HTTP/1.1\r\nHost: a@hello.test\r\n\r\n'],
    ['Connection that takes the host away', 'GET / HTTP/1.1\r\nHost: hello.test\r\nConnection: host\r\n\r\n'],
    [
      'Connection that takes the length away',
      'POST / HTTP/1.1\r\nHost: hello.test\r\nConnection: content-length\r\nContent-Length: 5\r\n\r\n12345',
    ],
    ['a fragment', 'GET /a#b HTTP/1.1\r\nHost: hello.test\r\n\r\n'],
    ['broken percent-encoding', 'GET /%zz HTTP/1.1\r\nHost: hello.test\r\n\r\n'],
    ['a relative path', 'GET hello HTTP/1.1\r\nHost: hello.test\r\n\r\n'],
    ['a folded line', 'GET / HTTP/1.1\r\nHost: hello.test\r\nX-A: b\r\n c\r\n\r\n'],
    ['a bare line feed', 'GET / HTTP/1.1\nHost: hello.test\n\n'],
    ['a NUL', 'GET / HTTP/1.1\r\nHost: hello.test\r\nX-A: a\0b\r\n\r\n'],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['HTTP/2 by force', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ]
  test.each(refused)('%s: refused, and no server sees it', async (_name, bytes) => {
    const { router, listen } = running
    const origin = await echo()
    await router.write(table('hello', [origin.address]))
    const answer = await sendRaw(listen, bytes)
    expect(answer).toMatch(/^HTTP\/1\.1 (400|404|501) [\s\S]*Connection: close/i)
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(origin.seen).toBe(0)
  })

  test('CONNECT opens nothing; too large a head is 431, too long an address 414', async () => {
    const { router, listen } = running
    const origin = await echo()
    await router.write(table('hello', [origin.address]))
    expect(await sendRaw(listen, 'CONNECT hello.test:80 HTTP/1.1\r\nHost: hello.test\r\n\r\n')).toMatch(/^HTTP\/1\.1 405/)
    expect(await sendRaw(listen, `GET / HTTP/1.1\r\nHost: hello.test\r\nX-A: ${'a'.repeat(40_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431/,
    )
    expect(await sendRaw(listen, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: hello.test\r\n\r\n`)).toMatch(/^HTTP\/1\.1 414/)
    expect(origin.seen).toBe(0)
    // Many small fields are no way round: none is dropped without a word (newer Node counts them and refuses).
    const many = Array.from({ length: 2_500 }, (_, at) => `a${at}:\r\n`).join('')
    const answer = await sendRaw(
      listen,
      `POST / HTTP/1.1\r\nHost: hello.test\r\nConnection: close\r\n${many}Content-Length: 2\r\n\r\nhi`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 431|"body":"hi"/)
  })

  test('slow heads and slow contents are ended, slow answers are not', async () => {
    const { router, listen } = running
    let answer: () => void = () => {}
    const origin = await upstream((request, response) => {
      request.resume()
      if (request.method === 'GET') answer = () => response.end('at last')
    })
    await router.write(table('hello', [origin.address]))
    const waiting = send(listen, 'hello.test')
    await until(() => origin.seen === 1)
    expect(await sendRaw(listen, 'GET / HTTP/1.1\r\nHost: hel')).toMatch(/^HTTP\/1\.1 408/)
    expect(await sendRaw(listen, 'POST / HTTP/1.1\r\nHost: hello.test\r\nContent-Length: 10\r\n\r\n123')).toMatch(
      /^HTTP\/1\.1 408/,
    )
    await until(async () => (await router.inFlight(origin.address)) === 1)
    answer()
    expect((await waiting).body).toBe('at last')
  })

  test('a hidden second request stays content', async () => {
    const { router, listen } = running
    const origin = await echo()
    await router.write(table('hello', [origin.address]))
    const hidden = 'GET /admin HTTP/1.1\r\nHost: hello.test\r\n\r\n'
    await sendRaw(
      listen,
      `POST / HTTP/1.1\r\nHost: hello.test\r\nConnection: close\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    )
    expect(origin.seen).toBe(1)
  })
})
