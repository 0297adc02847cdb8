/** HTTPS: certificates from files and from an ACME authority, the redirect, and Strict-Transport-Security. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type RequestOptions, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type PeerCertificate, type SecureVersion } from 'node:tls'
import { afterEach, expect, type TestContext, test } from 'vitest'
import type { Https } from '../../../src/domain.ts'
import { placeOf } from '../../../src/router/traefik/place.ts'
import { need } from '../../support/need.ts'
import { selfSigned, startPebble } from '../../support/pebble.ts'
import { freePort, send, startUpstream, table, until } from '../../support/router.ts'
import { startTraefik, type TraefikOptions } from './world.ts'

const closing: Array<() => unknown> = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function openssl(context: TestContext): void {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
  } catch {
    need(context, 'openssl', 'there is no openssl')
  }
}

/** Serves hello.test on both. */
async function start(context: TestContext, https: Partial<Https>, options: TraefikOptions = {}) {
  const secure = https.listen ?? { host: '127.0.0.1', port: await freePort() }
  const running = await startTraefik(context, { ...options, https: { files: [], redirect: false, ...https, listen: secure } })
  closing.push(() => running.close())
  const upstream = await startUpstream((asked, response) => response.end(`hello ${asked.headers['x-forwarded-proto']}`))
  closing.push(() => upstream.close())
  const hello = table('hello', [upstream.address])
  await running.router.write(hello)
  await until(() => running.router.serves('hello', hello), 'hello to be served')
  return { ...running, secure, hello }
}

function certificateFiles(...names: string[]) {
  const dir = mkdtempSync(join(tmpdir(), 'trimtab-certificates-'))
  closing.push(() => rmSync(dir, { recursive: true, force: true }))
  const file = { certificate: join(dir, 'cert.pem'), key: join(dir, 'key.pem') }
  selfSigned(file.certificate, file.key, ...names)
  return file
}

interface Secured {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

function get(port: number, host: string, options: RequestOptions = {}): Promise<Secured> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, servername: host, headers: { host }, agent: false, rejectUnauthorized: false, ...options },
      (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text) => (body += text))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
      },
    )
    asked.on('error', reject)
    asked.end()
  })
}

function certificateOf(port: number, servername: string): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate())
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

test('certificate files: the same route file is served over both', { timeout: 30_000 }, async (context) => {
  openssl(context)
  const file = certificateFiles('hello.test', 'other.test')
  const { router, listen, secure, hello } = await start(context, { files: [file] })
  const ca = readFileSync(file.certificate)
  expect(await get(secure.port, 'hello.test', { ca, rejectUnauthorized: true })).toMatchObject({
    status: 200,
    body: 'hello https',
  })
  expect((await send(listen, 'hello.test')).body).toBe('hello http')
  expect((await get(secure.port, 'hello.test')).headers['strict-transport-security']).toBeUndefined()
  expect(router.url({ host: 'hello.test', path: '/a' })).toBe(`https://hello.test:${secure.port}/a`)
  // A router for each of the two, and both count: an app that is called like one of them is another one.
  expect(await router.serves('https-hello', null)).toBe(true)
  const namesake = table('https-hello', hello.routes[0]?.servers ?? [])
  await router.write(namesake)
  await until(() => router.serves('https-hello', namesake))
  expect(await router.serves('hello', hello)).toBe(true)
  await router.remove('hello')
  await until(() => router.serves('hello', null))
  expect((await get(secure.port, 'hello.test')).status).toBe(404)
  expect(await router.serves('https-hello', namesake)).toBe(true)
})

test('TLS older than 1.2 is refused', { timeout: 30_000 }, async (context) => {
  openssl(context)
  const { secure } = await start(context, { files: [certificateFiles('hello.test')] })
  const spoken = (version: SecureVersion) =>
    new Promise((resolve) => {
      // OpenSSL itself offers the old ones only at its lowest level of security.
      const versions = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }
      const { host, port } = secure
      const socket = connect({ host, port, servername: 'hello.test', rejectUnauthorized: false, ...versions }, () => {
        resolve(socket.getProtocol())
        socket.destroy()
      })
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    })
  expect(await spoken('TLSv1.3')).toBe('TLSv1.3')
  expect(await spoken('TLSv1.2')).toBe('TLSv1.2')
  expect(await spoken('TLSv1.1')).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
})

