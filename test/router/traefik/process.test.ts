/** Traefik as a process: starting, finding again, replacing and stopping it. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, type TestContext, test } from 'vitest'
import type { Listen } from '../../../src/domain.ts'
import { identityOf } from '../../../src/router/identity.ts'
import { rotateAccessLog } from '../../../src/router/traefik/access-log.ts'
import { placeOf } from '../../../src/router/traefik/place.ts'
import { need } from '../../support/need.ts'
import { freePort, send, startUpstream, table, until } from '../../support/router.ts'
import { traefikBinary } from '../../support/traefik.ts'
import { askedAllTheTime, prepareTraefik, type RunningTraefik, startTraefik, type TraefikOptions } from './world.ts'

const closing: Array<() => unknown> = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(context: TestContext, options: TraefikOptions = {}): Promise<RunningTraefik> {
  const running = await startTraefik(context, options)
  closing.push(() => running.close())
  return running
}

async function app(name: string, slowMs = 0) {
  const upstream = await startUpstream((_request, response) => void setTimeout(() => response.end(name), slowMs))
  closing.push(() => upstream.close())
  return upstream.address
}

const isAlive = (pid: number) => identityOf(pid) !== ''
const html = (listen: Listen) => send(listen, 'hello.test')

/** A program that becomes Traefik: to be exchanged for another one. */
async function wrapper(context: TestContext, { before = '', through = '' } = {}): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'trimtab-program-'))
  closing.push(() => rmSync(dir, { recursive: true, force: true }))
  const path = join(dir, 'traefik')
  writeFileSync(path, `#!/bin/sh\n${before}\nexec ${through} ${await traefikBinary(context)} "$@"\n`, { mode: 0o755 })
  return path
}

test('serves what was written, and says so', async (context) => {
  const { router, listen } = await start(context)
  const hello = table('hello', [await app('hello')])
  expect(await router.serves('hello', null)).toBe(true)
  expect(await router.serves('hello', hello)).toBe(false)
  await router.write(hello)
  await until(() => router.serves('hello', hello))
  expect(await html(listen)).toMatchObject({ status: 200, body: 'hello' })
  await router.remove('hello')
  await until(() => router.serves('hello', null))
  expect((await html(listen)).status).toBe(404)
})

test('is started once, and found again by the next trimtab', async (context) => {
  const { router, again, pid, listen } = await start(context)
  const first = pid()
  const hello = table('hello', [await app('hello')])
  await router.write(hello)
  expect(await router.ensure()).toBe(false)
  const next = again()
  expect(await Promise.all([next.ensure(), next.ensure()])).toEqual([false, false])
  await until(() => next.serves('hello', hello))
  expect(pid()).toBe(first)
  expect((await html(listen)).body).toBe('hello')
})

test('it is of nobody’s session, and is given nothing of our environment', async (context) => {
  process.env.TRIMTAB_TEST_SECRET = 'hush'
  process.env.HTTP_PROXY = 'http://127.0.0.1:9'
  closing.push(() => {
    delete process.env.TRIMTAB_TEST_SECRET
    delete process.env.HTTP_PROXY
  })
  const { pid, state } = await start(context)
  const session = readFileSync(`/proc/${pid()}/stat`, 'latin1').split(') ').at(-1)?.split(' ')[3]
  expect(Number(session)).toBe(pid())
  expect(readFileSync(`/proc/${pid()}/environ`, 'utf8')).not.toMatch(/hush|PROXY/)
  const { config, record, dir } = placeOf(state)
  for (const path of [config, record]) expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(dir).mode & 0o777).toBe(0o700)
})

