/**
 * A certificate authority of the tests' own: pebble, Let's Encrypt's small ACME server, and a name server that says 127.0.0.1 for
 * every name.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { isRequired } from './need.ts'
import { Programs } from './programs.ts'
import { freePort, until } from './router.ts'

/** A minute to build. */
const pebble = new Programs('pebble', ['github.com/letsencrypt/pebble/v2/cmd/pebble'])

export interface Authority {
  /** Address of its ACME directory. */
  directory: string
  /** Path of the CA certificate that its own address is vouched for by. */
  ca: string
  /** The certificate (PEM) that what it issues is vouched for by. */
  root(): Promise<string>
  stop(): Promise<void>
}

/** `ports`: where it finds the hosts that it is to vouch for. */
export async function startPebble(
  context: Pick<TestContext, 'skip'>,
  ports: { http: number; https: number },
): Promise<Authority> {
  if (isRequired('pebble')) await pebble.make()
  const program = join(pebble.folder(context), 'pebble')
  const dir = mkdtempSync(join(tmpdir(), 'trimtab-pebble-'))
  const [listen, management] = [await freePort(), await freePort()]
  const [certificate, privateKey] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
  selfSigned(certificate, privateKey, 'localhost')
  const [listenAddress, managementListenAddress] = [`127.0.0.1:${listen}`, `127.0.0.1:${management}`]
  const addresses = { listenAddress, managementListenAddress, certificate, privateKey }
  const config = { pebble: { ...addresses, httpPort: ports.http, tlsPort: ports.https } }
  writeFileSync(join(dir, 'pebble.json'), JSON.stringify(config))
  const names = await nameServer()
  const child = run(program, ['-config', join(dir, 'pebble.json'), '-dnsserver', `127.0.0.1:${names.port}`])
  const get = (port: number, path: string) => getSecure(`https://localhost:${port}${path}`, readFileSync(certificate, 'utf8'))
  const authority: Authority = {
    directory: `https://localhost:${listen}/dir`,
    ca: certificate,
    root: () => get(management, '/roots/0'),
    async stop() {
      child.kill('SIGKILL')
      await until(() => child.signalCode !== null || child.exitCode !== null)
      names.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
  try {
    await until(() => get(listen, '/dir').then(Boolean, () => false), 'pebble to answer')
  } catch (error) {
    await authority.stop()
    throw error
  }
  return authority
}

/** A certificate for these names that vouches for itself. */
export function selfSigned(certificate: string, key: string, ...names: string[]): void {
  const alternatives = names.map((name) => `DNS:${name}`).join(',')
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const subject = ['-subj', `/CN=${names[0]}`, '-addext', `subjectAltName=${alternatives}`]
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
}

function run(program: string, args: string[]): ChildProcess {
  return spawn(program, args, { stdio: 'ignore', env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0' } })
}

function getSecure(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part) => (text += part))
      response.on('end', () => resolve(text))
    })
    asked.on('error', reject)
    asked.end()
  })
}

/** Every name has the IPv4 address 127.0.0.1, and nothing else. Over TCP, as pebble asks. https://www.rfc-editor.org/rfc/rfc1035#section-4 */
async function nameServer(): Promise<{ port: number; close(): void }> {
  const server = createServer((socket) => {
    let held = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (data) => {
      held = Buffer.concat([held, data])
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE()) {
        const end = 2 + held.readUInt16BE()
        socket.write(framed(answerTo(held.subarray(2, end))))
        held = held.subarray(end)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}

function answerTo(query: Buffer): Buffer {
  const end = query.indexOf(0, 12) + 5 // of the question: a name, its type, its class
  const isAddress = query.readUInt16BE(end - 4) === 1
  const head = Buffer.alloc(12)
  query.copy(head, 0, 0, 2)
  head.writeUInt16BE(0x8400 | (query.readUInt16BE(2) & 0x0100), 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(isAddress ? 1 : 0, 6)
  const answer = Buffer.from(isAddress ? [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1] : [])
  return Buffer.concat([head, query.subarray(12, end), answer])
}

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}
