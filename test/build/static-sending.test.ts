import { readdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { serve } from './serve.ts'
import { imageOf, world } from './world.ts'

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

function ask(url: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const { port, hostname } = new URL(url)
  return new Promise((resolve, reject) => {
    const sent = request({ port, hostname, path, headers }, async (response) => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(await response.toArray()) })
    })
    sent.on('error', reject).end()
  })
}

const SCRIPT = 'let answer = 42\n'.repeat(200)
const SITE = { 'index.html': 'small', 'app.js': SCRIPT, 'photo.jpg': SCRIPT, 'large.css': 'a { color: red }\n'.repeat(20_000) }

test('text is compressed by the build, and sent as the one who asks likes it best', async () => {
  const w = await world()
  const plan = await w.plan(SITE)
  const image = imageOf(await w.build(plan))
  expect(image.materials?.versions).toEqual({ node: process.versions.node })
  expect(await w.log(plan)).toContain('Compressed 2 files for br and gzip\n')
  const { url } = await serve(image)
  const encoding = async (accept: string) =>
    (await ask(url, '/app.js', { 'accept-encoding': accept })).headers['content-encoding']
  const wishes: Array<[accept: string, sent: string | undefined]> = [
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0.5, gzip;q=1.0', 'gzip'],
    ['GZIP;q=0.2, identity;q=0.9', undefined],
    ['br;q=0, *', 'gzip'],
    ['*;q=0', undefined],
    ['deflate', undefined],
    ['', undefined],
  ]
  for (const [accept, sent] of wishes) expect([accept, await encoding(accept)]).toEqual([accept, sent])

  const plain = await ask(url, '/app.js')
  expect([plain.headers.vary, plain.headers['content-encoding'], plain.body.toString()]).toEqual([
    'Accept-Encoding',
    undefined,
    SCRIPT,
  ])
  const br = await ask(url, '/app.js', { 'accept-encoding': 'br' })
  expect(brotliDecompressSync(br.body).toString()).toBe(SCRIPT)
  expect([br.headers['content-length'], br.headers['content-type']]).toEqual([
    String(br.body.length),
    'text/javascript; charset=utf-8',
  ])
  const gzip = await ask(url, '/large.css', { 'accept-encoding': 'gzip' })
  expect(gunzipSync(gzip.body).toString()).toBe(SITE['large.css'])
  // Three copies, three tags.
  const tags = [plain, br, await ask(url, '/app.js', { 'accept-encoding': 'gzip' })].map(({ headers }) => headers.etag)
  expect(new Set(tags).size).toBe(3)
  expect(await ask(url, '/app.js', { 'accept-encoding': 'br', 'if-none-match': String(br.headers.etag) })).toMatchObject({
    status: 304,
    headers: { vary: 'Accept-Encoding', etag: br.headers.etag },
  })
  // Too small, or compressed in itself.
  for (const path of ['/', '/photo.jpg']) expect((await ask(url, path, { 'accept-encoding': 'br' })).headers.vary).toBeUndefined()
  // A part is one of the file as it is.
  const part = await ask(url, '/app.js', { 'accept-encoding': 'br', range: 'bytes=4-9' })
  expect([part.status, part.headers['content-encoding'], part.body.toString()]).toEqual([206, undefined, 'answer'])

  // What the running app writes is sent as it is now, not as it was when it was built.
  writeFileSync(join(image.ref, 'app.js'), SCRIPT.replaceAll('42', '43'))
  await expect.poll(async () => (await ask(url, '/app.js', { 'accept-encoding': 'br' })).body.toString()).toContain('answer = 43')
  expect((await ask(url, '/app.js')).headers.etag).not.toBe(plain.headers.etag)
})

test('the next build takes the copies from the cache, and the cache loses what it did not use', async () => {
  const w = await world()
  const copies = (ref: string) => readdirSync(join(ref, '.trimtab/packed')).sort()
  const first = imageOf(await w.build(await w.plan(SITE)))
  const next = await w.plan({ ...SITE, 'large.css': 'b { color: blue }\n'.repeat(20_000), 'new.txt': '' })
  const second = imageOf(await w.build(next))
  expect(await w.log(next)).toContain('Compressed 2 files for br and gzip, 1 of them in an earlier build\n')
  expect(copies(first.ref)).toHaveLength(4)
  expect(copies(second.ref)).toHaveLength(4)
  expect(copies(first.ref).filter((name) => copies(second.ref).includes(name))).toHaveLength(2)
  const back = await w.plan({ ...SITE, 'new.txt': '2' })
  const third = imageOf(await w.build(back))
  expect(await w.log(back)).toContain(', 1 of them in an earlier build\n')
  expect(copies(third.ref)).toEqual(copies(first.ref))
})

test('dates: as new as the release, since all files of a build carry the same', async () => {
  const w = await world()
  const before = Math.floor(Date.now() / 1000) * 1000
  const { url } = await serve(imageOf(await w.build(await w.plan({ 'index.html': '0123456789' }))))
  const { headers } = await ask(url, '/')
  const modified = String(headers['last-modified'])
  expect(Date.parse(modified)).toBeGreaterThanOrEqual(before)
  const status = async (more: Record<string, string>) => (await ask(url, '/', more)).status
  expect(await status({ 'if-modified-since': modified })).toBe(304)
  expect(await status({ 'if-modified-since': new Date(before - 60_000).toUTCString() })).toBe(200)
  // Tags say more than dates.
  expect(await status({ 'if-modified-since': modified, 'if-none-match': '"other"' })).toBe(200)
  expect(await status({ range: 'bytes=0-1', 'if-range': modified })).toBe(206)
  expect(await status({ range: 'bytes=0-1', 'if-range': new Date(0).toUTCString() })).toBe(200)
})
