import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished } from 'vitest'
import { probe } from '../../src/apply/probe.ts'
import { createProber, type Prober } from '../../src/apply/prober.ts'
import { type Health, type Instance, instanceName } from '../../src/domain.ts'

const QUICK: Health = { intervalMs: 10, timeoutMs: 200, graceMs: 30_000 }

async function listening<S extends Server>(server: S): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function app(answer: RequestListener): Promise<{ port: number; server: ReturnType<typeof createServer> }> {
  const server = createServer(answer)
  const port = await listening(server)
  onTestFinished(() => server.closeAllConnections())
  return { port, server }
}

function instance(port: number, over: Partial<Instance> = {}): Instance {
  const id = { app: 'shop', process: 'web', release: 1, index: 1, ...over }
  return {
    ...id,
    name: instanceName(id),
    commit: 'a'.repeat(40),
    fingerprint: 'f',
    imageKey: 'k',
    oneOff: false,
    stop: { signal: 'SIGTERM', timeoutMs: 1 },
    health: QUICK,
    state: 'running',
    address: { host: '127.0.0.1', port },
    startedAt: Date.now(),
    ...over,
  }
}

/** A prober, and all that it told. */
function prober({ fresh = true, now = Date.now }: { fresh?: boolean; now?: () => number } = {}) {
  const told: string[] = []
  const waiting = new Set<() => void>()
  const changed = (i: Instance, before: string, state: string) => {
    told.push(`${i.name} ${before} ${state}`)
    for (const wake of waiting) wake()
  }
  const made: Prober = createProber(() => fresh, { changed }, now)
  onTestFinished(() => made.close())
  /** Resolves when so many changes have been told. */
  const changes = (count: number) =>
    new Promise<string[]>((resolve) => {
      const look = () => {
        if (told.length < count) return
        waiting.delete(look)
        resolve(told)
      }
      waiting.add(look)
      look()
    })
  return { prober: made, told, changes }
}