test('killed under load, it is started again and serves the same', { timeout: 30_000 }, async (context) => {
  const { router, listen, pid } = await start(context)
  const hello = table('hello', [await app('hello')])
  await router.write(hello)
  await until(() => router.serves('hello', hello))
  const load = askedAllTheTime(listen, 'hello.test')
  await until(() => load.answered() > 50)
  process.kill(pid(), 'SIGKILL')
  await until(() => !isAlive(pid()))
  await expect(router.serves('hello', table('hello', []))).rejects.toMatchObject({ code: 'RouterUnavailable', retry: true })
  expect(await router.ensure()).toBe(true)
  await until(() => router.serves('hello', hello))
  const before = load.answered()
  await until(() => load.answered() > before + 50)
  const { asked, lost, gapMs } = await load.stop()
  console.log(`killed and started again: ${lost} of ${asked} requests lost, none served for ${gapMs} ms`)
  expect(gapMs).toBeLessThan(5_000)
})

test('a changed configuration replaces it, and what is in flight ends as it should', { timeout: 30_000 }, async (context) => {
  const { router, again, listen, spec, pid } = await start(context)
  const [hello, slow] = [table('hello', [await app('hello')]), table('slow', [await app('slow', 1_500)])]
  for (const one of [hello, slow]) await router.write(one)
  for (const one of [hello, slow]) await until(() => router.serves(one.app, one))
  const old = pid()
  const load = askedAllTheTime(listen, 'hello.test')
  const inFlight = send(listen, 'slow.test')
  await until(() => load.answered() > 50)
  const https = { listen: { host: '127.0.0.1', port: await freePort() }, files: [], redirect: false }
  const next = again({ ...spec, https })
  expect(await next.ensure()).toBe(true)
  expect(await next.ensure()).toBe(false)
  await until(() => next.serves('hello', hello))
  expect(pid()).not.toBe(old)
  expect(await inFlight).toMatchObject({ status: 200, body: 'slow' })
  const { asked, lost, gapMs } = await load.stop()
  console.log(`replaced: ${lost} of ${asked} requests lost, none served for ${gapMs} ms`)
  expect(gapMs).toBeLessThan(3_000)
  await until(() => !isAlive(old), 'the old one to end')
})

test('a changed program replaces it; one that is no Traefik does not', { timeout: 30_000 }, async (context) => {
  const binary = await wrapper(context)
  const { router, again, pid } = await start(context, { binary })
  const first = pid()
  const good = readFileSync(binary, 'utf8')
  writeFileSync(binary, '#!/bin/sh\necho garbage\n')
  await expect(router.ensure()).rejects.toThrow(/is no Traefik/)
  writeFileSync(binary, '#!/bin/sh\necho "Version:      2.11.4"\n')
  await expect(again().ensure()).rejects.toThrow(/is Traefik 2\.11\.4, and 3\.3 is needed/)
  expect(isAlive(first)).toBe(true)
  rmSync(binary)
  expect(await again().ensure()).toBe(false)
  writeFileSync(binary, `${good}# changed\n`, { mode: 0o755 })
  expect(await again().ensure()).toBe(true)
  expect(pid()).not.toBe(first)
  await until(() => !isAlive(first))
})

test('no program: what to do is said', async (context) => {
  const { again, close } = await prepareTraefik(context)
  closing.push(close)
  const ensured = (binary: string) => again({ run: { by: 'binary', binary } }).ensure()
  await expect(ensured('/nowhere/traefik')).rejects.toMatchObject({
    code: 'RouterUnavailable',
    message: expect.stringMatching(/no program at \/nowhere\/traefik.*Install Traefik v3 and put it on the PATH, or name it/),
  })
  await expect(ensured('no-such-traefik')).rejects.toThrow(/"no-such-traefik" is not on the PATH/)
  await expect(ensured('/bin/true')).rejects.toThrow(/\/bin\/true is no Traefik/)
  await expect(ensured('/bin/false')).rejects.toThrow(/\/bin\/false is no Traefik/)
})

