/** The name of an app leads here: asked of a name server of the test's own. */
import { createSocket, type Socket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { afterEach, expect, it } from 'vitest'
import { checkDns } from '../../../src/cli/doctor/dns.ts'

let server: Socket | undefined
afterEach(() => server?.close())

/** Answers A questions below `*.<domain>` with the address, all others with NXDOMAIN; null: answers nothing at all. */
async function nameServer(records: Record<string, string> | null): Promise<Resolver> {
  server = createSocket('udp4')
  server.on('message', (question, { port, address }) => {
    if (records !== null) server?.send(answerTo(question, records), port, address)
  })
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  const resolver = new Resolver({ timeout: 300, tries: 1 })
  resolver.setServers([`127.0.0.1:${server.address().port}`])
  return resolver
}

/** RFC 1035, 4.1. */
function answerTo(question: Buffer, records: Record<string, string>): Buffer {
  let at = 12
  const labels: string[] = []
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  const type = question.readUInt16BE(at + 1)
  const found = type === 1 && labels.length > 1 ? records[labels.slice(1).join('.')] : undefined
  const head = Buffer.from(question.subarray(0, at + 5))
  head.writeUInt16BE(found === undefined ? 0x8183 : 0x8180, 2)
  head.writeUInt16BE(found === undefined ? 0 : 1, 6)
  head.writeUInt16BE(0, 8)
  head.writeUInt16BE(0, 10)
  if (found === undefined) return head
  return Buffer.concat([head, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...found.split('.').map(Number)])])
}

it('asks nobody of names below localhost', async () => {
  for (const domain of ['localhost', 'apps.localhost']) {
    expect(await checkDns(domain)).toEqual([
      { name: 'dns', level: 'ok', message: `*.${domain}: browsers and curl lead it to this machine, and to no other` },
    ])
  }
})

it('is content with an address of this machine', async () => {
  const names = await nameServer({ 'apps.example.com': '127.0.0.1' })
  expect(await checkDns('apps.example.com', names)).toEqual([
    { name: 'dns', level: 'ok', message: '*.apps.example.com leads to 127.0.0.1' },
  ])
})

it('warns of one that is not', async () => {
  const names = await nameServer({ 'apps.example.com': '192.0.2.7' })
  expect(await checkDns('apps.example.com', names)).toMatchObject([
    {
      level: 'warn',
      message: "*.apps.example.com leads to 192.0.2.7, which is no address of this machine's own",
      remedy: expect.stringContaining('in front of this machine'),
    },
  ])
})

it('asks for a name that nobody has made a record of, and says which record is missing', async () => {
  const names = await nameServer({ 'example.com': '127.0.0.1' })
  expect(await checkDns('apps.example.com', names)).toMatchObject([
    {
      level: 'warn',
      message: expect.stringMatching(/^trimtab-[0-9a-f]{8}\.apps\.example\.com is not found \(ENOTFOUND\)$/),
      remedy: expect.stringContaining('*.apps.example.com'),
    },
  ])
})

it('does not wait for a name server that is silent', async () => {
  const names = await nameServer(null)
  const began = Date.now()
  expect(await checkDns('apps.example.com', names)).toMatchObject([
    { level: 'warn', message: expect.stringContaining('ETIMEOUT') },
  ])
  expect(Date.now() - began).toBeLessThan(5_000)
})
