/** examples/static-spa, over the kinds that need no Traefik of their own. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { overRuntimes } from '../support/kinds.ts'
import { TestPlatform } from '../support/platform.ts'

const FOLDER = 'examples/static-spa'
const HOST = 'spa.test.localhost'

overRuntimes((kind) => {
  let platform: TestPlatform | undefined

  afterAll(() => platform?.strike())

  it('the page at every address that is no file, with its headers; broken rules leave the old ones serving', {
    timeout: 180_000,
  }, async () => {
    platform = await TestPlatform.make({ kind })
    platform.configure({ apps: [{ name: 'spa', repo: './spa' }] })
    const repo = platform.repo('spa')
    cpSync(join(import.meta.dirname, '../..', FOLDER), repo.dir, { recursive: true })
    const first = repo.commit('A single page')
    await platform.up()
    await platform.live('spa', first)
    for (const path of ['/', '/users/7', '/no/such/page']) {
      expect(await platform.get(HOST, path)).toMatchObject({
        status: 200,
        body: expect.stringContaining('<title>A single page</title>'),
        headers: { 'x-frame-options': 'DENY', 'content-type': 'text/html; charset=utf-8' },
      })
    }
    expect(await platform.get(HOST, '/people/7')).toMatchObject({ status: 302, headers: { location: '/users/7' } })
    expect((await platform.get(HOST, '/assets/app.js')).headers).toMatchObject({
      'cache-control': 'public, max-age=3600',
      vary: 'Accept-Encoding',
    })
    expect((await platform.run('logs', 'spa', '--build')).out).toContain('public/ is served by .trimtab/static.mjs')

    const broken = repo.write({ 'public/_redirects': '/* /index.html 2000\n' }).commit('A broken rule')
    const { failure, serving } = await platform.settled('spa', broken)
    expect([failure?.code, serving?.commit]).toEqual(['BuildFailed', first])
    expect(failure?.message).toContain('public/_redirects:1: expected a status')
    expect((await platform.get(HOST, '/users/7')).status).toBe(200)
  })
})