test('an address that another program has: said in Traefik’s own words, and tried again', {
  timeout: 30_000,
}, async (context) => {
  const { router, listen, close } = await prepareTraefik(context)
  closing.push(close)
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(listen.port, '127.0.0.1', resolve))
  const where = `127.0.0.1:${listen.port}`
  await expect(router.ensure()).rejects.toMatchObject({
    code: 'RouterUnavailable',
    message: expect.stringMatching(
      new RegExp(`cannot listen on ${where}: another program has port ${listen.port}.*Traefik says: .*address already in use`),
    ),
  })
  await new Promise((resolve) => other.close(resolve))
  await until(() => router.ensure().catch(() => false))
  expect((await html(listen)).status).toBe(404)
})

test('one that ends at once is told with its last words', async (context) => {
  const binary = await wrapper(context, {
    before: '[ "$1" = version ] || { echo "error: the moon is full" >&2; exit 3; }',
  })
  const { router, close } = await prepareTraefik(context, { binary })
  closing.push(close)
  await expect(router.ensure()).rejects.toThrow(/has ended right after its start: .*the moon is full/)
})

test('one that no record tells of gives up its address', { timeout: 30_000 }, async (context) => {
  const { again, state, pid, listen, api } = await start(context)
  const lost = pid()
  const before = api()
  rmSync(placeOf(state).record)
  expect(await again().ensure()).toBe(true)
  expect(api()).not.toBe(before)
  await until(() => !isAlive(lost))
  expect((await html(listen)).status).toBe(404)
})

test('one that does not move any more gives up its address all the same', { timeout: 30_000 }, async (context) => {
  const { again, spec, pid, listen } = await start(context)
  const stuck = pid()
  process.kill(stuck, 'SIGSTOP')
  closing.push(() => isAlive(stuck) && process.kill(stuck, 'SIGKILL'))
  const https = { listen: { host: '127.0.0.1', port: await freePort() }, files: [], redirect: false }
  expect(await again({ ...spec, https }).ensure()).toBe(true)
  expect(isAlive(stuck)).toBe(false)
  expect((await html(listen)).status).toBe(404)
})

test('on a full disk it is started again all the same', { timeout: 30_000 }, async (context) => {
  const state = mkdtempSync(join(tmpdir(), 'trimtab-full-'))
  closing.push(() => rmSync(state, { recursive: true, force: true }))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', state], { stdio: 'ignore' })
  } catch {
    need(context, 'root', 'no file system can be mounted')
  }
  closing.push(() => execFileSync('umount', ['--lazy', state]))
  const running = await startTraefik(context, { state })
  closing.push(() => running.router.stop())
  const { router, listen, pid } = running
  const hello = table('hello', [await app('hello')])
  await router.write(hello)
  await until(() => router.serves('hello', hello))
  expect(() => writeFileSync(join(state, 'filler'), Buffer.alloc(4 << 20))).toThrow(/ENOSPC/)
  await expect(router.write(table('hello', [await app('other')]))).rejects.toMatchObject({ code: 'ENOSPC' })
  const first = pid()
  process.kill(first, 'SIGKILL')
  await until(() => !isAlive(first))
  expect(await router.ensure()).toBe(true)
  expect(await router.ensure()).toBe(false)
  await until(() => router.serves('hello', hello))
  expect((await html(listen)).body).toBe('hello')
  rmSync(join(state, 'filler'))
  expect(await router.ensure()).toBe(false)
})

test('stopped, it lets what is in flight end; nothing is left', { timeout: 30_000 }, async (context) => {
  const { router, listen, pid, state, api } = await start(context)
  const slow = table('slow', [await app('slow', 1_000)])
  await router.write(slow)
  await until(() => router.serves('slow', slow))
  const asked = send(listen, 'slow.test')
  const upstream = slow.routes[0]?.servers[0] ?? { host: '', port: 0 }
  await until(async () => ((await router.inFlight(upstream)) ?? 0) > 0)
  const was = pid()
  const where = api()
  await router.stop()
  expect((await asked).body).toBe('slow')
  expect(isAlive(was)).toBe(false)
  expect(await router.inFlight(upstream)).toBeNull()
  await expect(router.serves('slow', null)).rejects.toMatchObject({ code: 'RouterUnavailable' })
  // The files stay, and so does the API's place.
  expect(existsSync(join(state, 'routes', 'slow.yml'))).toBe(true)
  expect(await router.ensure()).toBe(true)
  expect(api()).toBe(where)
  await until(() => router.serves('slow', slow))
})

