import { request } from 'node:http'
import { expect, test } from 'vitest'
import type { Tree } from '../support/dirsource.ts'
import { serve } from './serve.ts'
import { failureOf, imageOf, world } from './world.ts'

interface Answer {
  status: number
  location: string | undefined
  body: string
  headers: Record<string, string | string[] | undefined>
}

/** A served site, asked by paths that are sent as they are: fetch would tidy them up. */
async function site(tree: Tree): Promise<(path: string) => Promise<Answer>> {
  const w = await world()
  const { url } = await serve(imageOf(await w.build(await w.plan(tree))))
  const { port, hostname } = new URL(url)
  return (path) =>
    new Promise((resolve, reject) => {
      const sent = request({ port, hostname, path }, async (response) => {
        const body = Buffer.concat(await response.toArray()).toString()
        const { statusCode: status = 0, headers } = response
        resolve({ status, body, headers, location: headers.location })
      })
      sent.on('error', reject).end()
    })
}

test('_redirects: the first that fits, with placeholders, splats and queries; files win unless it is forced', async () => {
  const get = await site({
    'public/index.html': 'home',
    'public/shop.html': 'shop',
    'public/there.txt': 'there',
    'public/shadow.txt': 'shadowed',
    'public/gone.html': 'this is gone',
    'public/.hidden': 'secret',
    'public/_redirects': [
      '# the old site',
      '/home            /',
      '/blog/:year/:slug  /news/:slug?from=:year   302',
      '/docs/*          https://docs.example.com/v1/:splat  307 # moved out',
      '/store id=:id    /shop/:id                303',
      '/store kind=old  /attic                   308',
      '/there.txt       /elsewhere',
      '/shadow.txt      /elsewhere               301!',
      '/to/*            /:splat',
      '/unlike/%C3%BC   /ok',
      '/app/*           /shop.html               200',
      '/peek/*          /:splat                  200',
      '/was/*           /gone.html               404',
    ].join('\r\n'),
  })
  const moved = async (path: string) => {
    const { status, location } = await get(path)
    return [status, location]
  }
  expect(await moved('/home')).toEqual([301, '/'])
  expect(await moved('/home/?a=1')).toEqual([301, '/?a=1'])
  expect(await moved('/blog/2024/h%C3%A9%20llo%0d%0a')).toEqual([302, '/news/h%C3%A9%20llo%0D%0A?from=2024'])
  expect((await get('/blog/2024')).status).toBe(404)
  expect(await moved('/docs/a/b?q=1')).toEqual([307, 'https://docs.example.com/v1/a/b?q=1'])
  expect(await moved('/docs')).toEqual([307, 'https://docs.example.com/v1/'])
  expect(await moved('/store?id=7')).toEqual([303, '/shop/7?id=7'])
  expect(await moved('/store?kind=old')).toEqual([308, '/attic?kind=old'])
  expect((await get('/store?kind=new')).status).toBe(404)
  expect(await get('/there.txt')).toMatchObject({ status: 200, body: 'there' })
  expect(await moved('/shadow.txt')).toEqual([301, '/elsewhere'])
  expect(await moved('/unlike/%c3%bc')).toEqual([301, '/ok'])
  // Never another host, however the path is written.
  for (const path of ['/to//evil.example', '/to/%2Fevil.example', '/to///evil.example']) {
    expect(await moved(path)).toEqual([301, '/evil.example'])
  }
  expect(await get('/app/any/where')).toMatchObject({ status: 200, body: 'shop' })
  expect(await get('/peek/there.txt')).toMatchObject({ status: 200, body: 'there' })
  for (const path of ['/peek/.hidden', '/peek/%2e%2e/_redirects', '/peek/_redirects', '/_redirects']) {
    expect([path, (await get(path)).status]).toEqual([path, 404])
  }
  expect(await get('/was/here')).toMatchObject({ status: 404, body: 'this is gone' })
})

