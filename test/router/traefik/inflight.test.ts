/** Requests in flight, told from connections: nothing is stopped while there are some, and a drain ends soon after the last. */
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connectedTo } from '../../../src/router/traefik/connections.ts'
import { need } from '../../support/need.ts'
import { keepAliveAgent, send, startBareUpstream, startUpstream, table, type Upstream, until } from '../../support/router.ts'
import { traefikMissing } from '../../support/traefik.ts'
import { askedAllTheTime, type RunningTraefik, startTraefik } from './world.ts'

// Lines as Linux writes them (proc_net_tcp).
const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1 0000000000000000 100 0 0 10 0
   1: 0100007F:C350 0100007F:4E21 01 00000000:00000000 00:00000000 00000000     0        0 101 1 0000000000000000 20 4 0 10 -1
   2: 0100007F:C351 0100007F:4E21 06 00000000:00000000 03:00000F00 00000000     0        0 0 3 0000000000000000
   3: 0100007F:C352 0100007F:4E21 02 00000001:00000000 01:00000F00 00000000     0        0 103 1 0000000000000000 20 4 0 10 -1
   4: 0100007F:4E21 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 104 1 0000000000000000 20 4 0 10 -1
   5: 0100007F:C353 0200007F:4E21 01 00000000:00000000 00:00000000 00000000     0        0 105 1 0000000000000000 20 4 0 10 -1
`
const TCP6 = `   0: 00000000000000000000000001000000:C350 00000000000000000000000001000000:4E21 01 00000000:00000000 00:00000000 00000000     0        0 201 1 0 20 4 0 10 -1
   1: 00000000000000000000000001000000:C350 B80D0120000000000000000001000000:4E21 01 00000000:00000000 00:00000000 00000000     0        0 202 1 0 20 4 0 10 -1
