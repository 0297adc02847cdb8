/** Asking git servers for refs: how many connections, what a slow or silent one costs the others, what is asked conditionally. */
import { createServer } from 'node:http'
import { connect, createServer as createTcpServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { remoteOf } from '../../src/source/address.ts'
import { HostFault } from '../../src/source/hostFault.ts'
import { HttpRefs } from '../../src/source/httpRefs.ts'
import { HttpClient } from '../../src/web/httpClient.ts'
import { serveRefs } from '../support/lsrefs.ts'

const clients: HttpClient[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

/** `ask(repo)`: which commit its main stands at. */
function asking(limits = { connectMs: 5_000, askMs: 20_000 }) {
  const client = new HttpClient(() => undefined)
  clients.push(client)
  const refs = new HttpRefs(client, limits)
  return async (repo: string) => {
    const found = await refs.ask(remoteOf({ repo }), { branch: 'main' })
    return found.branches.get('main')
  }
}

const faultOf = async (asked: Promise<unknown>): Promise<HostFault> => {
  const fault = await asked.catch((thrown: unknown) => thrown)
  expect(fault).toBeInstanceOf(HostFault)
  return fault as HostFault
}

describe('a host', () => {
  it('is asked over one connection that is kept', async () => {
    await using server = await serveRefs()
    const ask = asking()
    for (let n = 0; n < 60; n++) expect(await ask(`${server.url}/${n % 20}.git`)).toBe(server.commit)
    expect(server.connections()).toBe(1)
    // What the server can do was asked once of each, and never again.
    expect(server.requests).toHaveLength(20 + 60)
  })

  it('of a thousand repositories, one of which is dead: it delays none of the rest', async () => {
    const isDead = (url = '') => url.startsWith('/500.git')
    await using server = await serveRefs((request) => request.method === 'POST' && isDead(request.url))
    const ask = asking({ connectMs: 5_000, askMs: 60_000 })
    const all = Array.from({ length: 1000 }, (_, n) => `${server.url}/${n}.git`)
    let isOver = false
    // As they are polled: one each few milliseconds. How long each waits is shown by a clock of its own, in test/web/line.test.ts.
    const answers = all.map(async (repo, n) => {
      await new Promise((resolve) => setTimeout(resolve, n * 3))
      const answer = ask(repo)
      if (!isDead(new URL(repo).pathname)) return answer
      void answer.catch(() => {}).finally(() => (isOver = true))
      return null
    })
    const answered = (await Promise.all(answers)).filter((commit) => commit === server.commit)
    expect({ answered: answered.length, isOver }).toEqual({ answered: 999, isOver: false })
    // One may just be closing when the next is opened.
    expect(server.peak()).toBeLessThanOrEqual(7)
  }, 60_000)

  it('that takes long is asked more than one question at a time, and a few at the most', async () => {
    let [now, most] = [0, 0]
    await using server = await serveRefs((request, response) => {
      if (request.method !== 'POST') return false
      most = Math.max(most, ++now)
      response.once('close', () => now--)
      return true
    })
    const ask = asking({ connectMs: 5_000, askMs: 3_000 })
    await Promise.allSettled(Array.from({ length: 30 }, (_, n) => ask(`${server.url}/${n}.git`)))
    expect(most).toBe(6)
  })

  it('that is not there is found out once for all who stand in line', async () => {
    const server = createTcpServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    const ask = asking()
    const asked = Array.from({ length: 200 }, (_, n) => faultOf(ask(`http://127.0.0.1:${port}/${n}.git`)))
    const faults = await Promise.all(asked)
    expect(faults.every(({ isSure, reason }) => isSure && reason === 'the connection was refused.')).toBe(true)
    expect(faults[7]?.message).toContain(`http://127.0.0.1:${port}/7.git cannot be read`)
  })

  it('that takes connections and says nothing keeps nobody longer than its first', async () => {
    const sockets = new Set<Socket>()
    const server = createTcpServer((socket) => void sockets.add(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const ask = asking({ connectMs: 500, askMs: 1_500 })
    const began = performance.now()
    const faults = await Promise.all(Array.from({ length: 100 }, (_, n) => faultOf(ask(`http://127.0.0.1:${port}/${n}.git`))))
    expect(performance.now() - began).toBeLessThan(6_000)
    expect(faults.every(({ isSure, message }) => !isSure && message.includes('no answer within 1.5 s'))).toBe(true)
    expect(sockets.size).toBeLessThanOrEqual(6)
    for (const socket of sockets) socket.destroy()
    server.close()
  })
})

it('once it is closed nothing is asked any more, also not by who stands in line', async () => {
  await using server = await serveRefs(() => true)
  const ask = asking()
  const asked = Promise.allSettled(Array.from({ length: 20 }, (_, n) => ask(`${server.url}/${n}.git`)))
  await vi.waitFor(() => expect(server.requests.length).toBeGreaterThan(0))
  for (const client of clients) client.close()
  expect((await asked).map(({ status }) => status)).toEqual(Array(20).fill('rejected'))
  expect(server.requests.length).toBeLessThanOrEqual(6)
})

describe('a server', () => {
  it.each([
    ['429 without a word', 429, undefined, { isSure: true, waitMs: null }],
    ['429 with seconds', 429, '120', { isSure: true, waitMs: 120_000 }],
    ['503 with seconds', 503, ' 7 ', { isSure: true, waitMs: 7_000 }],
    ['503 with a day', 503, '86400', { isSure: true, waitMs: 3_600_000 }],
    ['503 with nonsense', 503, 'soon', { isSure: false, waitMs: null }],
    ['500', 500, '120', { isSure: false, waitMs: null }],
    ['502', 502, undefined, { isSure: false, waitMs: null }],
  ])('that answers %s', async (_, status, after, fault) => {
    await using server = await serveRefs((_request, response) => {
      response.writeHead(status, after === undefined ? {} : { 'retry-after': after }).end()
      return true
    })
    expect(await faultOf(asking()(`${server.url}/a.git`))).toMatchObject({ ...fault, code: 'SourceUnreachable', retry: true })
    expect(server.requests).toHaveLength(1)
  })

  it('that names a date to come back at', async () => {
    const date = new Date(Math.ceil(Date.now() / 1000) * 1000 + 90_000).toUTCString()
    await using server = await serveRefs((_request, response) => {
      response.writeHead(503, { 'retry-after': date }).end()
      return true
    })
    const { waitMs } = await faultOf(asking()(`${server.url}/a.git`))
    expect(waitMs).toBeGreaterThan(80_000)
    expect(waitMs).toBeLessThanOrEqual(91_000)
  })

  it('that is asked to slow down is not asked twice, also by who was answered before', async () => {
    let isBusy = false
    await using server = await serveRefs((_request, response) => {
      if (isBusy) response.writeHead(429).end()
      return isBusy
    })
    const ask = asking()
    await ask(`${server.url}/a.git`)
    isBusy = true
    server.requests.length = 0
    await faultOf(ask(`${server.url}/a.git`))
    expect(server.requests).toEqual(['POST /a.git/git-upload-pack'])
  })

  it.each([401, 403, 404, 410])('that answers %i speaks of the one repository', async (status) => {
    await using server = await serveRefs((_request, response) => {
      response.writeHead(status, { 'retry-after': '5' }).end()
      return true
    })
    await expect(asking()(`${server.url}/a.git`)).rejects.not.toBeInstanceOf(HostFault)
  })

  it('that closed the connection meanwhile is asked again at once', async () => {
    let cut = false
    await using server = await serveRefs((request) => {
      if (!cut) return false
      cut = false
      request.socket.destroy()
      return true
    })
    const ask = asking()
    await ask(`${server.url}/a.git`)
    cut = true
    server.commit = 'b'.repeat(40)
    expect(await ask(`${server.url}/a.git`)).toBe(server.commit)
  })
})

describe('a folder of files', () => {
  /** Serves info/refs and HEAD with the tags that are given, and 304 where they are known. */
  async function serveFiles(tags: () => Record<string, string>) {
    const files = { '/a.git/info/refs': `${'a'.repeat(40)}\trefs/heads/main\n`, '/a.git/HEAD': 'ref: refs/heads/main\n' }
    const answered: string[] = []
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '', 'http://x')
      const headers = tags()
      const knows =
        (headers.etag !== undefined && request.headers['if-none-match'] === headers.etag) ||
        (headers['last-modified'] !== undefined && request.headers['if-modified-since'] === headers['last-modified'])
      answered.push(`${pathname} ${knows ? 304 : 200}`)
      response.writeHead(knows ? 304 : 200, headers).end(knows ? '' : files[pathname as keyof typeof files])
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    return {
      repo: `http://127.0.0.1:${port}/a.git`,
      files,
      answered,
      [Symbol.asyncDispose]: () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve())
          server.closeAllConnections()
        }),
    }
  }

  it.each([
    ['ETag', { etag: '"1"' }, { etag: '"2"' }],
    ['Last-Modified', ago(60), ago(10)],
  ])('with %s is not sent again until it changes', async (_, before, after) => {
    let tags: Record<string, string> = before
    await using server = await serveFiles(() => tags)
    const ask = asking()
    expect(await ask(server.repo)).toBe('a'.repeat(40))
    server.answered.length = 0
    for (let n = 0; n < 3; n++) expect(await ask(server.repo)).toBe('a'.repeat(40))
    expect(server.answered).toEqual(Array(3).fill(['/a.git/info/refs 304', '/a.git/HEAD 304']).flat())
    tags = after
    server.files['/a.git/info/refs'] = `${'b'.repeat(40)}\trefs/heads/main\n`
    expect(await ask(server.repo)).toBe('b'.repeat(40))
  })

  it('that changes twice in a second, by a clock of seconds, has no change overlooked', async () => {
    // The same time, the same size and so the same tag: what nginx gives for a file of refs.
    const date = new Date().toUTCString()
    const tags = { date, 'last-modified': date, etag: '"5f0c1d2e-3b"' }
    await using server = await serveFiles(() => tags)
    const ask = asking()
    await ask(server.repo)
    server.files['/a.git/info/refs'] = `${'b'.repeat(40)}\trefs/heads/main\n`
    expect(await ask(server.repo)).toBe('b'.repeat(40))
  })

  it('may become a git server', async () => {
    await using files = await serveFiles(() => ({}))
    await using git = await serveRefs()
    let isGit = false
    const open = new Set<Socket>()
    const cut = () => {
      for (const socket of open) socket.destroy()
    }
    const front = createTcpServer((socket) => {
      const to = connect(Number(new URL(isGit ? git.url : files.repo).port), '127.0.0.1')
      socket.pipe(to).pipe(socket)
      for (const each of [socket, to]) open.add(each.on('error', () => {}))
    })
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
    const repo = `http://127.0.0.1:${(front.address() as { port: number }).port}/a.git`
    const ask = asking()
    expect(await ask(repo)).toBe('a'.repeat(40))
    isGit = true
    git.commit = 'c'.repeat(40)
    cut()
    expect(await ask(repo)).toBe('c'.repeat(40))
    cut()
    front.close()
  })
})

function ago(seconds: number): Record<string, string> {
  return { 'last-modified': new Date(Date.now() - seconds * 1000).toUTCString() }
}
