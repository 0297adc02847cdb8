/** The port `Router`: starting, finding again, replacing and stopping the process; files; confirmation. */
import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ask } from '../../src/router/embedded/client.ts'
import { createEmbeddedRouter } from '../../src/router/embedded/index.ts'
import { placeOf, readRecord } from '../../src/router/embedded/place.ts'
import { identityOf } from '../../src/router/identity.ts'
import { freePort, type RunningRouter, send, startRouter, startUpstream, table, until } from '../support/router.ts'
import { routerEntry } from '../support/router-build.ts'

const closing: Array<() => unknown> = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(options: Parameters<typeof startRouter>[0] = {}): Promise<RunningRouter> {
  const running = await startRouter(options)
  closing.push(() => running.close())
  return running
}

async function app(name: string) {
  const upstream = await startUpstream((_request, response) => response.end(name))
  closing.push(upstream.close)
  return upstream.address
}

const isAlive = (pid: number) => identityOf(pid) !== ''

test('ensure starts one router, finds it again, and starts another after it was killed', async () => {
  const { router, state, listen, pid } = await start()
  const first = pid()
  expect(isAlive(first)).toBe(true)
  expect(await router.ensure()).toBe(false)
  const again = createEmbeddedRouter({ state, listen, entry: routerEntry() })
  expect(await again.ensure()).toBe(false)
  expect(pid()).toBe(first)
  const socket = placeOf(state).socket
  expect(statSync(socket).mode & 0o777).toBe(0o600)

  await router.write(table('hello', [await app('hello')]))
  process.kill(first, 'SIGKILL')
  await until(() => !isAlive(first))
  await expect(router.serves('hello', null)).rejects.toMatchObject({ code: 'RouterUnavailable', retry: true })
  expect(await router.ensure()).toBe(true)
  expect(pid()).not.toBe(first)
  // What it serves is in the files, so nothing was forgotten.
  expect(await router.serves('hello', await router.read('hello'))).toBe(true)
  expect((await send(listen, 'hello.test')).body).toBe('hello')
})

test('two that ensure at once start one; a second one in another process too', async () => {
  const state = mkdtempSync(join(tmpdir(), 'trimtab-router-'))
  const listen = { host: '127.0.0.1', port: await freePort() }
  const routers = [1, 2, 3].map(() => createEmbeddedRouter({ state, listen, entry: routerEntry() }))
  const own = routers[0]
  if (!own) throw new Error('there are three')
  closing.push(
    () => rmSync(state, { recursive: true, force: true }),
    () => own.stop(),
  )
  const started = await Promise.all([...routers.map((router) => router.ensure()), own.ensure()])
  expect(started.filter(Boolean).length).toBeGreaterThan(0)
  const record = readRecord(placeOf(state))
  await until(() => routersOf(state).length === 1, 'the losers to be gone')
  expect(routersOf(state)).toEqual([record?.pid])
})

test('it outlives the process that started it, killed in the hardest way', async () => {
  const state = mkdtempSync(join(tmpdir(), 'trimtab-router-'))
  const listen = { host: '127.0.0.1', port: await freePort() }
  const script = join(state, 'parent.mjs')
  const index = routerEntry().replace(/main\.js$/, 'index.js')
  writeFileSync(
    script,
    `import { createEmbeddedRouter } from ${JSON.stringify(index)}
     await createEmbeddedRouter(${JSON.stringify({ state, listen, entry: routerEntry() })}).ensure()
     console.log('started')
     setInterval(() => {}, 1000)`,
  )
  const parent = spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
    env: { ...process.env, NODE_OPTIONS: '--no-warnings', SECRET: 'no' },
  })
  await new Promise((resolve) => parent.stdout.once('data', resolve))
  const router = createEmbeddedRouter({ state, listen, entry: routerEntry() })
  closing.push(
    () => rmSync(state, { recursive: true, force: true }),
    () => router.stop(),
  )
  await router.write(table('hello', [await app('hello')]))
  // The whole group, as a terminal or a supervisor would.
  process.kill(-(parent.pid ?? 0), 'SIGKILL')
  await new Promise((resolve) => parent.once('close', resolve))
  expect((await send(listen, 'hello.test')).body).toBe('hello')
  expect(await router.ensure()).toBe(false)
  const pid = readRecord(placeOf(state))?.pid
  if (process.platform === 'linux') expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).toBe('NODE_ENV=production\0')
})

test('another address: the old router lets its requests finish, the new one takes over', async () => {
  const running = await start()
  let answer: () => void = () => {}
  const slow = await startUpstream((_request, response) => {
    answer = () => response.end('whole')
  })
  closing.push(slow.close)
  await running.router.write(table('hello', [slow.address]))
  const waiting = send(running.listen, 'hello.test')
  await until(() => slow.seen === 1)
  const old = running.pid()
  const moved = await start({ state: running.state })
  expect(moved.listen.port).not.toBe(running.listen.port)
  expect(moved.pid()).not.toBe(old)
  await expect(send(running.listen, 'hello.test')).rejects.toThrow()
  answer()
  expect((await waiting).body).toBe('whole')
  await until(() => !isAlive(old))
  expect(await moved.router.serves('hello', await moved.router.read('hello'))).toBe(true)
})