test('plain HTTP is sent on, and browsers are told to stay', { timeout: 30_000 }, async (context) => {
  openssl(context)
  const hsts = { maxAgeSeconds: 31_536_000, includeSubdomains: true, preload: false }
  const { listen, secure } = await start(context, { files: [certificateFiles('hello.test')], redirect: true, hsts })
  const sent = await send(listen, 'hello.test', '/a?b=c')
  expect(sent.status).toBe(301)
  expect(sent.headers.location).toBe(`https://hello.test:${secure.port}/a?b=c`)
  expect(sent.headers['strict-transport-security']).toBeUndefined()
  expect((await send(listen, 'hello.test', '/', { method: 'POST' })).status).toBe(308)
  const secured = await get(secure.port, 'hello.test')
  expect(secured.headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains')
})

test('changed certificate files are taken up without a restart; half a change is not', { timeout: 30_000 }, async (context) => {
  openssl(context)
  const file = certificateFiles('hello.test')
  const { router, again, secure, pid, state } = await start(context, { files: [file] })
  const first = pid()
  const before = (await certificateOf(secure.port, 'hello.test')).fingerprint256
  const next = certificateFiles('hello.test')
  renameSync(next.certificate, file.certificate)
  await expect(router.ensure()).rejects.toThrow(/cert\.pem .*cannot be used: the key is another one’s/)
  // It keeps nobody from starting.
  expect(await again().ensure()).toBe(false)
  expect((await certificateOf(secure.port, 'hello.test')).fingerprint256).toBe(before)
  renameSync(next.key, file.key)
  expect(await router.ensure()).toBe(false)
  await until(async () => (await certificateOf(secure.port, 'hello.test')).fingerprint256 !== before)
  expect(pid()).toBe(first)
  // Two changes later nothing of the first is left.
  const { certificates } = placeOf(state)
  selfSigned(file.certificate, file.key, 'hello.test')
  expect(await router.ensure()).toBe(false)
  expect(readdirSync(certificates)).toHaveLength(4)
  for (const name of readdirSync(certificates)) expect(statSync(join(certificates, name)).mode & 0o777).toBe(0o600)
})

test('certificate files that cannot be used: said which', async (context) => {
  openssl(context)
  const file = certificateFiles('hello.test')
  writeFileSync(file.key, 'garbage')
  await expect(start(context, { files: [file] })).rejects.toMatchObject({
    code: 'RouterUnavailable',
    message: expect.stringContaining(`The certificate ${file.certificate} with the key ${file.key} cannot be used: `),
  })
})

test.for([
  ['http', false],
  ['tls', true],
] as const)('certificates from an authority, challenge: %s', { timeout: 120_000 }, async ([challenge, mail], context) => {
  openssl(context)
  const ports = { http: await freePort(), https: await freePort() }
  const pebble = await startPebble(context, ports)
  closing.push(() => pebble.stop())
  const acme = { challenge, directory: pebble.directory, ca: pebble.ca, ...(mail && { email: 'ops@example.com' }) }
  const listen = { host: '127.0.0.1', port: ports.http }
  const { router, secure, state, again } = await start(
    context,
    // The challenge over HTTP must get through where everything else is redirected.
    { listen: { host: '127.0.0.1', port: ports.https }, acme, redirect: challenge === 'http' },
    { listen },
  )
  const ca = await pebble.root()
  const secured = () => get(secure.port, 'hello.test', { ca, rejectUnauthorized: true })
  const isSecured = () =>
    secured().then(
      ({ status }) => status === 200,
      () => false,
    )
  const began = performance.now()
  // It makes keys for that, and asks again after five seconds.
  while (!(await isSecured()) && performance.now() - began < 60_000) await new Promise((resolve) => setTimeout(resolve, 50))
  console.log(`challenge ${challenge}: a certificate after ${Math.round(performance.now() - began)} ms`)
  const shown = await certificateOf(secure.port, 'hello.test')
  expect(shown.subjectaltname).toBe('DNS:hello.test')
  // Kept, for us alone, and used again.
  expect(statSync(placeOf(state).acme).mode & 0o777).toBe(0o600)
  await router.stop()
  expect(await again().ensure()).toBe(true)
  await until(isSecured)
  expect((await certificateOf(secure.port, 'hello.test')).fingerprint256).toBe(shown.fingerprint256)
})
