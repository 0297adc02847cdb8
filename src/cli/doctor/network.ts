/** Ports and names. */
import { lookup } from 'node:dns/promises'
import { createServer } from 'node:net'
import type { Listen } from '../../domain.ts'
import { readText } from '../../http/request.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** `key` is the one in platform.yaml. `running`: `up` has this state, so a port in use is in use by it. */
export async function checkPort(key: string, listen: Listen, running: boolean): Promise<Check> {
  const where = `${listen.host}:${listen.port}`
  const code = await tryListen(listen)
  if (code === null) return ok(key, `${where} is free`)
  if (code === 'EADDRINUSE' && running) return ok(key, `${where}, in use by trimtab`)
  if (code === 'EADDRINUSE' && (await isOurRouter(listen))) {
    return ok(key, `${where}, in use by trimtab's router (it goes on when \`up\` ends)`)
  }
  if (code === 'EADDRINUSE') {
    return fail(key, `${where} is in use by another program`, `End it, or set another ${key} in platform.yaml`)
  }
  if (code === 'EACCES')
    return fail(
      key,
      `${where}: ports below 1024 need a right`,
      `Set another ${key}, or sysctl net.ipv4.ip_unprivileged_port_start=80`,
    )
  return fail(key, `${where}: ${code}`, `Set ${key} in platform.yaml to an address of this machine`)
}

/** The error's code; null: one could listen. */
async function tryListen({ host, port }: Listen): Promise<string | null> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)))
  })
}

/** Its page for a host nobody serves is known. */
async function isOurRouter({ host, port }: Listen): Promise<boolean> {
  const { request } = await import('node:http')
  const text = await new Promise<string>((resolve) => {
    const asked = request({ host, port, path: '/', headers: { host: 'trimtab-doctor.invalid' }, agent: false, timeout: 2000 })
    asked.on('response', (response) => resolve(readText(response).catch(() => '')))
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(''))
    asked.end()
  })
  return text.startsWith('404 Not found: No app is served at this address.')
}

/** Every name under the domain has to lead here. */
export async function checkDns(domain: string): Promise<Check> {
  const name = `trimtab-doctor.${domain}`
  // RFC 6761, 6.3: browsers and curl take these for loopback without asking anybody.
  if (domain === 'localhost' || domain.endsWith('.localhost'))
    return ok('dns', `*.${domain}: browsers and curl lead it to this machine`)
  try {
    const { address } = await lookup(name)
    return ok('dns', `*.${domain} leads to ${address}`)
  } catch (error) {
    const remedy = `Make a DNS record *.${domain} with this machine's address; app host names need it`
    return warn('dns', `${name} is not found (${(error as NodeJS.ErrnoException).code})`, remedy)
  }
}