test('a router whose socket was deleted is replaced', async () => {
  const { router, state, pid, listen } = await start()
  const first = pid()
  rmSync(placeOf(state).socket)
  expect(await router.ensure()).toBe(true)
  expect(pid()).not.toBe(first)
  await until(() => !isAlive(first))
  expect((await send(listen, 'nobody.test')).status).toBe(404)
})

test('an address that is taken or not to be had is a clear error', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  closing.push(() => taken.close())
  const address = taken.address()
  const port = typeof address === 'object' && address ? address.port : 0
  await expect(start({ listen: { host: '127.0.0.1', port } })).rejects.toMatchObject({
    code: 'RouterUnavailable',
    message: expect.stringMatching(
      new RegExp(`^The router cannot listen on 127\\.0\\.0\\.1:${port}: another program has port ${port}\\..*router\\.listen`),
    ),
  })
  await expect(start({ listen: { host: '192.0.2.1', port } })).rejects.toMatchObject({
    code: 'RouterUnavailable',
    message: expect.stringContaining('no such address'),
  })
})

test('a state directory with a very long path works', async () => {
  const base = mkdtempSync(join(tmpdir(), 'trimtab-router-'))
  closing.push(() => rmSync(base, { recursive: true, force: true }))
  const state = join(base, 'a'.repeat(60), 'b'.repeat(60))
  mkdirSync(state, { recursive: true })
  const { router, listen } = await start({ state })
  await router.write(table('hello', [await app('deep')]))
  expect((await send(listen, 'hello.test')).body).toBe('deep')
  await router.stop()
  expect(existsSync(placeOf(state).socket)).toBe(false)
})

test('stop ends it, and is no error where there is none', async () => {
  const { router, pid } = await start()
  const first = pid()
  await router.stop()
  expect(isAlive(first)).toBe(false)
  await router.stop()
})

test('files: round trip, atomic, idempotent, readable for Traefik; temporary names are cleared away', async () => {
  const { router, state } = await start()
  const dir = join(state, 'routes')
  expect(await router.read('hello')).toBeNull()
  expect(await router.apps()).toEqual([])
  const wanted = table('hello', [{ host: '127.0.0.1', port: 20001 }], {}, { path: '/a', stripPrefix: true, process: 'api' })
  await router.write(wanted)
  expect(await router.read('hello')).toEqual(wanted)
  expect(await router.apps()).toEqual(['hello'])
  expect(statSync(join(dir, 'hello.yml')).mode & 0o777).toBe(0o644)
  const { ino } = statSync(join(dir, 'hello.yml'))
  await router.write(wanted)
  expect(statSync(join(dir, 'hello.yml')).ino).toBe(ino)

  writeFileSync(join(dir, '.hello.yml.tmp-1-1'), 'half a fi')
  writeFileSync(join(dir, 'somebody.yml'), '# by hand\n')
  await router.ensure()
  expect(readdirSync(dir).sort()).toEqual(['hello.yml', 'somebody.yml'])
  expect(await router.apps()).toEqual(['hello'])
  await expect(router.read('somebody')).rejects.toMatchObject({ code: 'RouterUnavailable' })
  await expect(router.write(table('somebody', []))).rejects.toMatchObject({ code: 'RouterUnavailable' })
  await expect(router.remove('somebody')).rejects.toMatchObject({ code: 'RouterUnavailable' })
  await router.remove('hello')
  await router.remove('hello')
  expect(await router.read('hello')).toBeNull()
  // An empty file is what a crash of the machine may leave: as good as none.
  writeFileSync(join(dir, 'hello.yml'), '')
  expect(await router.read('hello')).toBeNull()
  await router.write(wanted)
  expect(await router.read('hello')).toEqual(wanted)
})

test('serves says yes to exactly what is in force', async () => {
  const { router, state } = await start()
  const [one, two] = [
    { host: '127.0.0.1', port: 20001 },
    { host: '127.0.0.1', port: 20002 },
  ]
  const wanted = table('hello', [one, two], {}, { path: '/a', stripPrefix: true })
  expect(await router.serves('hello', null)).toBe(true)
  expect(await router.serves('hello', wanted)).toBe(false)
  await router.write(wanted)
  expect(await router.serves('hello', wanted)).toBe(true)
  expect(await router.serves('hello', table('hello', [two, one], {}, { path: '/a', stripPrefix: true }))).toBe(true)
  expect(await router.serves('hello', table('hello', [one], {}, { path: '/a', stripPrefix: true }))).toBe(false)
  expect(await router.serves('hello', table('hello', [one, two], {}, { path: '/a', stripPrefix: false }))).toBe(false)
  expect(await router.serves('hello', table('hello', [one, two]))).toBe(false)
  expect(await router.serves('hello', null)).toBe(false)
  // Written by somebody else: the router's own eyes are enough.
  const { text } = await ask(placeOf(state).socket, 'GET', '/api/http/services?per_page=1')
  expect(JSON.parse(text)).toMatchObject([
    {
      name: 'hello.web.0@file',
      provider: 'file',
      type: 'loadbalancer',
      status: 'enabled',
      loadBalancer: { servers: [{ url: 'http://127.0.0.1:20001' }, { url: 'http://127.0.0.1:20002' }] },
    },
  ])
  await router.remove('hello')
  expect(await router.serves('hello', null)).toBe(true)
  await router.write(table('hello', []))
  expect(await router.serves('hello', table('hello', []))).toBe(true)
})

