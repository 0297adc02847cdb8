import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { checkCertificates } from '../../../src/cli/doctor/certificates.ts'
import { parsePlatform } from '../../../src/config/platform.ts'
import { need } from '../../support/need.ts'

let dir: string
const missing = spawnSync('openssl', ['version']).error ? 'no openssl on this machine' : null
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'trimtab-certificates-'))
  if (missing !== null) return
  make('good', '90', 'DNS:*.apps.example.com')
  make('soon', '5', 'DNS:*.apps.example.com')
  make('other', '90', 'DNS:www.example.com')
  // x509, unlike req, makes certificates that end as they begin.
  openssl('req', '-new', '-key', 'good.key', '-subj', '/CN=x', '-out', 'x.csr')
  openssl('x509', '-req', '-in', 'x.csr', '-signkey', 'good.key', '-days', '0', '-out', 'expired.pem')
})
afterAll(() => rmSync(dir, { recursive: true }))
beforeEach((context) => need(context, 'openssl', missing))

function make(name: string, days: string, names: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`]
  openssl('req', '-x509', ...key, '-out', `${name}.pem`, '-days', days, '-subj', '/CN=x', '-addext', `subjectAltName=${names}`)
}

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { cwd: dir, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}

const checks = (https: string, more = 'domain: apps.example.com') =>
  checkCertificates(
    parsePlatform(`router: {kind: traefik, https: {listen: ":443", ${https}}}\n${more}\napps: []`, {
      file: join(dir, 'platform.yaml'),
      env: {},
    }),
  )

it('is content with a certificate that is valid, with its key, and for the domain', async () => {
  expect(await checks('files: [{certificate: good.pem, key: good.key}]')).toEqual([
    { name: 'certificate', level: 'ok', message: expect.stringMatching(/good\.pem, valid until \d{4}-\d\d-\d\d$/) },
  ])
})

it.each([
  ['expired.pem', 'good.key', 'fail', 'has expired on'],
  ['soon.pem', 'soon.key', 'warn', 'valid until'],
  ['good.pem', 'other.key', 'fail', 'is not the key of'],
  ['none.pem', 'good.key', 'fail', 'none.pem: cannot be read (ENOENT)'],
  ['good.pem', 'none.key', 'fail', 'none.key: cannot be read (ENOENT)'],
  ['good.key', 'good.key', 'fail', 'is no certificate in PEM'],
  ['good.pem', 'good.pem', 'fail', 'is no private key in PEM'],
])('%s with %s: %s', async (certificate, key, level, message) => {
  expect(await checks(`files: [{certificate: ${certificate}, key: ${key}}]`)).toEqual([
    { name: 'certificate', level, message: expect.stringContaining(message), remedy: expect.any(String) },
  ])
})

it('warns of certificates that are for none of the default hosts, unless an authority is asked for those', async () => {
  const files = 'files: [{certificate: other.pem, key: other.key}]'
  expect(await checks(files)).toMatchObject([
    { level: 'ok' },
    { name: 'certificate', level: 'warn', message: expect.stringContaining('none is for *.apps.example.com') },
  ])
  expect((await checks(`${files}, acme: true`)).map(({ name, level }) => [name, level])).toEqual([
    ['certificate', 'ok'],
    ['acme', 'ok'],
  ])
})

it('knows what an authority can do', async () => {
  expect(await checks('acme: true', 'domain: apps.localhost')).toMatchObject([
    { name: 'acme', level: 'warn', message: "Let's Encrypt gives no certificates for *.apps.localhost" },
  ])
  expect(await checks('acme: {directory: "https://ca.internal/dir", ca: good.pem}', 'domain: apps.localhost')).toMatchObject([
    { name: 'router.https.acme.ca', level: 'ok' },
    { name: 'acme', level: 'ok', message: 'https://ca.internal/dir asks for apps on port 80: it has to be open to it' },
  ])
  expect(await checks('acme: {directory: "https://ca.internal/dir", ca: none.pem}')).toMatchObject([
    { name: 'router.https.acme.ca', level: 'fail' },
    { name: 'acme', level: 'ok' },
  ])
  const ports =
    'router: {kind: traefik, listen: ":8080", https: {listen: ":8443", acme: {challenge: CHALLENGE}}}\ndomain: x.org\napps: []'
  for (const [challenge, have] of [
    ['http', 'asks on port 80, and the router listens on 8080'],
    ['tls', 'asks on port 443, and the router listens on 8443'],
  ] as const) {
    const spec = parsePlatform(ports.replace('CHALLENGE', challenge), { file: join(dir, 'platform.yaml'), env: {} })
    expect(await checkCertificates(spec)).toMatchObject([{ name: 'acme', level: 'warn', message: expect.stringContaining(have) }])
  }
})

it('looks at builds.ca', async () => {
  writeFileSync(join(dir, 'text'), 'no certificate')
  const spec = (ca: string) => parsePlatform(`builds: {ca: ${ca}}\napps: []`, { file: join(dir, 'platform.yaml'), env: {} })
  expect(await checkCertificates(spec('good.pem'))).toMatchObject([{ name: 'builds.ca', level: 'ok' }])
  expect(await checkCertificates(spec('text'))).toMatchObject([
    { name: 'builds.ca', level: 'fail', message: expect.stringContaining('holds no certificate in PEM') },
  ])
})
