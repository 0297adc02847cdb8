import { statSync, writeFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TrimtabError } from '../../src/errors.ts'
import { bindPrivately } from '../../src/http/bind.ts'
import { Client } from '../../src/http/client.ts'
import { readText } from '../../src/http/request.ts'
import { createServer } from '../../src/http/server.ts'
import { socketPath } from '../../src/http/socket.ts'
import { event, failed, live, MemoryControl } from '../support/memory-control.ts'
import { type Served, served, until } from '../support/served.ts'

let platform: Served
beforeEach(async () => {
  platform = await served({ host: '127.0.0.1', port: 0 })
})
afterEach(() => platform.close())

/** One raw request over the socket: what curl would see. */
async function raw(method: string, path: string, body?: unknown): Promise<{ status: number; type: string; body: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const sent = request({ socketPath: socketPath(platform.state), method, path, headers, agent: false }, async (response) => {
      const text = await readText(response)
      resolve({ status: response.statusCode ?? 0, type: String(response.headers['content-type']), body: JSON.parse(text) })
    })
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

describe('the unix socket', () => {
  it('may be opened by this user only, and nothing else is left beside it', async () => {
    expect(statSync(socketPath(platform.state)).mode & 0o777).toBe(0o600)
    expect(await readdir(platform.state)).toEqual(['trimtab.sock'])
  })

  it('is bound where nobody else can go yet', async () => {
    const path = join(platform.state, 'new', 'trimtab.sock')
    await bindPrivately(path, async (hidden) => {
      expect(Buffer.byteLength(hidden)).toBeLessThanOrEqual(Buffer.byteLength(path))
      expect(join(hidden, '../..')).toBe(join(platform.state, 'new'))
      expect(statSync(join(hidden, '..')).mode & 0o777).toBe(0o700)
      writeFileSync(hidden, '')
    })
    expect(await readdir(join(platform.state, 'new'))).toEqual(['trimtab.sock'])
  })

  it('replaces a stale one', async () => {
    const state = await mkdtemp(join(tmpdir(), 'trimtab-http-'))
    writeFileSync(socketPath(state), 'stale')
    const server = await createServer({ control: new MemoryControl(), socketPath: socketPath(state), listen: null })
    expect((await new Client(state).version()).pid).toBe(4711)
    await server.close()
    expect(await readdir(state)).toEqual([])
    await rm(state, { recursive: true })
  })

  it('has a short address where the state directory has a long one', async () => {
    const root = await mkdtemp(join(tmpdir(), 'trimtab-http-'))
    const state = join(root, 'a'.repeat(120))
    expect(Buffer.byteLength(socketPath(state))).toBeLessThanOrEqual(103)
    const server = await createServer({ control: new MemoryControl(), socketPath: socketPath(state), listen: null })
    expect(statSync(socketPath(state)).mode & 0o777).toBe(0o600)
    expect((await new Client(state).version()).pid).toBe(4711)
    await server.close()
    await rm(root, { recursive: true })
  })

  it('says so when nothing listens', async () => {
    const state = join(platform.state, 'elsewhere')
    await expect(new Client(state).status()).rejects.toThrow(
      `trimtab is not running on this state (${state}): start it with \`trimtab up\`.`,
    )
  })
})

describe('the public listener', () => {
  const get = async (path: string) => {
    const { host, port } = platform.server.address ?? { host: '', port: 0 }
    const response = await fetch(`http://${host}:${port}${path}`)
    return { status: response.status, body: await response.json() }
  }

  it('answers /healthz and nothing else', async () => {
    expect(await get('/healthz')).toEqual({ status: 200, body: { status: 'ok' } })
    expect((await get('/api/v1/apps')).status).toBe(404)
    expect((await get('/api/v1/openapi.json')).body).toMatchObject({ error: { code: 'NotFound' } })
  })

  it('says which address is taken, and takes nothing else then', async () => {
    const state = join(platform.state, 'second')
    const options = { control: new MemoryControl(), socketPath: socketPath(state), listen: platform.server.address }
    await expect(createServer(options)).rejects.toMatchObject({
      code: 'ConfigInvalid',
      message: expect.stringContaining('http.listen'),
    })
    await expect(new Client(state).version()).rejects.toThrow('not running')
  })
})

describe('answers', () => {
  it('gives the status of all apps and of one', async () => {
    expect(await platform.client.status()).toEqual([live, failed])
    expect(await platform.client.status('shop')).toEqual([failed])
  })

  it('gives releases without their environment', async () => {
    const [newest] = await platform.client.releases('hello')
    expect(newest).toEqual({
      app: 'hello',
      version: 12,
      commit: live.serving?.commit,
      image: 'key12',
      built: false,
      createdAt: '2026-01-02T12:03:04.000Z',
      createdBy: 'git',
      status: 'live',
      materials: null,
    })
    expect(JSON.stringify((await raw('GET', '/api/v1/apps/hello/releases')).body)).not.toContain('a-secret-value')
  })

  it('plans, restarts, and tells its version', async () => {
    platform.control.actions = [{ action: 'start', target: 'hello.web.v13.1', reason: 'commit 1a2b3c4' }]
    expect(await platform.client.plan('hello')).toEqual([{ app: 'hello', actions: platform.control.actions, waiting: [] }])
    await platform.client.restart('hello')
    expect(await platform.client.version()).toEqual(platform.control.version())
    expect(platform.control.asked).toEqual(['plan hello', 'restart hello'])
  })

  it('takes in a file as it comes, lists it, and removes it', async () => {
    const { client, control } = platform
    async function* pieces() {
      for (let at = 0; at < 300; at += 1) yield Buffer.alloc(1000, at)
    }
    const stored = await client.putArtifact('shop.war', Readable.from(pieces()))
    expect(stored).toMatchObject({ name: 'shop.war', size: 300_000, storedAt: '2026-01-02T12:03:04.000Z' })
    expect(await client.artifacts()).toEqual([stored])
    expect(await client.removeArtifact(stored.sha256.slice(0, 12))).toEqual(stored)
    await expect(client.removeArtifact(stored.sha256)).rejects.toMatchObject({ code: 'NotFound' })
    expect(control.asked).toEqual([
      'put shop.war',
      'artifacts',
      `remove ${stored.sha256.slice(0, 12)}`,
      `remove ${stored.sha256}`,
    ])

    control.largest = 1000
    await expect(client.putArtifact('shop.war', Readable.from(pieces()))).rejects.toMatchObject({
      code: 'BuildFailed',
      message: 'too large',
    })
    for (const name of ['../x', 'a/b', '', 'a b', '-x']) {
      await expect(client.putArtifact(name, Readable.from(pieces())), name).rejects.toMatchObject({ code: 'Usage' })
    }
    for (const hash of ['..', 'xyz', 'abc', 'a/b']) await expect(client.removeArtifact(hash), hash).rejects.toThrow()
    expect((await raw('POST', '/api/v1/artifacts?name=x', { a: 1 })).status).toBe(400)
    expect(control.stored).toEqual([])
  })

  it('describes itself', async () => {
    const { body } = await raw('GET', '/api/v1/openapi.json')
    const { openapi, paths } = body as { openapi: string; paths: Record<string, object> }
    expect(openapi).toBe('3.1.0')
    expect(Object.keys(paths)).toContain('/api/v1/apps/{app}/releases')
    expect(Object.keys(paths)).toContain('/api/v1/apps/{app}/run')
    expect(paths['/api/v1/sync']).toMatchObject({ post: { requestBody: { content: { 'application/json': {} } } } })
  })

  it('reaches an app by any name that could exist', async () => {
    platform.control.apps.push({ ...live, app: 'a/b ?é' })
    expect(await platform.client.status('a/b ?é')).toMatchObject([{ app: 'a/b ?é' }])
  })
})

describe('failures', () => {
  it.each([
    ['NotFound', 404],
    ['Usage', 400],
    ['StateLocked', 409],
    ['BuildFailed', 422],
    ['RuntimeUnavailable', 503],
    ['DiskFull', 507],
  ] as const)('%s is %i', async (code, status) => {
    platform.control.fault = new TrimtabError(code, 'why')
    expect(await raw('GET', '/api/v1/apps')).toMatchObject({ status, body: { error: { code, message: 'why' } } })
  })

  it('is Internal where it is none of ours', async () => {
    platform.control.fault = new TypeError('x is undefined')
    expect(await raw('GET', '/api/v1/apps')).toMatchObject({ status: 500, body: { error: { code: 'Internal' } } })
  })

  it('has its status also where a stream was asked for', async () => {
    const answer = await raw('GET', '/api/v1/apps/hallo/logs')
    expect(answer).toMatchObject({
      status: 404,
      body: { error: { code: 'NotFound', message: expect.stringContaining('Did you mean') } },
    })
    await expect(platform.client.logs('hallo', { lines: 1, follow: false }).next()).rejects.toMatchObject({ code: 'NotFound' })
  })

  it('has its status also where a stream is refused before it begins', async () => {
    platform.control.events = () => {
      throw new TrimtabError('NotFound', 'at once')
    }
    expect(await raw('GET', '/api/v1/events?follow=true')).toMatchObject({ status: 404, body: { error: { message: 'at once' } } })
  })

  it.each([
    ['GET', '/api/v1/events?limit=-1', undefined],
    ['GET', '/api/v1/events?limit=many', undefined],
    ['GET', '/api/v1/events?unknown=1', undefined],
    ['POST', '/api/v1/sync', { wait: true, unknown: 1 }],
    ['POST', '/api/v1/sync', undefined],
    ['POST', '/api/v1/sync', { app: 'a'.repeat(70_000) }],
  ])('refuses %s %s', async (method, path, body) => {
    const answer = await raw(method, path, body)
    expect(answer.status === 400 || answer.status === 413).toBe(true)
    expect(answer.body).toMatchObject({ error: { code: 'Usage' } })
    expect(platform.control.asked).toEqual([])
  })

  it('says what is not there', async () => {
    expect(await raw('GET', '/api/v1/nothing')).toMatchObject({ status: 404, body: { error: { code: 'NotFound' } } })
  })
})

describe('streams', () => {
  async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
    const list: T[] = []
    for await (const item of items) list.push(item)
    return list
  }

  it('gives events with ISO times', async () => {
    const events = await all(platform.client.events({ limit: 1, follow: false }))
    expect(events).toEqual([
      { ...event(2, { type: 'BuildSucceeded', message: 'built', durationMs: 1234 }), at: '2026-01-02T12:03:06.000Z' },
    ])
  })

  it('gives each event at once, and ends the iteration when the client goes away', async () => {
    const stop = new AbortController()
    const events = platform.client.events({ app: 'hello', limit: 10, follow: true, signal: stop.signal })
    await events.next()
    await events.next()
    platform.control.emit(event(3))
    expect((await events.next()).value).toMatchObject({ id: 3 })
    stop.abort()
    await until(() => platform.control.ended.includes('events'))
    expect(await events.next()).toMatchObject({ done: true })
  })

  it('ends the iteration when the client just stops reading', async () => {
    for await (const _ of platform.client.events({ limit: 10, follow: true })) break
    await until(() => platform.control.ended.includes('events'))
  })

  it('answers a follower at once where nothing has happened yet', async () => {
    platform.control.history.length = 0
    const response = await new Promise<number>((resolve) => {
      const sent = request(
        { socketPath: socketPath(platform.state), path: '/api/v1/events?follow=true', agent: false },
        (answer) => {
          resolve(answer.statusCode ?? 0)
          sent.destroy()
        },
      )
      sent.on('error', () => {})
      sent.end()
    })
    expect(response).toBe(200)
  })

  it('hands on logs, build logs and sync', async () => {
    expect(await all(platform.client.logs('hello', { process: 'web', lines: 5, follow: false }))).toEqual([
      { at: '2026-01-02T12:03:04.000Z', instance: 'hello.web.v12.1', line: 'listening' },
    ])
    expect((await all(platform.client.buildLog('hello', { follow: false }))).join('')).toBe(
      '-----> Node.js app detected\n       done\n',
    )
    platform.control.updates.unshift({ kind: 'event', event: event(1) }, { kind: 'log', text: 'x\ny' })
    const updates = await all(platform.client.sync({ app: 'hello', wait: true }))
    expect(updates.map(({ kind }) => kind)).toEqual(['event', 'log', 'result'])
    expect(platform.control.asked).toEqual(['logs web 5 false hello', 'buildLog false hello', 'sync true hello'])
  })

  it.each(['logs', 'buildLog', 'sync'] as const)('aborts %s when the client goes away', async (name) => {
    const stop = new AbortController()
    const { signal } = stop
    platform.control.updates = []
    const open = {
      logs: () => platform.client.logs('hello', { lines: 1, follow: true, signal }),
      buildLog: () => platform.client.buildLog('hello', { follow: true, signal }),
      sync: () => platform.client.sync({ wait: true, signal }),
    }[name]()
    const first = open.next().catch(() => {})
    await until(() => platform.control.asked.length > 0)
    stop.abort()
    await first
    await until(() => platform.control.ended.includes(name))
  })

  it('goes on with down after the client went away', async () => {
    for await (const line of platform.client.down('hello')) {
      expect(line).toBe('stopping hello')
      break
    }
    await until(() => platform.control.ended.includes('down'))
  })

  it('puts a late failure on the last line', async () => {
    async function* late() {
      yield 'first'
      await new Promise(setImmediate)
      throw new TrimtabError('RouterUnavailable', 'no answer')
    }
    platform.control.down = () => late()
    const lines = platform.client.down()
    expect((await lines.next()).value).toBe('first')
    await expect(lines.next()).rejects.toMatchObject({ code: 'RouterUnavailable', message: 'no answer' })
  })

  it('does not run ahead of a client that does not read', async () => {
    let given = 0
    async function* endless() {
      for (;;) {
        given++
        yield 'x'.repeat(10_000)
        await new Promise(setImmediate)
      }
    }
    platform.control.buildLog = () => endless()
    const socket = connect(socketPath(platform.state))
    socket.pause()
    socket.write('GET /api/v1/apps/hello/build-log?follow=true HTTP/1.1\r\nhost: x\r\n\r\n')
    await until(() => given > 10)
    let before = -1
    while (before !== given) {
      before = given
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(given).toBeLessThan(1000)
    socket.destroy()
  })

  it('ends followers when the server closes, and does not wait for them', async () => {
    const events = platform.client.events({ limit: 0, follow: true })
    const rest = all(events)
    await until(() => platform.control.asked.length > 0)
    await platform.server.close()
    expect(await rest).toEqual([])
    expect(platform.control.ended).toEqual(['events'])
  })
})
