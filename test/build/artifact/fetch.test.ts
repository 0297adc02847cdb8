import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lookupElsewhere } from '../../../src/build/artifact/addresses.ts'
import { type FetchOptions, fetchBytes } from '../../../src/build/artifact/fetch.ts'
import { isLocal } from '../../../src/config/nets.ts'

describe('addresses that are local', () => {
  it.each([
    ...[
      '127.0.0.1',
      '127.9.9.9',
      '0.0.0.0',
      '169.254.169.254',
      '224.0.0.1',
      '255.255.255.255',
      '168.63.129.16',
      '100.100.100.200',
    ],
    ...[
      '::1',
      '::',
      'fe80::1',
      'fe80::1%eth0',
      'ff02::1',
      'fd00:ec2::254',
      '::ffff:127.0.0.1',
      '::ffff:a9fe:a9fe',
      '::127.0.0.1',
    ],
    ...['64:ff9b::169.254.169.254', '64:ff9b::7f00:1', '2002:7f00:1::', 'localhost', ''],
  ])('%s', (address) => {
    expect(isLocal(address)).toBe(true)
  })

  it.each([
    '10.0.0.1',
    '192.168.1.5',
    '172.16.0.1',
    '93.184.216.34',
    '2606:4700::1111',
    'fd12::1',
    '::ffff:10.0.0.1',
    '2002:a00:1::',
  ])('not %s', (address) => {
    expect(isLocal(address)).toBe(false)
  })

  it('a name that leads there is not connected to', async () => {
    const looked = await new Promise((resolve) => lookupElsewhere('localhost', { all: true }, (error) => resolve(error?.name)))
    expect(looked).toBe('LocalAddress')
  })
})

describe('fetching', () => {
  let server: Server
  let base: string
  const asked: string[] = []
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(`${request.headers['user-agent']} ${request.url}`)
      const [, path = '', rest = ''] = /^\/([^/?]+)\/?(.*)$/.exec(request.url ?? '') ?? []
      if (path === 'to') return void response.writeHead(302, { location: decodeURIComponent(rest) }).end()
      if (path === 'loop') return void response.writeHead(302, { location: '/loop' }).end()
      if (path === 'status') return void response.writeHead(Number.parseInt(rest, 10)).end('no')
      if (path === 'short') {
        response.writeHead(200, { 'content-length': '100' })
        return void response.write('part', () => response.destroy())
      }
      if (path === 'says') return void response.writeHead(200, { 'content-length': rest }).end()
      response.end('content')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => void server.close())

  const lines: string[] = []
  const text = async (address: string, more: Partial<FetchOptions> = {}) => {
    const options = {
      allow: ['https', 'http'] as const,
      local: true,
      sizeBytes: 1000,
      ca: undefined,
      signal: new AbortController().signal,
    }
    const pieces: Buffer[] = []
    const all = { ...options, allow: [...options.allow], line: (line: string) => void lines.push(line), ...more }
    for await (const piece of fetchBytes(address, all)) pieces.push(piece)
    return Buffer.concat(pieces).toString()
  }
  const refusal = (why: string, retry = false) => ({ code: 'BuildFailed', retry, message: expect.stringContaining(why) })

  it('gives what is there, also behind redirects', async () => {
    expect(await text(`${base}/file`)).toBe('content')
    expect(asked.at(-1)).toBe('trimtab /file')
    expect(await text(`${base}/to/${encodeURIComponent('/file?key=secret')}`)).toBe('content')
    expect(lines.at(-1)).toBe(`       Redirected to ${base}/file`)
  })

  it('asks nothing of a kind or at a place that is not allowed, not even behind a redirect', async () => {
    const port = new URL(base).port
    const before = asked.length
    await expect(text(`${base}/file`, { allow: ['https'] })).rejects.toMatchObject(
      refusal('artifacts come over https here, not over http'),
    )
    await expect(text(`${base}/file`, { allow: [] })).rejects.toMatchObject(refusal('come over no network here'))
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0x7f.1', '2130706433']) {
      await expect(text(`http://${host}:${port}/file`, { local: false }), host).rejects.toMatchObject(refusal('is not asked'))
    }
    expect(asked.length).toBe(before)
    const to = (address: string) => text(`${base}/to/${encodeURIComponent(address)}`)
    for (const address of ['ftp://h/x', 'file:///etc/passwd', 'gopher://h/']) {
      await expect(to(address), address).rejects.toMatchObject(refusal('is not asked'))
    }
    await expect(to('http://[')).rejects.toMatchObject(refusal('redirects to what is no address'))
    await expect(text(`${base}/loop`)).rejects.toMatchObject(refusal('redirects more than 5 times'))
  })

  it('says what came of it, and whether another try may do', async () => {
    await expect(text(`${base}/status/404?key=secret`)).rejects.toMatchObject({
      code: 'BuildFailed',
      retry: false,
      message: `The artifact cannot be fetched: ${base}/status/404 answers with status 404.`,
    })
    await expect(text(`${base}/status/503`)).rejects.toMatchObject(refusal('answers with status 503', true))
    await expect(text(`${base}/short`)).rejects.toMatchObject(refusal('ended before it was complete', true))
    await expect(text('http://127.0.0.1:9/x')).rejects.toMatchObject(refusal('cannot be reached', true))
    await expect(text(`${base}/says/1001`)).rejects.toMatchObject(refusal('is larger than'))
    const stopped = AbortSignal.abort(new Error('stopped'))
    await expect(text(`${base}/file`, { signal: stopped })).rejects.toThrow('stopped')
  })
})
