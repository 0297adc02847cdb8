import { symlink } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Tree } from '../support/dirsource.ts'
import { serve } from './serve.ts'
import { imageOf, world } from './world.ts'

async function site(tree: Tree, prepare: (ref: string) => Promise<void> = async () => {}) {
  const w = await world()
  const image = imageOf(await w.build(await w.plan(tree)))
  await prepare(image.ref)
  return serve(image)
}

/** A request whose path is sent as it is: fetch would tidy it up. */
function raw(url: string, path: string, method = 'GET'): Promise<{ status: number; body: string; location: string | undefined }> {
  const { port, hostname } = new URL(url)
  return new Promise((resolve, reject) => {
    const sent = request({ port, hostname, path, method }, (response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, location: response.headers.location }))
    })
    sent.on('error', reject).end()
  })
}

const PAGES: Tree = {
  'public/index.html': '<h1>Home</h1>',
  'public/app.js': 'let a',
  'public/docs/index.html': 'docs',
  'public/docs/ünï code.txt': 'text',
  'public/data.bin': '0123456789',
  'public/empty.txt': '',
  'public/.env': 'SECRET=1',
  'public/.git/config': 'secret',
  'public/.well-known/security.txt': 'contact',
  'secret.txt': 'outside of the root',
}

test('files with their types; folders by their index; everything else is 404', async () => {
  const { url } = await site(PAGES)
  const home = await fetch(`${url}/`)
  expect([home.status, home.headers.get('content-type'), await home.text()]).toEqual([
    200,
    'text/html; charset=utf-8',
    '<h1>Home</h1>',
  ])
  expect((await fetch(`${url}/app.js?v=1`)).headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  expect((await fetch(`${url}/data.bin`)).headers.get('content-type')).toBe('application/octet-stream')
  expect(await (await fetch(`${url}/docs/`)).text()).toBe('docs')
  expect(await (await fetch(`${url}/docs/%C3%BCn%C3%AF%20code.txt`)).text()).toBe('text')
  expect(await raw(url, '/docs?a=b')).toMatchObject({ status: 301, location: '/docs/?a=b' })
  expect((await fetch(`${url}/.well-known/security.txt`)).status).toBe(200)
  expect((await fetch(`${url}/empty.txt`)).headers.get('content-length')).toBe('0')
  for (const path of ['/none', '/app.js/', '/public/index.html']) expect((await fetch(url + path)).status).toBe(404)
})

test('nothing outside of the root and no dotfile is served, however the path is written', async () => {
  const { url } = await site(PAGES, async (ref) => {
    await symlink('/etc/passwd', join(ref, 'public/passwd'))
    await symlink('..', join(ref, 'public/up'))
  })
  const paths = [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/docs/../../secret.txt',
    '/..\\secret.txt',
    '/%5c..%5csecret.txt',
    '//../secret.txt',
    '/.env',
    '/%2eenv',
    '/.git/config',
    '/passwd',
    '/up/secret.txt',
    '/app.js%00.html',
    '/%',
    '/%ff',
    'http://other/../secret.txt',
  ]
  for (const path of paths) expect([path, (await raw(url, path)).status]).toEqual([path, 404])
  // A path that begins with two slashes must not become another host.
  expect((await raw(url, '//docs')).location).toBe('/docs/')
})

test('HEAD, ETags and ranges', async () => {
  const { url } = await site(PAGES)
  const head = await fetch(`${url}/data.bin`, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', ''])
  const etag = head.headers.get('etag') ?? ''
  const get = async (headers: Record<string, string>) => {
    const answer = await fetch(`${url}/data.bin`, { headers })
    return [answer.status, answer.headers.get('content-range'), await answer.text()]
  }
  expect(await get({ 'if-none-match': `"x", W/${etag}` })).toEqual([304, null, ''])
  expect(await get({ range: 'bytes=2-4' })).toEqual([206, 'bytes 2-4/10', '234'])
  expect(await get({ range: 'bytes=-3' })).toEqual([206, 'bytes 7-9/10', '789'])
  expect(await get({ range: 'bytes=8-99' })).toEqual([206, 'bytes 8-9/10', '89'])
  expect(await get({ range: 'bytes=10-' })).toEqual([416, 'bytes */10', ''])
  expect(await get({ range: 'bytes=4-2' })).toEqual([200, null, '0123456789'])
  expect(await get({ range: 'bytes=0-1', 'if-range': etag })).toEqual([206, 'bytes 0-1/10', '01'])
  expect(await get({ range: 'bytes=0-1', 'if-range': '"other"' })).toEqual([200, null, '0123456789'])
  expect((await raw(url, '/data.bin', 'POST')).status).toBe(405)
})

test('two versions of a file with the same size and time have different ETags', async () => {
  const tags = await Promise.all(
    ['aaaa', 'bbbb'].map(async (text) => {
      const { url } = await site({ 'index.html': text })
      return (await fetch(url)).headers.get('etag')
    }),
  )
  expect(tags[0]).not.toBe(tags[1])
})

test('the app’s own folder as root: its pages, and not what belongs to the platform', async () => {
  const { url } = await site({
    'index.html': 'home',
    '404.html': 'gone',
    Procfile: 'web: node .trimtab/static.mjs\n',
    'static.json': '{}',
  })
  expect(await raw(url, '/none')).toMatchObject({ status: 404, body: 'gone' })
  for (const path of ['/Procfile', '/static.json', '/.trimtab/static.mjs']) expect((await raw(url, path)).status).toBe(404)
})

test('static.json: root, clean addresses, error page; a root outside of the app is refused', async () => {
  const config = JSON.stringify({ root: 'dist', clean_urls: true, error_page: 'oops.html' })
  const { url } = await site({ 'static.json': config, 'dist/about.html': 'about', 'dist/oops.html': 'oops' })
  expect(await raw(url, '/about')).toMatchObject({ status: 200, body: 'about' })
  expect(await raw(url, '/none')).toMatchObject({ status: 404, body: 'oops' })
  await expect(site({ 'static.json': '{"root": "../.."}' })).rejects.toThrow('outside of the app')
})

test('SIGTERM: an answer that is under way is finished, then it ends at once', async () => {
  const { url, child, exit } = await site({ 'index.html': 'home', 'big.bin': 'x'.repeat(20_000_000) })
  const answer = await fetch(`${url}/big.bin`)
  child.kill('SIGTERM')
  expect((await answer.arrayBuffer()).byteLength).toBe(20_000_000)
  const before = performance.now()
  expect(await exit).toBe(0)
  expect(performance.now() - before).toBeLessThan(3000)
})