test('many questions at once are one', async () => {
  const { router, state } = await start()
  for (let at = 0; at < 30; at++) await router.write(table(`app${at}`, [{ host: '127.0.0.1', port: 20_000 + at }]))
  const socket = placeOf(state).socket
  // In front of the router's socket, one that counts.
  renameSync(socket, `${socket}.real`)
  let connections = 0
  const { connect } = await import('node:net')
  const counting = createServer((client) => {
    connections++
    const real = connect(`${socket}.real`)
    client.on('error', () => real.destroy())
    real.on('error', () => client.destroy())
    client.pipe(real).pipe(client)
  })
  await new Promise<void>((resolve) => counting.listen(socket, resolve))
  const apps = await router.apps()
  const answers = await Promise.all(apps.map(async (name) => router.serves(name, await router.read(name))))
  expect(answers).toEqual(apps.map(() => true))
  expect(connections).toBeLessThanOrEqual(3)
  await new Promise((resolve) => counting.close(resolve))
  renameSync(`${socket}.real`, socket)
})

test('what cannot be read is never empty; what is gone is gone', async () => {
  const { router, state, listen } = await start()
  const dir = join(state, 'routes')
  await router.write(table('one', [await app('one')]))
  await router.write(table('two', [await app('two')]))
  const look = () => ask(placeOf(state).socket, 'POST', '/reload')
  const answers = async () => [(await send(listen, 'one.test')).status, (await send(listen, 'two.test')).status]

  renameSync(dir, `${dir}.away`)
  await look()
  expect(await answers()).toEqual([200, 200])
  await expect(router.read('one')).rejects.toMatchObject({ code: 'RouterUnavailable', retry: true })
  await expect(router.apps()).rejects.toMatchObject({ code: 'RouterUnavailable' })
  renameSync(`${dir}.away`, dir)

  writeFileSync(join(dir, 'one.yml'), 'http: {routers: [')
  rmSync(join(dir, 'two.yml'))
  await until(async () => (await answers())[1] === 404, 'the file system to tell')
  expect(await answers()).toEqual([200, 404])
  const { text } = await ask(placeOf(state).socket, 'GET', '/api/refused')
  expect(Object.keys(JSON.parse(text))).toEqual(['one.yml'])

  if (process.getuid?.() !== 0) {
    chmodSync(join(dir, 'one.yml'), 0)
    await look()
    expect((await answers())[0]).toBe(200)
  }
})

test('whatever a file holds, the router stays, and the other files are in force', async () => {
  const { router, state, listen, pid } = await start()
  const first = pid()
  const good = table('good', [await app('good')])
  await router.write(good)
  const text = readFileSync(join(state, 'routes', 'good.yml'), 'utf8')
  const path = join(state, 'routes', 'fuzz.yml')
  let seed = 20260101
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff
    return seed % below
  }
  const pieces = [
    '{{',
    '&a [*a]',
    '!!js/function',
    '\0',
    '`',
    '") || Host(`good.test`',
    '- ',
    ': ',
    '\n',
    'http:',
    '{}',
    '[]',
    '~',
    '\u{1f600}',
    '<<: *x',
    'priority: 1e999',
    '((((((',
    'url: "http://169.254.0.1"',
  ]
  for (let round = 0; round < 150; round++) {
    let mutated = text.replaceAll('good', 'fuzz')
    for (let change = random(6); change >= 0; change--) {
      const at = random(mutated.length)
      mutated = mutated.slice(0, at) + (random(2) ? (pieces[random(pieces.length)] ?? '') : '') + mutated.slice(at + random(8))
    }
    writeFileSync(path, round % 10 === 0 ? Buffer.from(Array.from({ length: 200 }, () => random(256))) : mutated)
    await ask(placeOf(state).socket, 'POST', '/reload?file=fuzz.yml')
    expect((await send(listen, 'good.test')).body).toBe('good')
  }
  expect(await router.serves('good', good)).toBe(true)
  expect(pid()).toBe(first)
  expect(isAlive(first)).toBe(true)
})

test('urls', () => {
  const url = (port: number, path: string) =>
    createEmbeddedRouter({ state: '/s', listen: { host: '127.0.0.1', port } }).url({ host: 'hello.apps.localhost', path })
  expect(url(8080, '/')).toBe('http://hello.apps.localhost:8080/')
  expect(url(80, '/shop')).toBe('http://hello.apps.localhost/shop')
})

/** Pids of the router processes of this state. */
function routersOf(state: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`"routes":"${state}/routes"`) ? [Number(pid)] : []
    } catch {
      return []
    }
  })
}