test('two of two states side by side', async (context) => {
  const [one, two] = [await start(context), await start(context)]
  const tables = [table('hello', [await app('one')]), table('hello', [await app('two')])] as const
  await one.router.write(tables[0])
  await two.router.write(tables[1])
  await until(() => one.router.serves('hello', tables[0]))
  await until(() => two.router.serves('hello', tables[1]))
  expect([(await html(one.listen)).body, (await html(two.listen)).body]).toEqual(['one', 'two'])
  await one.router.stop()
  expect(isAlive(two.pid())).toBe(true)
  expect(await two.router.serves('hello', tables[1])).toBe(true)
  expect((await html(two.listen)).body).toBe('two')
})

test('the access log is one line of JSON a request, without what may be secret', async (context) => {
  const { router, listen, state } = await start(context)
  const hello = table('hello', [await app('hello')])
  await router.write(hello)
  await until(() => router.serves('hello', hello))
  await send(listen, 'hello.test', '/some/path', { headers: { authorization: 'Basic hush', cookie: 'session=hush' } })
  const { access } = placeOf(state)
  await until(() => readFileSync(access, 'utf8').includes('/some/path'))
  const text = readFileSync(access, 'utf8')
  expect(JSON.parse(text.trim().split('\n').at(-1) ?? '')).toMatchObject({
    RequestHost: 'hello.test',
    RequestPath: '/some/path',
    DownstreamStatus: 200,
    RouterName: 'hello.web.0@file',
    entryPointName: 'http',
  })
  expect(text).not.toContain('hush')
})

test('a long access log is put aside, and the next line is in a new one', async (context) => {
  const { listen, state, pid } = await start(context)
  const place = placeOf(state)
  await send(listen, 'hello.test', '/first')
  await until(() => readFileSync(place.access, 'utf8').includes('/first'))
  const rotated = () => rotateAccessLog(place, () => process.kill(pid(), 'SIGUSR1'), 10)
  rotated()
  await until(() => existsSync(place.access))
  await send(listen, 'hello.test', '/second')
  await until(() => readFileSync(place.access, 'utf8').includes('/second'))
  expect(readFileSync(`${place.access}.1`, 'utf8')).toMatch(/first/)
  expect(readFileSync(place.access, 'utf8')).not.toMatch(/first/)
  rotateAccessLog(place, () => expect.unreachable())
})

test('metrics are there for who knows the way', async (context) => {
  const { router, listen, metrics, api } = await start(context)
  const hello = table('hello', [await app('hello')])
  await router.write(hello)
  await until(() => router.serves('hello', hello))
  await html(listen)
  const asked = await fetch(metrics())
  expect(await asked.text()).toMatch(/traefik_service_requests_total\{.*service="hello.web.0@file"\} 1/)
  const { origin } = new URL(api())
  for (const path of ['/metrics', '/api/rawdata', '/api/version', '/dashboard/']) {
    expect((await fetch(origin + path)).status, path).toBe(404)
  }
  expect((await fetch(`${origin}/ping`)).status).toBe(200)
})

test('without the right to a low port it says how to get it', async (context) => {
  const open = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
  const port = 79
  if (open <= port || !existsSync('/usr/bin/setpriv')) return context.skip('no port here is kept for root')
  const binary = await wrapper(context, { through: 'setpriv --bounding-set -net_bind_service' })
  const { router, close } = await prepareTraefik(context, { binary, listen: { host: '127.0.0.1', port } })
  closing.push(close)
  await expect(router.ensure()).rejects.toThrow(
    /may not listen on 127\.0\.0\.1:79: ports below 1024 are kept for root\. Allow it .*permission denied/,
  )
})