test('a single page: whatever is no file is index.html; headers by path, the later ones win; names with a hash are kept for ever', async () => {
  const get = await site({
    'index.html': 'the page',
    'assets/index-DiwrgTda.js': 'let a',
    'assets/main.8f3e1a2b.css': 'a {}',
    'assets/screen-1920x1080.png': '',
    'assets/photo-20240101.jpg': '',
    'assets/jquery-compress.js': '',
    'main.8f3e1a2b.css': '',
    'worker.js': '',
    _redirects: '/* /index.html 200\n',
    _headers: [
      '/*',
      '  X-Frame-Options: DENY',
      '  Link: </a>; rel=preload',
      '  Link: </b>; rel=preload',
      '# scripts',
      '/*.js',
      '\tX-Frame-Options: SAMEORIGIN',
      '/worker.js',
      '  cache-control: no-cache',
      '  Content-Type: text/plain',
    ].join('\n'),
  })
  expect(await get('/users/7')).toMatchObject({ status: 200, body: 'the page' })
  const page = (await get('/')).headers
  expect([page['x-frame-options'], page.link]).toEqual(['DENY', '</a>; rel=preload, </b>; rel=preload'])
  const cached = async (path: string) => (await get(path)).headers['cache-control']
  for (const path of ['/assets/index-DiwrgTda.js', '/assets/main.8f3e1a2b.css']) expect(await cached(path)).toContain('immutable')
  const others = ['/', '/users/7', '/assets/screen-1920x1080.png', '/assets/photo-20240101.jpg', '/assets/jquery-compress.js']
  for (const path of [...others, '/main.8f3e1a2b.css'])
    expect([path, await cached(path)]).toEqual([path, 'public, max-age=0, must-revalidate'])
  const worker = (await get('/worker.js')).headers
  expect(worker).toMatchObject({ 'x-frame-options': 'SAMEORIGIN', 'cache-control': 'no-cache', 'content-type': 'text/plain' })
})

test('static.json: routes, redirects and headers as Heroku writes them, addresses without .html', async () => {
  const get = await site({
    'static.json': JSON.stringify({
      root: 'dist/',
      clean_urls: true,
      routes: { '/api/*': 'api.json', '/**': 'index.html' },
      redirects: { '/old/': { url: '/new', status: 302 }, '/about-us': '/about' },
      headers: { '/**': { 'X-A': '1' }, '/api/*': { 'X-A': '2' } },
      https_only: true,
    }),
    'dist/index.html': 'home',
    'dist/about.html': 'about',
    'dist/docs/index.html': 'docs',
    'dist/api.json': '{}',
  })
  const moved = async (path: string) => {
    const { status, location } = await get(path)
    return [status, location]
  }
  expect(await moved('/about.html?a=b')).toEqual([301, '/about?a=b'])
  expect(await moved('/about/')).toEqual([301, '/about'])
  expect(await moved('/docs/index.html')).toEqual([301, '/docs/'])
  expect(await moved('/index.html')).toEqual([301, '/'])
  expect(await moved('/old')).toEqual([302, '/new'])
  expect(await moved('/about-us')).toEqual([301, '/about'])
  expect(await get('/about')).toMatchObject({ status: 200, body: 'about' })
  expect(await get('/api/7')).toMatchObject({ status: 200, body: '{}', headers: { 'x-a': '2' } })
  expect(await get('/api/7/8')).toMatchObject({ status: 200, body: 'home', headers: { 'x-a': '1' } })

  const plain = await site({ 'index.html': 'home', 'about.html': 'about' })
  for (const path of ['/about', '/about.html']) expect(await plain(path)).toMatchObject({ status: 200, body: 'about' })
  expect((await plain('/about/')).status).toBe(404)
  const off = await site({ 'index.html': 'home', 'about.html': 'about', 'static.json': '{"clean_urls": false}' })
  expect((await off('/about')).status).toBe(404)
})

test('what is wrong with the rules fails the build, all of it at once, each with its line', async () => {
  const w = await world()
  const rules = await w.plan({
    'public/index.html': '',
    'public/_redirects': [
      '/ok /fine',
      '/alone',
      'relative /to',
      '/a /b 999',
      '/a/*/b /c',
      '/a //evil.example',
      '/a /\\evil.example',
      '/a/:x https://:x.example.com/',
      '/a https://example.com/:splat 200',
      '/a /b 302 Country=de',
      'https://old.example.com/* /new',
      '/:a/:a /b',
    ].join('\n'),
    'public/_headers': '  X-Early: 1\n/*\n  No colon\n  Content-Length: 5\n  Basic-Auth: a:b\n  X-Bad: \u0001\n',
    'static.json': JSON.stringify({ basic_auth: true, clean_urls: 'yes', headers: { '/': { 'A B': 'c' } }, routes: ['/'] }),
  })
  const { code, message } = failureOf(await w.build(rules))
  expect(code).toBe('BuildFailed')
  const log = await w.log(rules)
  expect(log).not.toContain('_redirects:1:')
  const lines = Array.from({ length: 11 }, (_, at) => `public/_redirects:${at + 2}: `)
  for (const line of [...lines, ...[1, 3, 4, 5, 6].map((at) => `public/_headers:${at}: `)])
    expect(log).toContain(` !     ${line}`)
  for (const key of ['basic_auth: a password', 'clean_urls:', 'headers /:', 'routes: expected']) {
    expect(log).toContain(` !     static.json: ${key}`)
  }
  expect(message).toContain('public/_headers:5: Basic-Auth is not available')
  const broken = await w.plan({ 'index.html': '', 'static.json': '{"root": ' })
  expect(failureOf(await w.build(broken)).message).toContain('static.json: is not valid JSON')
})