/** Resolves when the server has been asked so many times more. */
async function asked(server: Server, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await once(server, 'connection')
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

it('one that starts is starting until it answers, and then ready', async () => {
  let answers = false
  const { port, server } = await app((request, response) => (answers ? response.end() : request.socket.destroy()))
  const { prober: p, told, changes } = prober()
  const web = instance(port)
  expect(p.watch('shop', [web])).toEqual(new Map([['shop.web.v1.1', 'starting']]))
  // However often it fails, it may still be starting.
  await asked(server, 6)
  expect(p.watch('shop', [web])).toEqual(new Map([['shop.web.v1.1', 'starting']]))
  expect(told).toEqual([])
  answers = true
  expect(await changes(1)).toEqual(['shop.web.v1.1 starting ready'])
  expect(p.watch('shop', [web]).get(web.name)).toBe('ready')
})

it('a ready one is unready after three failures in a row, not after two, and ready again with the first good answer', async () => {
  const plan = [200, 500, 500, 200, 500, 500, 500, 200]
  const seen: number[] = []
  const { port } = await app((_, response) => {
    const status = plan.shift() ?? 200
    seen.push(status)
    response.writeHead(status).end()
  })
  const { prober: p, changes } = prober()
  p.watch('shop', [instance(port, { health: { ...QUICK, path: '/healthz' } })])
  expect(await changes(3)).toEqual(['shop.web.v1.1 starting ready', 'shop.web.v1.1 ready unready', 'shop.web.v1.1 unready ready'])
  expect(seen.slice(0, 8)).toEqual([200, 500, 500, 200, 500, 500, 500, 200])
})

it('one that was there before trimtab is unknown until it has been asked', async () => {
  const { port } = await app((_, response) => void response.end())
  const { prober: p, changes } = prober({ fresh: false })
  const web = instance(port)
  expect(p.watch('shop', [web]).get(web.name)).toBe('unknown')
  expect(await changes(1)).toEqual(['shop.web.v1.1 unknown ready'])
})

it('an unknown one that is silent is still starting in its grace time, and unready after it', async () => {
  const port = await closedPort()
  const young = prober({ fresh: false, now: () => 1_000 })
  young.prober.watch('shop', [instance(port, { startedAt: 990 })])
  expect(await young.changes(1)).toEqual(['shop.web.v1.1 unknown starting'])
  const old = prober({ fresh: false, now: () => 31_000 })
  old.prober.watch('shop', [instance(port, { startedAt: 1_000 })])
  expect(await old.changes(1)).toEqual(['shop.web.v1.1 unknown unready'])
})

it('a process that is stopped keeps its port open, becomes unready, and ready when it goes on', async (context) => {
  if (process.platform === 'win32') context.skip('no SIGSTOP')
  const child = spawn(process.execPath, [join(import.meta.dirname, 'server.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [port] = await once(createInterface(child.stdout), 'line')
  const { prober: p, changes } = prober()
  p.watch('shop', [instance(Number(port))])
  await changes(1)
  child.kill('SIGSTOP')
  expect(await changes(2)).toEqual(['shop.web.v1.1 starting ready', 'shop.web.v1.1 ready unready'])
  child.kill('SIGCONT')
  expect((await changes(3)).at(-1)).toBe('shop.web.v1.1 unready ready')
})

it('each instance is asked for itself, each app’s list replaces its own, and what is gone is not asked any more', async () => {
  const ports = await Promise.all([1, 2, 3].map(async () => app((_, response) => void response.end())))
  const [one, two, other] = ports.map(({ port }, i) => instance(port, { index: i + 1, app: i === 2 ? 'cart' : 'shop' }))
  if (!one || !two || !other) throw new Error('three were made')
  const { prober: p, told, changes } = prober()
  p.watch('shop', [one, two])
  p.watch('cart', [other])
  await changes(3)
  expect(p.watch('shop', [two])).toEqual(new Map([[two.name, 'ready']]))
  expect(p.watch('cart', [])).toEqual(new Map())
  // What was under way may still arrive; afterwards, only the one that is left is asked.
  const left = ports[1]?.server
  if (!left) throw new Error('two were made')
  await asked(left, 3)
  let strays = 0
  for (const gone of [ports[0], ports[2]]) gone?.server.on('connection', () => strays++)
  await asked(left, 5)
  expect(strays).toBe(0)
  expect(told).toHaveLength(3)
  // Back again, it is one that nobody knows.
  expect(p.watch('shop', [one, two])).toEqual(
    new Map([
      [one.name, 'starting'],
      [two.name, 'ready'],
    ]),
  )
})

it('an instance of the same name that was started anew is another one', async () => {
  const { port } = await app((_, response) => void response.end())
  const { prober: p, changes } = prober()
  const before = instance(port, { startedAt: 1 })
  p.watch('shop', [before])
  await changes(1)
  expect(p.watch('shop', [before]).get(before.name)).toBe('ready')
  expect(p.watch('shop', [{ ...before, startedAt: 2 }]).get(before.name)).toBe('starting')
  await changes(2)
})

it('an answer that comes after the instance is gone, or after the end, tells nothing', async () => {
  for (const end of ['gone', 'closed'] as const) {
    const { port, server } = await app(() => {})
    const { prober: p, told } = prober()
    p.watch('shop', [instance(port, { health: { ...QUICK, timeoutMs: 10_000 } })])
    const [request, response] = (await once(server, 'request')) as Parameters<RequestListener>
    if (end === 'gone') p.watch('shop', [])
    else p.close()
    response.end()
    // Whoever asked hangs up when the answer is there.
    await once(request.socket, 'close')
    expect(told).toEqual([])
  }
})

it('an instance without an address is never asked', () => {
  const { address: _, ...rest } = instance(1)
  const { prober: p, told } = prober()
  expect(p.watch('shop', [rest]).get(rest.name)).toBe('starting')
  expect(told).toEqual([])
})

it('with a path, only 2xx and 3xx of a GET there are good', async () => {
  const requests: string[] = []
  let status = 200
  const { port } = await app((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.host} ${request.headers['user-agent']}`)
    response.writeHead(status).end()
  })
  const address = { host: '127.0.0.1', port }
  const good: number[] = []
  for (status of [200, 204, 302, 399, 400, 404, 500, 503]) {
    if (await probe(address, { ...QUICK, path: '/healthz?deep=1' })) good.push(status)
  }
  expect(good).toEqual([200, 204, 302, 399])
  expect(new Set(requests)).toEqual(new Set([`GET /healthz?deep=1 127.0.0.1:${port} trimtab-probe`]))
})

it('without a path, any answer is good, and an open port alone is none', async () => {
  const methods: string[] = []
  const { port } = await app((request, response) => {
    methods.push(`${request.method} ${request.url}`)
    response.writeHead(500).end()
  })
  expect(await probe({ host: '127.0.0.1', port }, QUICK)).toBe(true)
  expect(methods).toEqual(['HEAD /'])

  const silent = createTcpServer((socket) => void onTestFinished(() => void socket.destroy()))
  const open = await listening(silent)
  expect(await probe({ host: '127.0.0.1', port: open }, { ...QUICK, timeoutMs: 50 })).toBe(false)

  const garbling = await listening(createTcpServer((socket) => void socket.end('SSH-2.0-OpenSSH\r\n')))
  expect(await probe({ host: '127.0.0.1', port: garbling }, QUICK)).toBe(false)
  expect(await probe({ host: '127.0.0.1', port: await closedPort() }, QUICK)).toBe(false)
})

it('an answer in drops is no answer: the time is for all of it', async () => {
  const port = await listening(
    createTcpServer((socket) => {
      socket.on('error', () => {})
      socket.write('HTTP/1.1 200 OK\r\n')
      const drops = setInterval(() => socket.write('x-drop: 1\r\n'), 10)
      socket.on('close', () => clearInterval(drops))
    }),
  )
  expect(await probe({ host: '127.0.0.1', port }, { ...QUICK, timeoutMs: 100 })).toBe(false)
})

it('an endless body is not waited for', async () => {
  const { port } = await app((_, response) => void response.writeHead(200).write('on and on'))
  expect(await probe({ host: '127.0.0.1', port }, { ...QUICK, timeoutMs: 20_000, path: '/' })).toBe(true)
})