`

describe('the kernel’s table', () => {
  test.each([
    ['127.0.0.1', 20_001, ['101', '103']],
    ['127.0.0.2', 20_001, ['105']],
    ['127.0.0.1', 20_002, []],
  ])('%s:%i', (host, port, inodes) => expect(connectedTo(TCP, { host, port }, true)).toEqual(inodes))

  test.each([
    ['::1', ['201']],
    ['2001:db8::1', ['202']],
    ['::2', []],
  ])('%s', (host, inodes) => expect(connectedTo(TCP6, { host, port: 20_001 }, true)).toEqual(inodes))

  test('a machine of the other order', () => {
    expect(connectedTo(TCP.replaceAll('0100007F', '7F000001'), { host: '127.0.0.1', port: 20_001 }, false)).toEqual([
      '101',
      '103',
    ])
  })
})

let running: RunningTraefik
beforeAll(async () => {
  if (traefikMissing() === null) running = await startTraefik({ skip: () => undefined as never })
})
afterAll(() => running?.close())

describe('Traefik', () => {
  beforeEach((context) => need(context, 'traefik', traefikMissing()))

  async function served(app: string, addresses: Upstream['address'][]) {
    const wanted = table(app, addresses)
    await running.router.write(wanted)
    await until(() => running.router.serves(app, wanted))
  }

  test('long requests are counted until they end, idle connections only for a moment', async () => {
    const { router, listen } = running
    const waiting: Array<() => void> = []
    const upstream = await startUpstream((request, response) => {
      if (request.url === '/slow') waiting.push(() => response.end('done'))
      else response.end('quick')
    })
    await served('long', [upstream.address])
    expect(await router.inFlight(upstream.address)).toBe(0)
    const slow = [send(listen, 'long.test', '/slow'), send(listen, 'long.test', '/slow')]
    await until(() => waiting.length === 2)
    expect(await router.inFlight(upstream.address)).toBe(2)
    // Longer than an idle connection is kept.
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(await router.inFlight(upstream.address)).toBe(2)
    const quick = keepAliveAgent(5)
    await Promise.all(Array.from({ length: 10 }, () => send(listen, 'long.test', '/', { agent: quick })))
    for (const end of waiting) end()
    for (const answer of await Promise.all(slow)) expect(answer.body).toBe('done')
    const ended = performance.now()
    await until(async () => (await router.inFlight(upstream.address)) === 0)
    const drainedMs = Math.round(performance.now() - ended)
    console.log(`none counted any more ${drainedMs} ms after the last answer`)
    expect(drainedMs).toBeLessThan(3_000)
    quick.destroy()
    await upstream.close()
    expect(await router.inFlight(upstream.address)).toBe(0)
    expect(await router.inFlight({ host: 'localhost', port: upstream.address.port })).toBeNull()
  })

  test('trimtab’s own connections are none of them', async () => {
    const upstream = await startUpstream((_request, response) => response.end())
    await served('probed', [upstream.address])
    const probe = await new Promise<Socket>((resolve) => {
      const socket = connect(upstream.address.port, upstream.address.host, () => resolve(socket))
    })
    expect(await running.router.inFlight(upstream.address)).toBe(0)
    probe.destroy()
    await upstream.close()
  })

  test('a WebSocket is one for as long as it lives', async () => {
    const upstream = await startBareUpstream((socket) => {
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
      )
    })
    await served('socket', [upstream.address])
    const client = connect(running.listen.port, running.listen.host)
    client.write('GET / HTTP/1.1\r\nHost: socket.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    await new Promise((resolve) => client.once('data', resolve))
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(await running.router.inFlight(upstream.address)).toBe(1)
    client.destroy()
    await until(async () => (await running.router.inFlight(upstream.address)) === 0)
    await upstream.close()
  })

  test.each([true, false])('rollouts under load, kept connections: %s: nothing is lost', { timeout: 120_000 }, async (keep) => {
    const { router, listen } = running
    const app = keep ? 'kept' : 'fresh'
    const server = (name: string) =>
      startUpstream((request, response) => {
        let size = 0
        request.on('data', (data: Buffer) => (size += data.length))
        request.on('end', () => setTimeout(() => response.end(`${name} ${size}`), request.url === '/slow' ? 20 : 0))
      })
    let current = [await server('0a'), await server('0b')]
    await served(
      app,
      current.map(({ address }) => address),
    )
    const lost: string[] = []
    const agent = keep ? keepAliveAgent() : false
    const kinds = [
      { path: '/' },
      { path: '/slow' },
      { path: '/', body: 'x'.repeat(100) },
      { path: '/slow', body: 'x'.repeat(200_000) },
    ]
    let going = true
    let answered = 0
    const clients = [...kinds, ...kinds].map(async ({ path, body }) => {
      while (going) {
        const what = `${body ? 'POST' : 'GET'} ${path}`
        await send(listen, `${app}.test`, path, { agent, ...(body && { method: 'POST', body }) }).then(
          (answer) => {
            if (answer.status !== 200 || !answer.body.endsWith(` ${body?.length ?? 0}`))
              lost.push(`${what}: ${answer.status} ${answer.body}`)
          },
          (error) => lost.push(`${what}: ${String(error)}`),
        )
        answered++
      }
    })
    const drains: number[] = []
    for (let round = 1; round <= 10; round++) {
      const next = [await server(`${round}a`), await server(`${round}b`)]
      await served(
        app,
        next.map(({ address }) => address),
      )
      const began = performance.now()
      for (const old of current) {
        await until(async () => (await router.inFlight(old.address)) === 0, 'the drain')
        const seen = old.seen
        await old.close()
        expect(old.seen).toBe(seen)
      }
      drains.push(Math.round(performance.now() - began))
      current = next
    }
    going = false
    await Promise.all(clients)
    for (const one of current) await one.close()
    if (agent) agent.destroy()
    console.log(
      `${answered} requests over 10 rollouts, ${lost.length} lost; drained after ${Math.min(...drains)} to ${Math.max(...drains)} ms`,
    )
    expect(lost).toEqual([])
    expect(answered).toBeGreaterThan(100)
  })

  test('one that is asked all the time drains all the same, once no route names it', async () => {
    const [one, two] = [await startUpstream((_q, r) => r.end('one')), await startUpstream((_q, r) => r.end('two'))]
    await served('busy', [one.address])
    const load = askedAllTheTime(running.listen, 'busy.test')
    await until(() => load.answered() > 20)
    expect(await running.router.inFlight(one.address)).toBeGreaterThan(0)
    await served('busy', [two.address])
    await until(async () => (await running.router.inFlight(one.address)) === 0)
    await one.close()
    const { lost } = await load.stop()
    expect(lost).toBe(0)
    await two.close()
  })
})
