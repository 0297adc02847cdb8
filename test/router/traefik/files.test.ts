/** Route files and what Traefik makes of them: confirmation, complaints, folders that somebody else was in. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, type TestContext, test } from 'vitest'
import type { RouteTable } from '../../../src/domain.ts'
import { freePort, send, startUpstream, table, until } from '../../support/router.ts'
import { type RunningTraefik, startTraefik } from './world.ts'

const closing: Array<() => unknown> = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(context: TestContext) {
  const running = await startTraefik(context)
  closing.push(() => running.close())
  return { ...running, routes: join(running.state, 'routes') }
}

async function app(name: string) {
  const upstream = await startUpstream((_request, response) => response.end(name))
  closing.push(() => upstream.close())
  return upstream.address
}

const server = (port: number) => ({ host: '127.0.0.1', port })

async function served({ router }: Pick<RunningTraefik, 'router'>, wanted: RouteTable): Promise<void> {
  await router.write(wanted)
  await until(() => router.serves(wanted.app, wanted), `${wanted.app} to be served`)
}

test('a change of routes is served within a moment', async (context) => {
  const running = await start(context)
  const times: number[] = []
  for (let round = 0; round < 30; round++) {
    const before = performance.now()
    await served(running, table('hello', [server(20_000 + round)]))
    times.push(performance.now() - before)
  }
  times.sort((a, b) => a - b)
  const [half, most] = [times[15] ?? 0, times.at(-1) ?? 0]
  console.log(`route change until confirmed: ${Math.round(half)} ms (half of them), ${Math.round(most)} ms (all)`)
  expect(half).toBeLessThan(300)
})

test('serves says yes to exactly what is in force', async (context) => {
  const running = await start(context)
  const { router } = running
  const [one, two] = [server(20_001), server(20_002)]
  const routes = [{}, { path: '/a', stripPrefix: true }, { host: 'b.test', process: 'admin' }]
  const wanted = table('hello', [one, two], ...routes)
  await served(running, wanted)
  expect(await router.serves('hello', table('hello', [two, one], ...routes))).toBe(true)
  expect(await router.serves('hello', table('hello', [one], ...routes))).toBe(false)
  expect(await router.serves('hello', table('hello', [one, two]))).toBe(false)
  expect(
    await router.serves('hello', table('hello', [one, two], ...routes.map((route) => ({ ...route, stripPrefix: false })))),
  ).toBe(false)
  expect(await router.serves('hello', null)).toBe(false)
  expect(await router.serves('hell', null)).toBe(true)
  const none = table('hello', [])
  await served(running, none)
  expect((await send(running.listen, 'hello.test')).status).toBe(503)
  const nothing = { app: 'hello', routes: [] }
  await served(running, nothing)
  expect(await router.serves('hello', null)).toBe(true)
})

test('a request whose server takes no connection goes to another one, with its body', async (context) => {
  const running = await start(context)
  const echo = await startUpstream((request, response) => request.pipe(response))
  closing.push(() => echo.close())
  await served(running, table('hello', [echo.address, server(await freePort())]))
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, n) => send(running.listen, 'hello.test', '/', { method: 'POST', body: `${n}` })),
  )
  // What goes round in turns may by chance be the wrong one all eight times.
  const wrong = answers.filter(({ status, body }, n) => status !== 200 || body !== String(n))
  expect(wrong.length).toBeLessThan(4)
  expect(echo.seen).toBe(40 - wrong.length)
})

test('a hostile table is refused, and what was there stays', async (context) => {
  const running = await start(context)
  const { router, routes } = running
  const good = table('hello', [await app('hello')])
  await served(running, good)
  const before = readFileSync(join(routes, 'hello.yml'), 'utf8')
  const hostile: Array<Partial<RouteTable['routes'][number]>> = [
    { host: 'a`) || Host(`b' },
    { host: '{{env "HOME"}}' },
    { path: '/`' },
    { path: '/{{x}}' },
    { path: '/a\nb' },
    { process: '../web' },
    { servers: [{ host: 'a/b', port: 1 }] },
  ]
  for (const change of hostile) {
    const [route] = good.routes
    await expect(router.write({ app: 'hello', routes: route ? [{ ...route, ...change }] : [] })).rejects.toMatchObject({
      code: 'Internal',
    })
  }
  await expect(router.write({ ...good, app: '_platform' })).rejects.toMatchObject({ code: 'Internal' })
  await expect(router.write({ ...good, app: '../hello' })).rejects.toMatchObject({ code: 'Internal' })
  expect(readFileSync(join(routes, 'hello.yml'), 'utf8')).toBe(before)
  expect(readdirSync(routes).sort()).toEqual(['.new', '_platform.yml', 'hello.yml'])
  expect(readdirSync(join(routes, '.new'))).toEqual([])
  expect(await router.serves('hello', good)).toBe(true)
})

test('a folder emptied by hand is noticed, and filled again', async (context) => {
  const running = await start(context)
  const { router, routes, listen } = running
  const hello = table('hello', [await app('hello')])
  await served(running, hello)
  for (const name of readdirSync(routes)) rmSync(join(routes, name), { recursive: true })
  await until(async () => !(await router.serves('hello', hello)))
  expect(await router.read('hello')).toBeNull()
  expect(await router.apps()).toEqual([])
  await served(running, hello)
  expect((await send(listen, 'hello.test')).body).toBe('hello')
  expect(await router.ensure()).toBe(false)
  expect(readdirSync(routes)).toContain('_platform.yml')
})

test('a folder that is another one is no longer watched: Traefik is started anew', { timeout: 30_000 }, async (context) => {
  const running = await start(context)
  const { router, routes, listen } = running
  const hello = table('hello', [await app('hello')])
  await served(running, hello)
  rmSync(routes, { recursive: true })
  await expect(router.read('hello')).rejects.toMatchObject({ code: 'RouterUnavailable' })
  // It goes on with what it knows.
  expect((await send(listen, 'hello.test')).body).toBe('hello')
  expect(await router.ensure()).toBe(true)
  await served(running, hello)
  expect((await send(listen, 'hello.test')).body).toBe('hello')
})

test('one file that is garbage: said of which, and to everybody; mended, all goes on', { timeout: 30_000 }, async (context) => {
  const running = await start(context)
  const { router, routes } = running
  const [hello, shop] = [table('hello', [server(20_001)]), table('shop', [server(20_002)])]
  for (const one of [hello, shop]) await served(running, one)
  expect(await router.complaint('hello')).toBeNull()

  const path = join(routes, 'hello.yml')
  for (const garbage of ['http: {routers: [', '{{ foo', '\0\0\0', 'http:\n  routers:\n    a:\n      rulle: b\n']) {
    const good = readFileSync(path, 'utf8')
    // At once: half of it may be a file that is good, and without the routes.
    writeFileSync(join(running.state, 'garbage'), `${good.split('\n')[0]}\n${garbage}`)
    renameSync(join(running.state, 'garbage'), path)
    await until(async () => (await router.complaint('hello')) !== null, `a complaint about ${JSON.stringify(garbage)}`)
    expect(await router.complaint('hello')).toMatch(/^Traefik refuses hello\.yml, its route file: ./)
    expect(await router.complaint('shop')).toMatch(
      /^Traefik refuses hello\.yml, the route file of "hello": .*; until that is mended it takes no change of any app’s/s,
    )
    // What was in force is.
    expect(await router.serves('hello', hello)).toBe(true)
    const changed = table('shop', [server(20_100 + garbage.length)])
    await router.write(changed)
    expect(await router.read('hello')).toBeNull()
    expect(await router.serves('shop', changed)).toBe(false)
    await router.write(hello)
    await until(() => router.serves('shop', changed))
    // Traefik is asked again whether it still refuses it.
    await until(async () => (await router.complaint('hello')) === null, 'the complaint to end')
    expect(await router.complaint('shop')).toBeNull()
  }
})

test('a stranger’s file is named too, also one in a folder', { timeout: 30_000 }, async (context) => {
  const running = await start(context)
  const { router, routes } = running
  await served(running, table('hello', [server(20_001)]))
  writeFileSync(join(routes, 'my.own.yaml'), ']')
  await until(async () => (await router.complaint('hello')) !== null)
  expect(await router.complaint('hello')).toMatch(/^Traefik refuses my\.own\.yaml, a file that trimtab has not written: yaml: /)
  rmSync(join(routes, 'my.own.yaml'))
  expect(await router.complaint('hello')).toBeNull()
  mkdirSync(join(routes, 'more'))
  writeFileSync(join(routes, 'more', 'bad.toml'), '= =')
  await router.write(table('hello', [server(20_002)]))
  await until(async () => (await router.complaint('hello')) !== null)
  expect(await router.complaint('hello')).toMatch(/^Traefik refuses bad\.toml/)
  rmSync(join(routes, 'more'), { recursive: true })
  await served(running, table('hello', [server(20_003)]))
  expect(await router.complaint('hello')).toBeNull()
})

test('there since before it was started, garbage keeps it from all: said nevertheless', { timeout: 30_000 }, async (context) => {
  const running = await start(context)
  const { router, routes, pid, again } = running
  const hello = table('hello', [server(20_001)])
  await served(running, hello)
  writeFileSync(join(routes, 'stray.yml'), ']')
  process.kill(pid(), 'SIGKILL')
  await until(() => router.ensure().catch(() => false))
  expect(await router.serves('hello', hello)).toBe(false)
  expect(await router.complaint('hello')).toMatch(/^Traefik refuses stray\.yml/)
  // And to a trimtab that comes later.
  expect(await again().complaint('hello')).toMatch(/^Traefik refuses stray\.yml/)
  rmSync(join(routes, 'stray.yml'))
  await until(() => router.serves('hello', hello))
})

test('names that a stranger’s file takes first', async (context) => {
  const running = await start(context)
  const { router, routes } = running
  const hello = table('hello', [server(20_001)])
  await served(running, hello)
  const text = readFileSync(join(routes, 'hello.yml'), 'utf8')
  writeFileSync(join(routes, 'a-copy.yml'), text.replaceAll('20001', '20009'))
  await until(async () => !(await router.serves('hello', hello)))
  expect(await router.complaint('hello')).toMatch(
    /^Traefik refuses hello\.yml, its route file: another file has a router "hello\.web\.0" too/,
  )
  rmSync(join(routes, 'a-copy.yml'))
  await until(() => router.serves('hello', hello))
  await until(async () => (await router.complaint('hello')) === null, 'the complaint to end')
})

test('what Traefik reads but cannot use is told in its words', async (context) => {
  const running = await start(context)
  const { router, routes } = running
  await served(running, table('hello', [server(20_001)]))
  const text = readFileSync(join(routes, 'hello.yml'), 'utf8')
  writeFileSync(join(routes, 'shop.yml'), text.replaceAll('hello', 'shop').replace('Host(`shop.test`)', 'Host('))
  await until(async () => (await router.complaint('shop')) !== null)
  expect(await router.complaint('shop')).toMatch(/^shop\.web\.0@file: .*rule Host\(/)
  expect(await router.complaint('hello')).toBeNull()
})

test('away, it does not answer; that is no answer', async (context) => {
  const { router } = await start(context)
  await router.stop()
  await expect(router.serves('hello', null)).rejects.toMatchObject({ code: 'RouterUnavailable', retry: true })
  await expect(router.complaint('hello')).rejects.toMatchObject({ code: 'RouterUnavailable' })
})

test('five hundred apps', { timeout: 120_000 }, async (context) => {
  const running = await start(context)
  const { router, api } = running
  const apps = Array.from({ length: 500 }, (_, at) => table(`app${at}`, [server(20_000 + at)]))
  const began = performance.now()
  for (const one of apps) await router.write(one)
  const written = performance.now()
  for (const one of apps) await until(() => router.serves(one.app, one), one.app)
  const confirmed = performance.now()
  const size = (await (await fetch(`${api()}/rawdata`)).text()).length
  const asked = performance.now()
  const answers = await Promise.all(apps.map((one) => router.serves(one.app, one)))
  const all = performance.now() - asked
  expect(answers).toEqual(apps.map(() => true))
  await new Promise((resolve) => setTimeout(resolve, 30))
  const times: number[] = []
  for (let round = 0; round < 5; round++) {
    const before = performance.now()
    await served(running, table('app7', [server(30_000 + round)]))
    times.push(Math.round(performance.now() - before))
  }
  const single = performance.now()
  await router.serves('app8', table('app8', []))
  console.log(
    `500 apps: written in ${Math.round(written - began)} ms, all confirmed ${Math.round(confirmed - written)} ms later; rawdata ${Math.round(size / 1024)} KiB, ` +
      `one answer ${Math.round(performance.now() - single)} ms, all 500 questions ${Math.round(all)} ms; one change confirmed in ${times.join(', ')} ms`,
  )
  expect(Math.max(...times)).toBeLessThan(5_000)
})
