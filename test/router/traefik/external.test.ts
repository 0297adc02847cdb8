/** A Traefik that somebody else runs: trimtab has its folder and the address of its API, and no more. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createTraefikRouter } from '../../../src/router/traefik/router.ts'
import { freePort, send, startUpstream, table, until } from '../../support/router.ts'
import { startTraefik } from './world.ts'

const closing: Array<() => unknown> = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function external(routes: string, api: string, https = false) {
  const state = mkdtempSync(join(tmpdir(), 'trimtab-external-'))
  closing.push(() => rmSync(state, { recursive: true, force: true }))
  const listen = { host: '0.0.0.0', port: 80 }
  const router = createTraefikRouter({
    state,
    platform: 'p',
    spec: {
      kind: 'traefik',
      run: { by: 'external', routes, api },
      listen,
      ...(https && { https: { listen: { host: '0.0.0.0', port: 443 }, files: [], redirect: false } }),
    },
  })
  return { router, state }
}

test('writes, confirms, and leaves it alone', { timeout: 30_000 }, async (context) => {
  // Whoever runs it: here another trimtab does.
  const theirs = await startTraefik(context)
  closing.push(() => theirs.close())
  const routes = join(theirs.state, 'routes')
  const { router, state } = external(routes, theirs.api().replace(/\/api$/, ''))
  const upstream = await startUpstream((_request, response) => response.end('hello'))
  closing.push(() => upstream.close())
  const before = theirs.pid()
  expect(await router.ensure()).toBe(false)
  const hello = table('hello', [upstream.address])
  await router.write(hello)
  await until(() => router.serves('hello', hello))
  expect((await send(theirs.listen, 'hello.test')).body).toBe('hello')
  expect(await router.inFlight(upstream.address)).toBeNull()
  expect(await router.complaint('hello')).toBeNull()
  writeFileSync(join(routes, 'stray.yml'), 'http: {routers: [')
  expect(await router.complaint('hello')).toMatch(/^Traefik refuses stray\.yml, a file that trimtab has not written: ./)
  rmSync(join(routes, 'stray.yml'))
  expect(await router.complaint('hello')).toBeNull()
  await router.stop()
  await router.close()
  expect(theirs.pid()).toBe(before)
  expect((await send(theirs.listen, 'hello.test')).body).toBe('hello')
  expect(readdirSync(state)).toEqual([])
})

test('says what is not as it was told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trimtab-external-'))
  closing.push(() => rmSync(folder, { recursive: true, force: true }))
  const nobody = `http://127.0.0.1:${await freePort()}`
  await expect(external(join(folder, 'none'), nobody).router.ensure()).rejects.toMatchObject({
    code: 'RouterUnavailable',
    message: expect.stringMatching(/^There is no folder .*\/none\. It must be the one that Traefik's file provider watches/),
  })
  mkdirSync(join(folder, 'some'))
  await expect(external(join(folder, 'some'), nobody).router.ensure()).rejects.toMatchObject({
    code: 'RouterUnavailable',
    message: expect.stringMatching(/does not answer \(ECONNREFUSED\)\. It is run by somebody else: start it with its API on/),
  })
  const other = await startUpstream((_request, response) => response.writeHead(403).end())
  closing.push(() => other.close())
  const { router } = external(join(folder, 'some'), `http://127.0.0.1:${other.address.port}`)
  await expect(router.ensure()).rejects.toThrow(/answers 403 to version/)
  await expect(router.serves('hello', null)).rejects.toMatchObject({ code: 'RouterUnavailable', retry: true })
})

test('addresses for a browser', () => {
  const url = (https: boolean) =>
    external('/r', 'http://127.0.0.1:1', https).router.url({ host: 'hello.example.com', path: '/a' })
  expect(url(false)).toBe('http://hello.example.com/a')
  expect(url(true)).toBe('https://hello.example.com/a')
})
